from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

from dtrans.artifact import (
    Action,
    Aggregation,
    Clear,
    DefaultAction,
    Denormalize,
    Exit,
    Field,
    Freopen,
    Halt,
    Normalize,
    Printa,
    Printf,
    PrintStack,
    PrintValue,
    SetOption,
    Shape,
    System,
    Trace,
    Tracemem,
    Trunc,
    Truncate,
)
from dtrans.run.output.records import RecordTail
from tests.run.made import HEADER, Screen, make_artifact, make_fault, make_record

QUIET = {"quiet": "1"}
NUMBER = Field("int", HEADER, 8)
NAME = Field("str", HEADER + 8, 16)
RULER = "             0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f  0123456789abcdef\n"


def payload(number: int = 0, name: bytes = b"") -> bytes:
    return struct.pack("<q16s", number, name)


@pytest.fixture
def screen(tmp_path: Path) -> Any:
    """A function that makes a screen for the actions of each site."""

    made = []

    def make(*actions: list[Action], options: dict[str, str] | None = None, **parts: Any) -> Screen:
        made.append(Screen(make_artifact(actions, **parts), tmp_path / "stdout", options))
        return made[-1]

    yield make
    for each in made:
        each.close()


# --- the default columns ----------------------------------------------------------------------------------


def test_each_record_tells_cpu_probe_and_name_and_ends_its_line(screen: Any) -> None:
    shown = screen([Printf("%d %s", (NUMBER, NAME))]).show(
        make_record(0, payload(42, b"sh"), cpu=3), make_record(0, payload(-1, b"ls"), cpu=11, probe=1)
    )
    assert shown == (
        "CPU     ID                    FUNCTION:NAME\n"
        "  3      7                     openat:entry 42 sh\n"
        " 11      1                           :BEGIN -1 ls\n"
    )


def test_a_newline_in_the_format_adds_to_that_of_the_record(screen: Any) -> None:
    shown = screen([Printf("hi\n", ())]).show(make_record(0))
    assert shown.splitlines()[1:] == ["  0      7                     openat:entry hi", ""]


@pytest.mark.parametrize("options", [{}, QUIET])
def test_a_run_of_records_is_printed_as_one_by_one(screen: Any, options: dict[str, str]) -> None:
    actions = [Printf("%d %s|", (NUMBER, NAME))], [Printf("none", ())], [DefaultAction()]
    one_by_one, in_runs = (screen(*actions, options=options) for _ in "12")
    # The first record has the columns' names before it.
    start = make_record(0, payload(0, b"first"))
    assert one_by_one.show(start) == in_runs.show(start)
    for site in (0, 1):
        records = [make_record(site, payload(number, b"x" * number), cpu=number % 3) for number in range(12)]
        size = len(records[0]) + 16
        run = memoryview(b"".join(record.ljust(size, b"\xaa") for record in records))
        assert in_runs.output.handle_run(run, size)
        assert one_by_one.show(*records) == in_runs.show()
    assert not in_runs.output.handle_run(memoryview(make_record(2)), len(make_record(2)))


def test_quiet_prints_only_what_actions_print(screen: Any) -> None:
    made = screen([Printf("%d %s\n", (NUMBER, NAME))], [DefaultAction()], options=QUIET)
    assert made.show(make_record(0, payload(1, b"a")), make_record(1), make_record(0, payload(2, b"b"))) == "1 a\n2 b\n"


def test_a_clause_without_actions_tells_its_probe(screen: Any) -> None:
    shown = screen([DefaultAction()]).show(make_record(0, probe=11))
    assert shown.splitlines()[1] == "  0     11                         :tick-1s "


def test_several_actions_print_in_order_on_one_line(screen: Any) -> None:
    made = screen([Printf("<%d", (NUMBER,)), Printf("%s>", (NAME,))], [Printf("[", ()), Trace(NUMBER), Printf("]", ())])
    lines = made.show(make_record(0, payload(5, b"x")), make_record(1, payload(7))).splitlines()
    assert lines[1].endswith("openat:entry <5x>")
    assert lines[2].endswith(f"openat:entry [ {7:16d}]")


def test_actions_of_branches_not_taken_are_left_out(screen: Any) -> None:
    flag = HEADER + 24
    made = screen([Printf("%d", (NUMBER,), flag), Printf("%s", (NAME,), flag + 1), Printf(".", ())], options=QUIET)
    for first, second, shown in ((1, 0, "5."), (0, 1, "5.x."), (0, 0, "5.x..")):
        assert made.show(make_record(0, payload(5, b"x") + bytes([first, second]))) == shown


def test_names_of_probes_and_literals_are_looked_up(screen: Any) -> None:
    made = screen(
        [
            Printf(
                "%s %s:%s", (Field("literal", HEADER, 4), Field("probefunc", HEADER + 4, 4), Field("probename", 4, 4))
            )
        ],
        options=QUIET,
        strings=["zero", "one"],
    )
    assert made.show(make_record(0, struct.pack("<II", 1, 9))) == "one vfs_read:entry"


# --- trace() and its kin ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "size", "data", "shown", "quiet"),
    [
        ("int", 8, struct.pack("<q", -5), " " + "-5".rjust(16), "-5"),
        ("uint", 8, b"\xff" * 8, " 18446744073709551615", "18446744073709551615"),
        ("int", 4, struct.pack("<i", -5), " " + "-5".rjust(8), "-5"),
        ("uint", 4, b"\xff" * 4, " 4294967295", "4294967295"),
        ("int", 2, struct.pack("<h", -5), "    -5", "-5"),
        ("uint", 1, b"\x07", "   7", "7"),
        ("str", 8, b"hello\0\0\0", "  " + "hello".ljust(33), "hello"),
        ("bytes", 8, b"hello\0\0\0", "  " + "hello".ljust(33), "hello"),
        ("bytes", 2, b"\0\1", f"\n{RULER}         0: 00 01{'':43} ..\n", f"\n{RULER}         0: 00 01{'':43} ..\n"),
        ("sym", 8, struct.pack("<Q", 0x1010), "  " + "vmlinux`vfs_read".ljust(50), "  " + "vmlinux`vfs_read".ljust(50)),
        ("mod", 8, struct.pack("<Q", 0x2010), "  " + "ext4".ljust(50), "  " + "ext4".ljust(50)),
        ("usym", 16, struct.pack("<IIQ", 42, 0, 0x4010), "  " + "sh`main".ljust(50), "  " + "sh`main".ljust(50)),
        ("uaddr", 16, struct.pack("<IIQ", 42, 0, 0x4010), f"  {'sh`main+0x10':50}", f"  {'sh`main+0x10':50}"),
        ("umod", 16, struct.pack("<IIQ", 9, 0, 0x10), "  " + "0x10".ljust(50), "  " + "0x10".ljust(50)),
    ],
)  # fmt: skip
def test_traced_values_have_dtraces_columns(
    screen: Any, kind: Any, size: int, data: bytes, shown: str, quiet: str
) -> None:
    made = screen([Trace(Field(kind, HEADER, size))])
    assert made.show(make_record(0, data)).split("openat:entry ", 1)[1] == shown + "\n"
    assert screen([Trace(Field(kind, HEADER, size))], options=QUIET).show(make_record(0, data)) == quiet


def test_rawbytes_dumps_strings_too(screen: Any) -> None:
    raw = {"rawbytes": "1", "quiet": "1"}
    made = screen([Trace(Field("str", HEADER, 4))], options=raw)
    assert made.show(make_record(0, b"ab\0\0")) == f"\n{RULER}         0: 61 62 00 00{'':37} ab..\n"
    made = screen([Trace(Field("literal", HEADER, 4))], options=raw, strings=("ab",))
    assert made.show(make_record(0, struct.pack("<I", 0))) == f"\n{RULER}         0: 61 62 00{'':40} ab.\n"


def test_tracemem_dumps_what_its_length_says(screen: Any) -> None:
    data, length = Field("bytes", HEADER, 4), Field("int", HEADER + 4, 4)
    made = screen([Tracemem(data, length)], options=QUIET)
    full = f"\n{RULER}         0: 61 62 63 64{'':37} abcd\n"
    assert made.show(make_record(0, b"abcd" + struct.pack("<i", 2))) == f"\n{RULER}         0: 61 62{'':43} ab\n"
    for place, length_given in enumerate((0, -1, 5), 1):
        shown = made.show(make_record(0, b"abcd" + struct.pack("<i", length_given)))
        assert shown.endswith(full * place), "what is no length of the memory recorded is all of it"
    assert screen([Tracemem(data)], options=QUIET).show(make_record(0, b"abcd")) == full


def test_stacks_are_indented_lines_below_the_record(screen: Any) -> None:
    data = struct.pack("<3Q", 0x1004, 0x2000, 0)
    made = screen([PrintStack(Field("stack", HEADER, 24))])
    assert made.show(make_record(0, data)).split("openat:entry ", 1)[1] == (
        "\n              vmlinux`vfs_read+0x4\n              ext4`ext4_sync\n\n"
    )
    user = struct.pack("<II2Q", 42, 43, 0x4004, 0x9999)
    made = screen([PrintStack(Field("ustack", HEADER, 24))], options={"quiet": "1", "stackindent": "2"})
    assert made.show(make_record(0, user)) == "\n  sh`main+0x4\n  0x9999\n"


def test_printed_structures_stand_after_the_columns(screen: Any) -> None:
    shape = Shape("struct s", "struct", 4, (("n", 0, 0, Shape("int", "int", 4)),))
    made = screen([PrintValue(Field("bytes", HEADER, 4), shape)])
    assert made.show(make_record(0, struct.pack("<i", 255))).split("openat:entry ", 1)[1] == (
        "struct s {\n    int n = 0xff\n}\n"
    )


# --- flow indentation -------------------------------------------------------------------------------------


def test_flow_indentation_follows_calls_on_each_cpu(screen: Any) -> None:
    made = screen([DefaultAction()], options={"flowindent": "1"})
    shown = made.show(
        make_record(0, probe=1),
        make_record(0, probe=7),
        make_record(0, probe=9, cpu=1),
        make_record(0, probe=9),
        make_record(0, probe=11),
        make_record(0, probe=10),
        make_record(0, probe=8),
    )
    assert shown.splitlines() == [
        "CPU FUNCTION                                 ",
        "  0 | :BEGIN                                  ",
        "  0  => openat                                ",
        "  1  -> vfs_read                              ",
        "  0    -> vfs_read                            ",
        "  0     | :tick-1s                            ",
        "  0    <- vfs_read                            ",
        "  0  <= openat                                ",
    ]


def test_the_first_clause_of_an_entry_and_the_last_of_a_return_have_the_arrow(screen: Any) -> None:
    clauses = [[DefaultAction()]] * 3
    made = screen(*clauses, options={"flowindent": "1", "quiet": "1"})
    calls = [make_record(site, probe=probe) for probe in (9, 10) for site in range(3)]
    # On another CPU a predicate has left out the last clause; the next firing tells.
    others = [make_record(0, probe=10, cpu=1), make_record(1, probe=10, cpu=1), make_record(0, probe=11, cpu=1)]
    shown = made.show(*calls, *others)
    assert shown == f"CPU {'FUNCTION':41}\n" + "".join(
        f"  {cpu} {text:41} "
        for cpu, text in (
            (0, " -> vfs_read"), (0, "  | vfs_read:entry"), (0, "  | vfs_read:entry"),
            (0, "  | vfs_read:return"), (0, "  | vfs_read:return"), (0, " <- vfs_read"),
            (1, "| vfs_read:return"), (1, " <- vfs_read"), (1, "| :tick-1s"),
        )
    )  # fmt: skip


def test_a_return_that_nothing_follows_is_printed_soon_and_at_the_end(screen: Any) -> None:
    made = screen([DefaultAction()], [DefaultAction()], options={"flowindent": "1", "quiet": "1"})
    assert "vfs_read" not in made.show(make_record(0, probe=10))
    made.output.flush()
    assert " <- vfs_read" in made.text()
    made.show(make_record(0, probe=8))
    made.output.finish()
    made.output.flush()
    assert " <= openat" in made.text()


def test_what_other_cpus_write_does_not_overtake_a_return_that_waits(screen: Any) -> None:
    made = screen([DefaultAction()], [DefaultAction()], options={"flowindent": "1"})
    made.show(make_record(0, probe=9), make_record(0, probe=10), make_record(0, probe=11, cpu=1))
    made.show(make_record(0, probe=8, cpu=1), make_record(1, probe=10))
    made.output.finish()
    made.output.flush()
    assert [line.rstrip() for line in made.text().splitlines() if line] == [
        "CPU FUNCTION",
        "  0  -> vfs_read",
        "  0   | vfs_read:return",
        "  1 | :tick-1s",
        "  1  <= openat",
        "  0  <- vfs_read",
    ]


# --- aggregations -----------------------------------------------------------------------------------------

KEYS = (Field("str", 0, 8), Field("int", 8, 4))
COUNT = Aggregation("hits", "count", KEYS, 16, 8)
SUM = Aggregation("bytes", "sum", KEYS, 16, 8)
AVG = Aggregation("mean", "avg", KEYS, 16, 16)
QUANTIZE = Aggregation("times", "quantize", (), 0, 127 * 8)


def key(name: bytes, number: int) -> bytes:
    return struct.pack("<8si4x", name, number)


def test_the_default_form_has_a_newline_and_columns(screen: Any) -> None:
    made = screen([Printa((0,), None)], options=QUIET, aggregations=[COUNT])
    made.maps.add(0, key(b"sh", 3), [5])
    made.maps.add(0, key(b"bash", -1), [2])
    assert made.show(make_record(0)) == (
        "\n"
        "  bash                                                     -1                2\n"
        "  sh                                                        3                5\n"
    )


def test_a_format_takes_keys_in_order_and_the_value_by_at(screen: Any) -> None:
    made = screen([Printa((0,), "%-8s %4d %@8d|%8@u|%@#x\n")], options=QUIET, aggregations=[COUNT])
    made.maps.add(0, key(b"sh", 3), [255])
    assert made.show(make_record(0)) == "sh          3      255|     255|0xff\n"


def test_a_format_without_values_prints_once_a_row(screen: Any) -> None:
    made = screen([Printa((0,), "row\n")], options=QUIET, aggregations=[COUNT])
    made.maps.add(0, key(b"sh", 3), [1])
    made.maps.add(0, key(b"sh", 4), [1])
    assert made.show(make_record(0)) == "row\nrow\n"


def test_negative_sums_print_with_their_sign_or_as_words(screen: Any) -> None:
    made = screen([Printa((0,), "%@d %@x\n")], options=QUIET, aggregations=[SUM])
    made.maps.add(0, key(b"", 0), [2**64 - 5])
    assert made.show(make_record(0)) == "-5 fffffffffffffffb\n"


def test_distributions_ignore_the_conversion(screen: Any) -> None:
    made = screen([Printa((0,), "a%@5d\n")], [Printa((0,), None)], options=QUIET, aggregations=[QUANTIZE])
    words = [0] * 127
    words[64] = 4
    made.maps.add(0, b"", words)
    table = (
        "\n           value  ------------- Distribution ------------- count    \n"
        "               0 |                                         0        \n"
        "               1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@ 4        \n"
        "               2 |                                         0        \n"
    )
    assert made.show(make_record(0)) == f"a{table}\n"
    assert made.show(make_record(1)) == f"a{table}\n\n{table}\n"


def test_joined_aggregations_share_a_row_and_the_last_value_serves_on(screen: Any) -> None:
    made = screen(
        [Printa((0, 1), "%s %@d %@d %@d\n")], [Printa((0, 1), None)], options=QUIET, aggregations=[COUNT, AVG]
    )
    made.maps.add(0, key(b"a", 1), [9])
    made.maps.add(1, key(b"b", 2), [2, 11])
    assert made.show(make_record(0)) == "b 0 5 5\na 9 0 0\n"
    default = made.show(make_record(1)).split("a 9 0 0\n")[1]
    assert default.splitlines()[1] == f"  {'b':50}{2:9d}{0:17d}{5:17d}"


def test_dynamic_widths_of_a_format_come_from_the_keys(screen: Any) -> None:
    aggregation = Aggregation("a", "count", (Field("int", 0, 4), Field("int", 4, 4)), 8, 8)
    made = screen([Printa((0,), "[%*d][%@d]\n")], options=QUIET, aggregations=[aggregation])
    made.maps.add(0, struct.pack("<ii", 5, 42), [1])
    assert made.show(make_record(0)) == "[   42][1]\n"


def test_function_keys_print_without_offsets(screen: Any) -> None:
    keys = (Field("func", 0, 8), Field("stack", 8, 16))
    made = screen([Printa((0,), "%-18a%k%@d\n")], [Printa((0,), None)], options=QUIET, aggregations=[
        Aggregation("a", "count", keys, 24, 8)
    ])  # fmt: skip
    made.maps.add(0, struct.pack("<3Q", 0x1010, 0x2004, 0), [3])
    first = "vmlinux`vfs_read  \next4`ext4_sync+0x4\n3\n"
    assert made.show(make_record(0)) == first
    assert made.show(make_record(1)) == (
        f"{first}\n  {'vmlinux`vfs_read':50}\n              ext4`ext4_sync+0x4\n                3\n"
    )


def test_aggregation_actions_act_in_the_order_of_the_clause(screen: Any) -> None:
    one = Printa((0,), "%s %@d\n")
    factor = Field("int", HEADER, 8)
    made = screen(
        [one, Normalize(0, factor), one, Denormalize(0), one, Clear(0), one, Trunc(0, None), one, Printf("end\n", ())],
        options=QUIET,
        aggregations=[COUNT],
    )
    made.maps.add(0, key(b"sh", 1), [50])
    assert made.show(make_record(0, payload(7))) == "sh 50\nsh 7\nsh 50\nsh 0\nend\n"


def test_trunc_takes_its_count_from_the_record(screen: Any) -> None:
    made = screen([Trunc(0, NUMBER), Printa((0,), "%d ")], options=QUIET, aggregations=[
        Aggregation("a", "count", (Field("int", 0, 4),), 4, 8)
    ])  # fmt: skip
    for number in range(5):
        made.maps.add(0, struct.pack("<i", number), [number + 1])
    assert made.show(make_record(0, payload(-2))) == "0 1 "


def test_normalize_by_zero_is_told_and_left_out(screen: Any) -> None:
    made = screen([Normalize(0, NUMBER), Printa((0,), "%@d\n")], options=QUIET, aggregations=[COUNT])
    made.maps.add(0, key(b"sh", 1), [50])
    assert made.show(make_record(0, payload(0))) == "50\n"
    assert made.errors() == (
        "dtrace: error on enabled probe ID 1 (ID 7: syscall:vmlinux:openat:entry): "
        "normalize() of @hits by 0 is left out\n"
    )


def test_the_end_prints_a_newline_and_what_no_printa_has_shown(screen: Any) -> None:
    made = screen([Printa((0,), "%@d\n")], options=QUIET, aggregations=[COUNT, SUM, AVG])
    made.maps.add(0, key(b"sh", 1), [1])
    made.maps.add(1, key(b"sh", 1), [2])
    made.maps.add(1, key(b"ls", 1), [3])
    assert made.show(make_record(0)) == "1\n"
    made.output.finish()
    assert made.text() == (
        "1\n"
        "\n"
        "  sh                                                        1                2\n"
        "  ls                                                        1                3\n"
    )


def test_a_printa_of_nothing_does_not_count_as_shown(screen: Any) -> None:
    made = screen([Printa((0,), "%@d\n")], options=QUIET, aggregations=[COUNT])
    made.show(make_record(0))
    made.maps.add(0, key(b"sh", 1), [1])
    made.state.new_batch()
    made.output.finish()
    assert "  sh " in made.text()


# --- the rest ---------------------------------------------------------------------------------------------


def test_exit_asks_the_session(screen: Any) -> None:
    made = screen([Exit(Field("int", HEADER, 4))], options=QUIET)
    made.show(make_record(0, struct.pack("<i", 3)))
    assert made.host.status == 3
    assert made.text() == ""


def test_commands_run_in_order_with_what_is_printed(screen: Any) -> None:
    made = screen([Printf("before\n", ()), System("echo %s-%d", (NAME, NUMBER)), Printf("behind\n", ())], options=QUIET)
    assert made.show(make_record(0, payload(7, b"run"))) == "before\nrun-7\nbehind\n"
    assert made.host.commands == [b"echo run-7"]


def test_freopen_sends_output_to_a_file_and_back(screen: Any, tmp_path: Path) -> None:
    log = tmp_path / "log7"
    log.write_text("old\n")
    made = screen(
        [Printf("one\n", ()), Freopen(f"{tmp_path}/log%d", (NUMBER,)), Printf("two\n", ()), System("echo three", ())],
        [Freopen("", ()), Printf("four\n", ())],
        options=QUIET,
    )
    made.show(make_record(0, payload(7)))
    assert made.show(make_record(1)) == "one\nfour\n"
    assert log.read_text() == "old\ntwo\nthree\n"


def test_panic_and_breakpoint_press_the_kernels_keys_after_what_was_printed(screen: Any) -> None:
    made = screen([Printf("before\n", ()), Halt("c")], [Halt("g"), Printf("behind\n", ())], options=QUIET)
    made.output.handle(make_record(0), 0)
    assert made.text() == "before\n"
    where = "(ID 7: syscall:vmlinux:openat:entry)"
    assert made.host.halts == [("c", f"dtrans: panic action at probe {where} on enabled probe ID 1")]
    assert made.show(make_record(1)) == "before\nbehind\n"
    assert made.errors() == (
        f"dtrace: error on enabled probe ID 2 {where}: couldn't breakpoint(): Operation not permitted\n"
    )


def test_ftruncate_empties_the_file_of_standard_output(screen: Any) -> None:
    made = screen([Printf("lost\n", ()), Truncate(), Printf("kept\n", ())], options=QUIET)
    assert made.show(make_record(0)) == "kept\n"


def test_a_file_that_cannot_be_opened_leaves_output_where_it_is(screen: Any) -> None:
    made = screen([Freopen("/nonexistent/file", ()), Printf("here\n", ())], options=QUIET)
    assert made.show(make_record(0)) == "here\n"
    assert made.errors() == (
        "dtrace: error on enabled probe ID 1 (ID 7: syscall:vmlinux:openat:entry): "
        'couldn\'t freopen() "/nonexistent/file": No such file or directory\n'
    )


def test_options_set_by_the_program_hold_from_there_on(screen: Any) -> None:
    made = screen([Printf("a", ()), SetOption("quiet")], [Printf("b", ())], [SetOption("quiet=0")])
    made.show(make_record(0), make_record(1), make_record(2), make_record(1))
    assert made.text().splitlines() == [
        "CPU     ID                    FUNCTION:NAME",
        "  0      7                     openat:entry ab",
        "  0      7                     openat:entry b",
    ]
    assert made.host.changed == ["quiet", "quiet"]


def test_sorting_options_set_by_the_program_turn_the_rows(screen: Any) -> None:
    made = screen([SetOption("aggsortrev"), Printa((0,), "%s\n")], options=QUIET, aggregations=[COUNT])
    made.maps.add(0, key(b"a", 1), [1])
    made.maps.add(0, key(b"b", 1), [2])
    assert made.show(make_record(0)) == "b\na\n"


def test_an_option_that_does_not_exist_is_told(screen: Any) -> None:
    made = screen([SetOption("colour=red")], options=QUIET)
    made.show(make_record(0))
    assert made.errors().startswith(
        "dtrace: error on enabled probe ID 1 (ID 7: syscall:vmlinux:openat:entry): "
        'couldn\'t set option "colour" to "red": '
    )


def test_faults_name_clause_probe_and_action(screen: Any) -> None:
    made = screen([DefaultAction()])
    assert made.show(make_fault(3, 2, 1, 0x10), make_fault(1, 0, 4, 0x10, probe=1), make_fault(1, 1, 99, 0)) == ""
    assert made.errors() == (
        "dtrace: error on enabled probe ID 3 (ID 7: syscall:vmlinux:openat:entry): "
        "invalid address (0x10) in action #2\n"
        "dtrace: error on enabled probe ID 1 (ID 1: dtrace:::BEGIN): divide-by-zero in predicate\n"
        "dtrace: error on enabled probe ID 1 (ID 7: syscall:vmlinux:openat:entry): unknown fault in action #1\n"
    )


def test_drops_are_told_in_dtraces_words(screen: Any) -> None:
    made = screen()
    made.output.drops("principal", 12, 0)
    made.output.drops("aggregation", 1, 1)
    made.output.drops("dynamic", 5)
    made.output.drops("nesting", 2)
    made.output.drops("return", 1)
    made.output.drops("error", 3)
    made.output.drops("speculative", 2)
    made.output.drops("unavailable", 1)
    made.output.drops("principal", 0, 1)
    assert made.errors() == (
        "dtrace: 12 drops on CPU 0\n"
        "dtrace: 1 aggregation drop on CPU 1\n"
        "dtrace: 5 dynamic variable drops\n"
        "dtrace: 2 firings inside of another probe's, which the kernel left out\n"
        "dtrace: 1 return of functions with more threads inside than the kernel can follow\n"
        "dtrace: 3 errors in ERROR probe enabling\n"
        "dtrace: 2 speculative drops\n"
        "dtrace: 1 failed speculation (no speculative buffer available)\n"
    )


def test_traced_bytes_reach_standard_output_unchanged(screen: Any) -> None:
    made = screen([Printf("%s", (NAME,))], options=QUIET)
    made.show(make_record(0, payload(0, b"\xff\xc3\xa9")))
    assert Path(made.path).read_bytes() == b"\xff\xc3\xa9"


def test_the_tail_keeps_the_newest_records() -> None:
    tail = RecordTail(10)
    for record in (b"aaaa", b"bbbb", b"cccc", b"d"):
        tail.append(record)
    assert list(tail.drain()) == [b"bbbb", b"cccc", b"d"][-3:]
    assert list(tail.drain()) == []
    tail.append(b"x" * 11)
    assert list(tail.drain()) == []
