"""The arguments of system calls: of the types that the kernel declares, where the name that is traced has them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from tests.loads import line

pytestmark = pytest.mark.needs("root", "bcc", "tracepoint:syscalls:sys_enter_kill")
Dtrace = Callable[..., subprocess.CompletedProcess[str]]


def lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in done.stdout.splitlines() if line]


def test_a_number_that_a_call_takes_as_an_int_has_its_sign(dtrace: Dtrace) -> None:
    program = """
        syscall::kill:entry  /pid == $target && arg1 == 0/ { printf("kill %d %d %d\\n", arg0, args[0], arg0 < 0); }
        syscall::close:entry /pid == $target && arg0 < 0/ { printf("close %d %d\\n", arg0, args[0]); }
        syscall::lseek:entry /pid == $target && arg1 == -5/ { printf("lseek %d %d %d\\n", arg0, arg1, arg2); }
        syscall::setuid:entry /pid == $target/ { printf("setuid %d\\n", arg0); }"""
    told = lines(dtrace("-qn", program, "-c", line("numbers")))
    assert told == ["kill -999999 -999999 1", "close -7 -7", "lseek -1 -5 1", "setuid 4294967294"]


def test_the_linux_reading_and_a_clause_over_all_calls_know_the_types_too(dtrace: Dtrace) -> None:
    program = """
        syscall:::entry /pid == $target && (arg0 < 0 || args[0] < 0)/ { @[probefunc, arg0] = count(); }
        END { printa("%s %d %@d\\n", @); }"""
    told = lines(dtrace("-qx", "compat=linux", "-n", program, "-c", line("numbers")))
    assert {"kill -999999 1", "close -7 1", "lseek -1 1", "statx -100 2"} <= set(told)


def test_a_name_of_solaris_has_its_arguments_where_a_glob_matches_calls_of_linux_too(dtrace: Dtrace) -> None:
    # statx of a descriptor is fstat: the rest of statx, of which a part is stat, is not what stat* means.
    program = """
        syscall::stat*:entry, syscall::lstat*:entry /pid == $target/ { @[probefunc, copyinstr(arg0)] = count(); }
        syscall::statx:entry /pid == $target/ { @named[probefunc, arg0] = count(); }
        END { printa("%s %s %@d\\n", @); printa("%s %d %@d\\n", @named); }"""
    told = lines(dtrace("-qn", program, "-c", line("numbers")))
    assert {"stat /etc 1", "lstat /./tmp 1", "statx 5 1", "statx -100 2"} <= set(told)


def test_pointers_are_typed_and_lead_into_the_process(dtrace: Dtrace) -> None:
    program = """
        syscall::open:entry /pid == $target/ { @[stringof(args[0])] = count(); }
        syscall::nanosleep:entry /pid == $target/ { printf("%d\\n", args[0]->tv_nsec); }
        END { printa("%s %@d\\n", @); }"""
    told = lines(dtrace("-qn", program, "-c", line("open", 3, "/etc/passwd")))
    assert "/etc/passwd 3" in told
    assert "125000000" in lines(dtrace("-qn", program, "-c", "sleep 0.125"))


def test_listing_tells_the_types_of_arguments(dtrace: Dtrace) -> None:
    told = dtrace("-lvn", "syscall::kill:entry,syscall::open:entry,syscall::lstat:entry").stdout
    assert "args[0]: pid_t\n\t\targs[1]: int\n" in told
    assert "args[0]: char *\n\t\targs[1]: int\n\t\targs[2]: umode_t\n" in told
    assert "args[0]: char *\n\t\targs[1]: void *\n\n" in told
