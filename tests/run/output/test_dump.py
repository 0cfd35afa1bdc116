from __future__ import annotations

import struct

from dtrans.artifact import Shape
from dtrans.run.output.dump import ShapePrinter, bytes_text, hex_dump
from tests.run.made import Symbols

RULER = "             0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f  0123456789abcdef\n"
INT = Shape("int", "int", 4)
LONG = Shape("long", "int", 8)
CHAR = Shape("char", "char", 1)
PRINTER = ShapePrinter(Symbols().kernel)


def test_a_dump_has_a_ruler_and_sixteen_bytes_a_line() -> None:
    assert hex_dump(b"Linux version ").decode() == (
        "\n" + RULER + "         0: 4c 69 6e 75 78 20 76 65 72 73 69 6f 6e 20        Linux version \n"
    )
    lines = hex_dump(bytes(range(0x78, 0x78 + 18))).decode().splitlines()
    assert lines[2:] == [
        "         0: 78 79 7a 7b 7c 7d 7e 7f 80 81 82 83 84 85 86 87  xyz{|}~.........",
        "        10: 88 89                                            ..",
    ]


def test_no_bytes_are_no_dump() -> None:
    assert hex_dump(b"") == b""


def test_bytes_that_are_text_are_shown_as_text() -> None:
    assert bytes_text(b"abc\n\0\0\0\0", -33, quiet=False, raw=False) == b"  " + b"abc\n".ljust(33)
    assert bytes_text(b"abc\0\0", -33, quiet=True, raw=False) == b"abc"
    assert bytes_text(b"abcd", -33, quiet=True, raw=False) == b"  " + b"abcd".ljust(33)


def test_bytes_that_are_not_text_are_dumped() -> None:
    for data in (b"\0abc", b"ab\0c", b"ab\x01\0", b"\xc3\xa9\0"):
        assert bytes_text(data, -33, quiet=True, raw=False) == hex_dump(data)
    assert bytes_text(b"abc\0", -33, quiet=True, raw=True) == hex_dump(b"abc\0")


def test_a_structure_is_shown_member_by_member_without_a_last_newline() -> None:
    timespec = Shape("timespec_t", "struct", 16, (("tv_sec", 0, 0, LONG), ("tv_nsec", 64, 0, LONG)))
    whole = Shape(
        "pancakes_t",
        "struct",
        48,
        (("i", 0, 0, INT), ("s", 64, 0, Shape("string", "string", 24)), ("t", 256, 0, timespec)),
    )
    data = struct.pack("<i4x24sqq", 0x14, b"I like pancakes", 0, -1)
    assert PRINTER.text(whole, data).decode() == (
        "pancakes_t {\n"
        "    int i = 0x14\n"
        '    string s = [ "I like pancakes" ]\n'
        "    timespec_t t = {\n"
        "        long tv_sec = 0\n"
        "        long tv_nsec = 0xffffffffffffffff\n"
        "    }\n"
        "}"
    )


def test_simple_values_end_their_line() -> None:
    assert PRINTER.text(INT, struct.pack("<i", 0x14)) == b"int 0x14\n"
    assert PRINTER.text(Shape("string", "string", 8), b"foo\0\0\0\0\0") == b'string "foo"\n'
    assert PRINTER.text(CHAR, b"A") == b"char 'A'\n"
    assert PRINTER.text(CHAR, b"\0") == b"char '\\0'\n"
    assert PRINTER.text(CHAR, b"\n") == b"char '\\012'\n"
    assert PRINTER.text(Shape("void *", "pointer", 8), struct.pack("<Q", 0xBEEF)) == b"void * 0xbeef\n"


def test_enumerators_are_named_and_other_values_numbered() -> None:
    state = Shape("enum state", "enum", 4, enumerators=(("RUN", 0), ("STOP", -1)))
    assert PRINTER.text(state, struct.pack("<i", -1)) == b"enum state STOP\n"
    assert PRINTER.text(state, struct.pack("<i", 7)) == b"enum state 7\n"


def test_pointers_stick_to_their_names_and_bit_fields_tell_their_width() -> None:
    shape = Shape(
        "struct s",
        "struct",
        16,
        (
            ("p", 0, 0, Shape("void *", "pointer", 8)),
            ("low", 64, 3, Shape("unsigned int", "uint", 4)),
            ("high", 67, 7, Shape("unsigned int", "uint", 4)),
        ),
    )
    data = struct.pack("<QI4x", 1, 0b1010101_101)
    assert PRINTER.text(shape, data).decode() == (
        "struct s {\n    void *p = 0x1\n    unsigned int low :3 = 0x5\n    unsigned int high :7 = 0x55\n}"
    )


def test_arrays_stand_in_brackets_and_arrays_of_structures_in_lines() -> None:
    numbers = Shape("int [3]", "array", 12, element=INT, length=3)
    assert PRINTER.text(numbers, struct.pack("<3i", 1, 0, 3)) == b"int [3] [ 0x1, 0, 0x3 ]\n"
    text = Shape("char [4]", "array", 4, element=CHAR, length=4)
    assert PRINTER.text(text, b"ab\0\0") == b'char [4] "ab"\n'
    assert PRINTER.text(text, b"ab\x01\0") == b"char [4] [ 'a', 'b', '\\001', '\\0' ]\n"
    pair = Shape("struct p", "struct", 8, (("a", 0, 0, INT), ("n", 32, 0, text)))
    holder = Shape("struct h", "struct", 16, (("ps", 0, 0, Shape("struct p [2]", "array", 16, (), pair, 2)),))
    assert PRINTER.text(holder, struct.pack("<i4si4s", 1, b"x", 2, b"y")).decode() == (
        "struct h {\n"
        "    struct p [2] ps = [ \n"
        "        struct p {\n"
        "            int a = 0x1\n"
        '            char [4] n = [ "x" ]\n'
        "        }, \n"
        "        struct p {\n"
        "            int a = 0x2\n"
        '            char [4] n = [ "y" ]\n'
        "        }\n"
        "    ]\n"
        "}"
    )


def test_pointers_to_functions_are_shown_by_name_and_unnamed_members_without_one() -> None:
    call = Shape("int (*)()", "function", 8)
    union = Shape("union ", "struct", 8, (("call", 0, 0, call), ("word", 0, 0, LONG)))
    whole = Shape("struct ops", "struct", 24, (("read", 0, 0, call), ("none", 64, 0, call), ("", 128, 0, union)))
    assert PRINTER.text(whole, struct.pack("<QQQ", 0x1004, 0, 0x99)).decode() == (
        "struct ops {\n"
        "    int (*)() read = vmlinux`vfs_read\n"
        "    int (*)() none = 0\n"
        "    union  {\n"
        "        int (*)() call = 0x99\n"
        "        long word = 0x99\n"
        "    }\n"
        "}"
    )
    assert PRINTER.text(union, bytes(8)).decode().startswith("union {\n")
