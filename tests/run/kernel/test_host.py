"""Tracepoints' format files, and lists of CPUs."""

from __future__ import annotations

from dtrans.facts import TracepointField
from dtrans.run.kernel.bpf import parse_cpu_list
from dtrans.run.kernel.host import parse_tracepoint

HEAD = """name: made_up
ID: 1
format:
	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
	field:unsigned char common_flags;	offset:2;	size:1;	signed:0;
	field:unsigned char common_preempt_count;	offset:3;	size:1;	signed:0;
	field:int common_pid;	offset:4;	size:4;	signed:1;

"""


def only(line: str) -> TracepointField:
    (field,) = parse_tracepoint(f'{HEAD}\t{line}\n\nprint fmt: "x=%d;", REC->x\n')
    return field


def test_a_number() -> None:
    field = only("field:pid_t prev_pid;	offset:24;	size:4;	signed:1;")
    assert field == TracepointField("prev_pid", "pid_t", 24, 4, True)


def test_an_array_says_its_length() -> None:
    field = only("field:char comm[16];	offset:8;	size:16;	signed:0;")
    assert field == TracepointField("comm", "char", 8, 16, False, 16)


def test_an_array_with_a_constants_name_has_the_length_of_its_size() -> None:
    assert only("field:u32 words[SOME_MAX];	offset:8;	size:32;	signed:0;").length == 8
    assert only("field:unsigned long args[];	offset:8;	size:48;	signed:0;").length == 6


def test_a_data_location() -> None:
    field = only("field:__data_loc char[] filename;	offset:8;	size:4;	signed:0;")
    assert field == TracepointField("filename", "char", 8, 4, False, 0, data_loc=True)


def test_a_relative_location_keeps_its_mark_in_the_type() -> None:
    field = only("field:__rel_loc char[] text;	offset:8;	size:4;	signed:0;")
    assert (field.type_text, field.data_loc) == ("__rel_loc char[]", False)


def test_pointers_enumerations_and_booleans_keep_their_types() -> None:
    assert (
        only("field:const char *const * argv;	offset:24;	size:8;	signed:0;").type_text == "const char *const *"
    )
    assert only("field:enum pm_qos kind;	offset:8;	size:4;	signed:0;").type_text == "enum pm_qos"
    assert only("field:bool done;	offset:8;	size:1;	signed:0;").type_text == "bool"


def test_lists_of_cpus() -> None:
    assert parse_cpu_list("0-2,5\n") == (0, 1, 2, 5)
    assert parse_cpu_list("0\n") == (0,)
    assert parse_cpu_list("\n") == ()
