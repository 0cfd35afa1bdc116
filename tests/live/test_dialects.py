"""D as it is written on FreeBSD and macOS: names that Solaris has not, or has for something else."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.loads import line

pytestmark = pytest.mark.needs("root", "bcc")
Dtrace = Callable[..., subprocess.CompletedProcess[str]]


def lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in done.stdout.splitlines() if line]


def test_system_calls_by_names_of_freebsd_and_macos_fire_with_their_arguments(dtrace: Dtrace, tmp_path: Path) -> None:
    program = """
        syscall::read_nocancel:entry /pid == $target && arg2 == 77/ { @["read_nocancel", 0, arg2] = count(); }
        syscall::mkfifo:entry /pid == $target/ { @["mkfifo", 0, arg1 & 0777] = count(); }
        syscall::lutimes:entry /pid == $target && basename(copyinstr(arg0)) == "one"/ { @["lutimes", 0, 0] = count(); }
        syscall::futimes:entry /pid == $target/ { @["futimes", arg0 > 2, 0] = count(); }
        syscall::fstatat64:entry
        /pid == $target && copyinstr(arg1) == "two"/ { @["fstatat64", arg0 > 2, arg3 & 0x100] = count(); }
        syscall::extattr_set_file:entry
        /pid == $target/ { @[strjoin("extattr:", copyinstr(arg2)), arg1, arg4] = count(); }
        syscall::kevent:entry /pid == $target/ { @["kevent", arg2, 0] = count(); }
        syscall::select_nocancel:entry /pid == $target/ { @["select", arg0, 0] = count(); }
        syscall::getentropy:entry /pid == $target && arg1 == 19/ { @["getentropy", 0, arg1] = count(); }
        syscall::bsdthread_create:entry /pid == $target/ { @["thread", 0, 0] = count(); }
        syscall::bsdthread_terminate:entry /pid == $target/ { @["terminate", 0, arg0] = count(); }
        syscall::fork:return /pid == $target && (int)arg0 > 0/ { @["fork", 0, 0] = count(); }
        syscall::exit:entry /progenyof($target)/ { @["exit", arg0, pid == $target] = count(); }
        syscall::posix_spawn:entry
        /progenyof($target)/ { @[strjoin("spawn:", copyinstr(arg1)), pid == $target, arg0] = count(); }
        END { printa("%s %d %d %@d\\n", @); }"""
    told = lines(dtrace("-qn", program, "-c", line("calls", tmp_path)))
    assert sorted(told) == [
        "exit 0 0 3",
        "exit 0 1 1",
        "extattr:user.dtrans 1 5 1",
        "fork 0 0 2",
        "fstatat64 1 0 1",
        "futimes 1 0 1",
        "getentropy 0 19 1",
        "kevent 0 0 4",
        "kevent 1 0 1",
        "lutimes 0 0 1",
        "mkfifo 0 384 2",
        "read_nocancel 0 77 3",
        "select 0 0 1",
        "spawn:/bin/true 0 0 1",
        "terminate 0 0 1",
        "thread 0 0 1",
    ]


def test_a_second_name_answers_only_for_what_the_program_means_by_no_other_name(dtrace: Dtrace) -> None:
    program = """
        syscall::read:entry, syscall::read_nocancel:entry
        /pid == $target && arg2 == 64/ { @["both", probefunc] = count(); }
        syscall::read_nocancel:entry /pid == $target && arg2 == 64/ { @["second", probefunc] = count(); }
        syscall::*read*:entry /pid == $target && arg2 == 64/ { @["any", probefunc] = count(); }
        syscall:freebsd::return, syscall:mach_kernel:read:return
        /pid == $target && (int)arg0 == 64/ { @["module", probefunc] = count(); }
        END { printa("%s %s %@d\\n", @); }"""
    told = lines(dtrace("-qn", program, "-c", line("read", 5, 64)))
    assert sorted(told) == ["any read 5", "both read 5", "module read 5"]


def test_a_call_that_linux_has_not_is_refused_with_what_there_is_instead(dtrace: Dtrace) -> None:
    done = dtrace("-n", "syscall::getfsstat64:entry", status=1)
    assert "Linux gives its list of mounts by the file /proc/self/mounts" in done.stderr
