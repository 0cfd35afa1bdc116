from __future__ import annotations

import ctypes
import struct
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtrans.artifact import Field, FieldKind
from dtrans.errors import DtransError
from dtrans.run.output.printf import compile_format, escape_text
from tests.run.made import Symbols, make_names

_LIBC = ctypes.CDLL(None)
_CODES = {("int", 1): "b", ("int", 2): "h", ("int", 4): "i", ("int", 8): "q"} | {
    ("uint", 1): "B", ("uint", 2): "H", ("uint", 4): "I", ("uint", 8): "Q"
}  # fmt: skip


def shown(format_text: str, *values: Any, kinds: str = "", strings: tuple[str, ...] = ()) -> str:
    """The text of a format; each value is (kind, size, what struct packs), or an int, or bytes in 64 of them."""
    fields: list[Field] = []
    kind: FieldKind
    data = b"\xaa" * 8
    for value in values:
        match value:
            case int():
                kind, raw = "int", struct.pack("<q", value)
            case bytes():
                kind, raw = "str", value.ljust(64, b"\0")
            case (kind, int() as size, bytes() as raw):
                assert len(raw) == size
            case (kind, int() as size, number):
                raw = struct.pack("<" + _CODES.get((kind, size), "Q" if size == 8 else "I"), number)
        fields.append(Field(kind, len(data), len(raw)))
        data += raw
    made = compile_format(format_text, fields, make_names(strings))
    text = made.reader()(memoryview(b"!!!" + data), 3)
    # Many at a time are the same text.
    if (text_of_all := made.many(len(data) + 5)) is not None:
        assert text_of_all(memoryview((data + b"\xaa" * 5) * 3)) == text * 3
    return text.decode("utf-8", "surrogateescape")


def c_printf(format_text: str, *arguments: Any) -> str:
    """The same by the C library."""
    buffer = ctypes.create_string_buffer(4096)
    _LIBC.snprintf(buffer, len(buffer), format_text.encode(), *arguments)
    return buffer.value.decode("utf-8", "surrogateescape")


def c_flags(written: str) -> str:
    """What dtrace hands to C: of "0" and "-" the one that was written last."""
    loser = "0" if written.rfind("-") > written.rfind("0") else "-"
    return written.replace(loser, "") if "-" in written and "0" in written else written


flags = st.text("-0+ ", max_size=3)
widths = st.sampled_from(["", "1", "5", "12", "20"])
precisions = st.sampled_from(["", ".1", ".3", ".11"])


@given(
    flags=st.text("-0+ #", max_size=4),
    width=widths,
    precision=precisions,
    letter=st.sampled_from("diouxX"),
    signed=st.booleans(),
    size=st.sampled_from([1, 2, 4, 8]),
    number=st.integers(0, 2**64 - 1),
)
def test_integers_print_as_in_c(
    flags: str, width: str, precision: str, letter: str, signed: bool, size: int, number: int
) -> None:
    bits = number % (1 << size * 8)
    as_signed = bits - (1 << size * 8) if bits >> (size * 8 - 1) else bits
    value = as_signed if signed else bits
    kind = "int" if signed else "uint"
    # dtrace turns %d, and not %i, of an unsigned value into %u, and shows %u %o %x of a signed one by its size.
    c_letter = "u" if letter == "d" and not signed else letter
    c_value = as_signed if c_letter in "di" else bits
    expected = c_printf(f"%{c_flags(flags)}{width}{precision}ll{c_letter}", ctypes.c_longlong(c_value))
    assert shown(f"%{flags}{width}{precision}{letter}", (kind, size, value)) == expected


@given(
    width=st.integers(-20, 20),
    precision=st.integers(1, 12),
    flags=flags,
    letter=st.sampled_from("dx"),
    number=st.integers(-(2**63), 2**63 - 1),
)
def test_widths_and_precisions_come_from_arguments(
    width: int, precision: int, flags: str, letter: str, number: int
) -> None:
    expected = c_printf(f"%{c_flags(flags)}*ll{letter}", ctypes.c_int(width), ctypes.c_longlong(number))
    assert shown(f"%{flags}*{letter}", width, number) == expected
    sizes = ctypes.c_int(width), ctypes.c_int(precision)
    expected = c_printf(f"%{c_flags(flags)}*.*ll{letter}", *sizes, ctypes.c_longlong(number))
    assert shown(f"%{flags}*.*{letter}", width, precision, number) == expected


texts = st.binary(max_size=40).map(lambda data: data.replace(b"\0", b"."))


@given(flags=st.text("-", max_size=1), width=widths, precision=precisions, text=texts)
def test_strings_are_padded_and_cut_by_bytes_as_in_c(flags: str, width: str, precision: str, text: bytes) -> None:
    expected = c_printf(f"%{flags}{width}{precision}s", ctypes.c_char_p(text))
    assert shown(f"%{flags}{width}{precision}s", text) == expected


@given(width=st.integers(-20, 20), precision=st.integers(1, 12), text=texts)
def test_strings_take_dynamic_sizes(width: int, precision: int, text: bytes) -> None:
    sizes = ctypes.c_int(width), ctypes.c_int(precision)
    assert shown("%*.*s", width, precision, text) == c_printf("%*.*s", *sizes, ctypes.c_char_p(text))
    assert shown("%*s", width, text) == c_printf("%*s", sizes[0], ctypes.c_char_p(text))


@given(flags=st.text("-", max_size=1), width=widths, code=st.integers(1, 255))
def test_characters_print_as_in_c(flags: str, width: str, code: int) -> None:
    assert shown(f"%{flags}{width}c", ("uint", 4, code)) == c_printf(f"%{flags}{width}c", ctypes.c_int(code))


def test_a_precision_of_zero_or_less_is_none() -> None:
    # libdtrace leaves it out of the format that it hands to printf().
    assert shown("[%.0s]", b"word") == "[word]"
    assert shown("[%.*s]", -3, b"word") == "[word]"
    assert shown("[%.0d]", 0) == "[0]"


def test_flags_that_mean_nothing_are_ignored() -> None:
    assert shown("[%05s]", b"ab") == "[   ab]"
    assert shown("[%+s]", b"ab") == "[ab]"
    assert shown("[%'d]", 1234567) == "[1234567]"
    assert shown("[%+u]", 5) == "[5]"


def test_numbers_keep_the_sign_of_their_type() -> None:
    assert shown("%d", ("uint", 8, 2**64 - 1)) == "18446744073709551615"
    assert shown("%d", ("int", 4, -1)) == "-1"
    assert shown("%x %x", ("int", 1, -1), ("int", 4, -1)) == "ff ffffffff"
    assert shown("%u", ("int", 2, -1)) == "65535"
    assert shown("%hd", ("uint", 2, 65535)) == "-1"
    assert shown("%lu", ("int", 8, -1)) == "18446744073709551615"


def test_pointers_have_no_prefix_and_a_width_by_question_mark() -> None:
    assert shown("%p|%?p|%0?x", 0xBEEF, 0xBEEF, 0xBEEF) == "beef|            beef|000000000000beef"


def test_a_monstrous_width_from_traced_data_is_held_back() -> None:
    assert len(shown("%*d", 2**31 - 1, 1)) == 1 << 16


def test_percent_signs_and_braces_of_the_text_stay() -> None:
    assert shown("100%% {} %s %%d\n", b"%s") == "100% {} %s %d\n"
    assert shown("no values\n") == "no values\n"


def test_text_of_a_format_that_is_not_ascii_stays_utf8() -> None:
    assert shown("µs %d → %s", 5, "naïve".encode()) == "µs 5 → naïve"


def test_bytes_that_are_not_utf8_reach_the_output_unchanged() -> None:
    assert shown("%s", b"\xff\xfe\x80").encode("utf-8", "surrogateescape") == b"\xff\xfe\x80"


def test_a_string_ends_at_its_nul_or_at_its_size() -> None:
    assert shown("%s|", ("str", 8, b"ab\0cd\0\0\0")) == "ab|"
    assert shown("%s|", ("bytes", 4, b"abcd")) == "abcd|"


def test_escaped_strings_show_their_nul() -> None:
    # As in dtruss: write(0x1, "hello\n\0", 0x6)
    assert shown('"%S"', b'a\n"\\\t\x01\xc3\xa9 z') == '"a\\n\\"\\\\\\t\\001\\303\\251 z\\0"'
    assert shown("%S", ("bytes", 4, b"abcd")) == "abcd"
    assert shown("%S", ("literal", 4, 0), strings=("a\tb",)) == "a\\tb\\0"
    assert shown("%C%C%C", ("int", 1, 10), ("int", 4, 65), ("int", 1, 0)) == "\\nA\\0"


@given(st.binary(max_size=30))
def test_escaping_is_undone_by_c_rules(data: bytes) -> None:
    text = escape_text(data.replace(b"\0", b"") + b"\0")
    undone = text.decode("latin-1").encode("ascii").decode("unicode_escape").encode("latin-1")
    assert undone == data.replace(b"\0", b"") + b"\0"


def test_literals_and_probe_names_are_strings() -> None:
    assert shown(
        "%s %-8s|%4.2s", ("literal", 4, 1), ("probefunc", 4, 7), ("probename", 4, 7), strings=("x", "tcp")
    ) == ("tcp openat  |  en")
    assert shown("%s:%s", ("probeprov", 4, 8), ("probemod", 4, 8)) == "syscall:vmlinux"


def test_addresses_print_by_name() -> None:
    assert shown("%a %a", ("kaddr", 8, 0x1010), 0x1000) == "vmlinux`vfs_read+0x10 vmlinux`vfs_read"
    assert shown("%a", ("func", 8, 0x1010)) == "vmlinux`vfs_read+0x10"
    assert shown("%a", ("mod", 8, 0x2010)) == "ext4"
    assert shown("%-8a|", 5) == "0x5     |"
    user = struct.pack("<IIQ", 42, 0, 0x4004)
    assert shown("%A %A %A", ("uaddr", 16, user), ("usym", 16, user), 0x4008) == "sh`main+0x4 sh`main+0x4 sh`main+0x8"
    assert shown("%A", ("umod", 16, user)) == "sh"


def test_stacks_are_lines_indented_by_a_left_width() -> None:
    kernel = struct.pack("<4Q", 0x1004, 0x2000, 0, 0x999)
    assert shown("%k", ("stack", 32, kernel)) == "\nvmlinux`vfs_read+0x4\next4`ext4_sync\n"
    assert shown("%-4k", ("stack", 32, kernel)) == "\n    vmlinux`vfs_read+0x4\n    ext4`ext4_sync\n"
    assert shown("%24k", ("stack", 32, kernel)) == f"\n{'vmlinux`vfs_read+0x4':>24}\n{'ext4`ext4_sync':>24}\n"
    user = struct.pack("<II2Q", 42, 42, 0x7001, 0)
    assert shown("%*k", -2, ("ustack", 24, user)) == "\n  libc.so.6`read+0x1\n"


@pytest.fixture
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_utc")
def test_times_print_as_calendar_and_as_mail_date() -> None:
    moment = 1185965408 * 10**9 + 999_999_999
    assert shown("%Y", ("uint", 8, moment)) == "2007 Aug  1 10:50:08"
    assert shown("[%-22Y]", ("int", 8, moment)) == "[2007 Aug  1 10:50:08  ]"
    assert shown("%y", ("uint", 8, moment)) == "2007 Aug  1 10:50:08"
    assert shown("%T", ("uint", 8, moment)) == "Wed, 01 Aug 2007 10:50:08 UTC"


@pytest.mark.usefixtures("in_utc")
def test_times_before_the_epoch_are_counted_backwards() -> None:
    assert shown("%Y", ("int", 8, 0)) == shown("%Y", ("int", 8, -999_999_999)) == "1970 Jan  1 00:00:00"
    assert shown("%Y", ("uint", 8, 2**64 - 1_500_000_000)) == "1969 Dec 31 23:59:59"
    assert shown("%T", ("int", 8, -(2**63))) == "Tue, 21 Sep 1677 00:12:44 UTC"
    assert shown("%Y", ("int", 8, 2**63 - 1)) == "2262 Apr 11 23:47:16"
    assert shown("%#.1Y", ("int", 8, -1_500_000_000)) == "1969 Dec 31 23:59:58.5"


def test_wide_characters_print_as_utf8() -> None:
    assert shown("%wc", ("uint", 4, 0x20AC)) == "€"
    assert shown("%ws|", ("bytes", 16, "a€\0z".encode("utf-32-le"))) == "a€|"


def test_ports_print_their_number_when_no_service_has_them() -> None:
    assert shown("%P %P", ("uint", 2, 60999), ("uint", 2, 64999)) == "60999 64999"


def test_arguments_may_share_and_reverse_their_places() -> None:
    first, second = Field("uint", 8, 4), Field("uint", 12, 4)
    data = bytes(8) + struct.pack("<II", 1, 2)
    names = make_names()
    assert compile_format("%d %d", (second, first), names).reader()(data, 0) == b"2 1"
    assert compile_format("%d %x %d", (first, first, second), names).reader()(data, 0) == b"1 1 2"


@pytest.mark.parametrize(
    ("text", "values", "tag"),
    [("%d %d", (1,), "D_PRINTF_ARG_PROTO"), ("%s", (1,), "D_PRINTF_ARG_TYPE"), ("%d", (b"x",), "D_PRINTF_ARG_TYPE")],
)
def test_a_format_that_does_not_fit_its_fields_is_refused(text: str, values: tuple[Any, ...], tag: str) -> None:
    with pytest.raises(DtransError) as caught:
        shown(text, *values)
    assert caught.value.diagnostic.tag == tag


def test_the_resolver_of_the_tests_tells_offsets() -> None:
    assert Symbols().kernel(0x1001) == "vmlinux`vfs_read+0x1"
