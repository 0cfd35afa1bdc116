"""The kernel's tracepoints as they are: by their records, and by what the kernel calls them with."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from dtrans.attach import Attach, RawTracepoint, Tracepoint, Tracepoints
from tests.conftest import has
from tests.loads import line
from tests.programs import pipeline, printed, refused

pytestmark = pytest.mark.needs("root", "bcc", "rawtp:sched_process_fork", "tracepoint:sched:sched_process_fork")
Dtrace = Callable[..., subprocess.CompletedProcess[str]]


def test_a_raw_tracepoint_has_what_the_kernel_calls_it_with_and_its_event_the_fields_of_its_record(
    dtrace: Dtrace,
) -> None:
    program = """
        rawtp:sched::sched_process_fork /pid == $target/ {
            printf("raw %d %d %d\\n", args[0]->tgid == pid, args[1]->real_parent == args[0], arg1 == (int64_t)args[1]);
        }
        sdt:sched::sched_process_fork /pid == $target/ {
            printf("event %s %d %d\\n", args[0], args[1] == pid, args[3] > 0);
        }"""
    told = dtrace("-qn", program, "-c", line("fork", 2)).stdout.split("\n")
    assert sorted(filter(None, told)) == ["event dtransload 1 1"] * 2 + ["raw 1 1 1"] * 2


def test_a_condition_chooses_one_of_two_fields_or_arguments(dtrace: Dtrace) -> None:
    program = """
        BEGIN { one = 1; }
        rawtp:sched::sched_process_fork /pid == $target/ {
            printf("%d %d\\n", (one ? args[0] : args[1])->tgid == pid, (one > 1 ? args[0] : args[1])->tgid == pid);
        }
        sdt:sched::sched_process_fork /pid == $target/ {
            printf("%d %d\\n", (one ? args[1] : args[3]) == pid, (one > 1 ? args[1] : args[3]) == pid);
        }"""
    assert dtrace("-qn", program, "-c", line("fork", 2)).stdout.split() == ["1", "0"] * 4


def test_a_name_alone_means_both_and_an_id_the_one(dtrace: Dtrace) -> None:
    listed = [row.split() for row in dtrace("-l", "-n", "sched_process_fork").stdout.splitlines()[1:]]
    assert [row[1:] for row in listed] == [[provider, "sched", "sched_process_fork"] for provider in ("sdt", "rawtp")]
    by_id = [dtrace("-l", "-i", row[0]).stdout.split()[-3:] for row in listed]
    assert by_id == [row[1:] for row in listed]


def test_listing_tells_the_types_of_a_raw_tracepoint(dtrace: Dtrace) -> None:
    told = dtrace("-lvn", "rawtp:sched::sched_process_fork").stdout
    assert "args[0]: struct task_struct *\n\t\targs[1]: struct task_struct *\n" in told


@pytest.mark.needs("rawtp:pelt_cfs_tp")
def test_a_raw_tracepoint_without_an_event_has_the_kernel_as_its_module(dtrace: Dtrace) -> None:
    assert dtrace("-ln", "rawtp:vmlinux::pelt_cfs_tp").stdout.split()[-3:] == ["rawtp", "vmlinux", "pelt_cfs_tp"]
    # The scheduler keeps its averages up to date whenever a thread runs, so one is certain to come.
    done = dtrace("-qn", "rawtp:vmlinux::pelt_cfs_tp { trace(args[0] != 0); exit(0); }")
    assert done.stdout.strip() == "1"


def test_arguments_beyond_the_last_are_refused(dtrace: Dtrace) -> None:
    done = dtrace("-n", "rawtp:sched::sched_process_fork { trace(args[2]); }", status=1)
    assert "index 2 is out of range: this probe has 2 typed arguments" in done.stderr


def test_a_tracepoint_of_which_no_clause_reads_a_field_is_a_raw_one() -> None:
    plain = "sdt:sched::sched_wakeup { @[probename] = count(); }"
    reads = "sdt:sched::sched_wakeup { this->pid = arg1; }"
    calls = "sdt:syscalls::sys_enter_getppid { @[probename] = count(); }"

    assert attach_points(plain) == [RawTracepoint("sched_wakeup")]
    # The clauses of one firing stay together.
    assert attach_points(f"{plain} {reads}") == [Tracepoint("sched", "sched_wakeup")]
    # No function of the kernel passes on what these are called with.
    assert attach_points(calls) == [Tracepoint("syscalls", "sys_enter_getppid")]


def attach_points(text: str) -> list[Attach]:
    return [program.attach for program in pipeline(text).artifact.programs if not program.auxiliary]


@pytest.mark.needs("tracepoint:syscalls:sys_enter_getppid")
def test_many_events_share_a_program_which_knows_them_apart(dtrace: Dtrace) -> None:
    program = """
        sdt:syscalls::sys_enter_get* { this->first = 1; }
        sdt:syscalls::sys_enter_get* /pid == $target && this->first/ { @[probeprov, probemod, probename] = count(); }
        sdt:syscalls::sys_enter_getppid /pid == $target/ { @one[probename] = count(); }"""
    alone, together = attach_points(program.replace("$target", "1"))
    assert alone == Tracepoint("syscalls", "sys_enter_getppid")  # It has clauses that the others have not.
    assert isinstance(together, Tracepoints)
    assert not together.raw
    told = [row.split() for row in dtrace("-qn", program, "-c", line("getppid", 321)).stdout.splitlines()]
    assert ["sys_enter_getppid", "321"] in told
    assert ["sdt", "syscalls", "sys_enter_getppid", "321"] in told


@pytest.mark.needs("release:6.10")
def test_many_raw_tracepoints_share_a_program_except_where_a_clause_reads_what_they_are_called_with(
    dtrace: Dtrace,
) -> None:
    program = """
        sdt:sched:: /pid == $target/ { @[probename] = count(); }
        rawtp:sched::sched_process_exit /pid == $target && args[0] != NULL/ { @["read"] = count(); }"""
    *alone, together = attach_points(program.replace("$target", "1"))
    assert alone == [RawTracepoint("sched_process_exit")]
    assert isinstance(together, Tracepoints)
    assert together.raw
    told = [row.split() for row in dtrace("-qn", program, "-c", line("fork", 3)).stdout.splitlines()]
    assert ["sched_process_fork", "3"] in told
    assert ["sched_process_exit", "1"] in told
    assert ["read", "1"] in told


@pytest.mark.needs("tracepoint:sched:sched_process_exec")
def test_both_kinds_fire_as_often(dtrace: Dtrace) -> None:
    done = dtrace(
        "-qn",
        'sdt:sched::sched_process_exec /pid == $target/ { @["raw"] = count(); }'
        'sdt:sched::sched_process_exit /pid == $target && arg1 == pid/ { @["fields"] = count(); }',
        "-c",
        "/bin/sh -c 'exec /bin/true'",
    )
    assert sorted(line.split() for line in done.stdout.splitlines() if line) == [["fields", "1"], ["raw", "1"]]


def test_a_description_that_lacks_a_colon_is_told_with_it() -> None:
    assert "did you mean sdt:sched::sched_wakeup?" in refused("sdt:sched:sched_wakeup { }").hint
    assert "did you mean io:::start?" in refused("io:start { }").hint


@pytest.mark.skipif(has("feature:kprobe"), reason="this kernel traces functions")
def test_functions_that_the_kernel_cannot_trace_are_refused_with_the_reason() -> None:
    assert "it can trace none of its functions" in refused("fbt:::entry { @calls[probemod] = count(); }").message
    assert "it can trace none of its functions" in refused("fbt::vfs_write:entry { }").message
    assert "it can trace none of its functions" in refused("::vfs_write:entry { }").message
    assert "does not match any probes" in refused("::mfi_start:entry { }").message
    assert "it has no function mfi_start, and can trace none" in refused("fbt::mfi_start:entry { }").message


@pytest.mark.needs("machine:x86_64")
def test_stacks_of_signals_have_types() -> None:
    assert printed('BEGIN { printf("%d %d", sizeof (stack32_t), sizeof (stack_t)); exit(0); }').strip() == "12 24"
