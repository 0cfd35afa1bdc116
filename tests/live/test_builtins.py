"""Built-in variables, each against what the process or the tracer knows itself."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.compiled import compiled
from tests.conftest import Run
from tests.loads import NAME, line
from tests.programs import printed

LOAD = line("several", "getppid 1", "open 1 /no/such/file")


@pytest.mark.proves(
    "pid", "tid", "ppid", "uid", "gid", "execname", "curthread", "cwd", "root", "zonename", "probeprov", "probemod",
    "probefunc", "probename", "id", "epid",
)  # fmt: skip
def test_a_probe_and_its_process_are_told_by_name_and_number(dtrace: Run) -> None:
    source = """
        syscall::getppid:entry, syscall::getppid:return
        /pid == $target/
        {
            printf("%d %d %d %d %d|", pid == $target, tid == pid && curthread->pid == tid, ppid, uid, gid);
            printf("%s|%s|%s|%s|", execname, cwd, root, zonename);
            printf("%s:%s:%s:%s %d|%d\\n", probeprov, probemod, probefunc, probename, id, epid);
        }"""
    _, *listed = dtrace("-l", "-f", "syscall::getppid").stdout.splitlines()
    entry, leave = (shown.split("|") for shown in printed(source, commands=[LOAD]).splitlines() if shown)
    for told in (entry, leave):
        assert told[0] == f"1 1 {os.getpid()} {os.getuid()} {os.getgid()}"
        assert told[1:5] == [NAME, str(Path.cwd()), "/", "global"]
    assert entry[5] == f"syscall::getppid:entry {listed[0].split()[0]}"
    assert leave[5] == f"syscall::getppid:return {listed[1].split()[0]}"
    assert entry[6] == leave[6] == "1"


@pytest.mark.proves("errno", "timestamp", "vtimestamp", "walltimestamp")
def test_a_call_has_its_error_and_its_time() -> None:
    source = """
        syscall::open*:entry /pid == $target && copyinstr(arg0) == "/no/such/file"/
        { self->began = timestamp; self->ran = vtimestamp; }
        syscall::open*:return /self->began/
        {
            printf("%d %d %d", errno, timestamp > self->began, timestamp - self->began >= vtimestamp - self->ran);
            printf(" %d %d\\n", vtimestamp > self->ran, walltimestamp / 1000000000);
            self->began = 0;
        }"""
    before = int(time.time())
    failed, later, within, ran, now = map(int, printed(source, commands=[LOAD]).split())
    assert (failed, later, within, ran) == (2, 1, 1, 1)
    assert before - 1 <= now <= time.time() + 1


@pytest.mark.proves("stackdepth", "ustackdepth", "caller")
def test_a_stack_is_as_deep_as_it_is_long() -> None:
    source = """
        syscall::getppid:entry
        /pid == $target/
        { printf("%d %d\\n%a\\n", stackdepth, ustackdepth, caller); stack(); printf("=\\n"); ustack(); }"""
    kernel, user = (shown.split() for shown in printed(source, commands=[LOAD]).split("=\n"))
    of_kernel, of_user, caller, *frames = kernel
    assert int(of_kernel) == len(frames)
    # What ustack() leaves out is the garbage that libc's registers hold, where it has no frame pointers.
    assert 1 <= len(user) <= int(of_user)
    assert caller in frames[:2]


@pytest.mark.needs("command:gcc", "machine:x86_64")
def test_a_stack_with_frame_pointers_is_as_deep_in_the_process_too(tmp_path: Path) -> None:
    text = """
        static void call(long number)
        {
            asm volatile("syscall" : "+a"(number) : "D"(0) : "rcx", "r11", "memory");
        }
        void inner(void) { call(110); }
        void outer(void) { inner(); call(60); }
        __attribute__((naked)) void _start(void) { asm("xor %ebp, %ebp\\n call outer\\n hlt"); }
    """
    made = compiled(tmp_path, "framed", text, "-nostdlib", "-static", "-O0")
    shown = printed(
        'syscall::getppid:entry /pid == $target/ { printf("%d", ustackdepth); ustack(); }', commands=[str(made)]
    )
    depth, *frames = shown.split()
    functions = [frame.partition("+")[0] for frame in frames]
    assert functions == [f"framed`{name}" for name in ("call", "inner", "outer", "_start")]
    assert int(depth) == len(frames)


def test_the_error_of_a_threads_last_call_is_known_at_other_probes() -> None:
    shown = printed(
        """
        BEGIN { printf("%d\\n", errno); }
        syscall::getppid:entry /pid == $target/ { printf("%s %d\\n", probename, errno); }
        syscall::getppid:return /pid == $target/ { printf("%s %d\\n", probename, errno); }
        """,
        commands=[line("several", "open 1 /no/such/file", "getppid 2")],
    )
    assert shown.split() == ["0", *("entry 2 return 0 entry 0 return 0".split())], shown


def test_a_clause_of_entries_and_returns_knows_at_a_return_the_error_of_that_call() -> None:
    shown = printed(
        """
        syscall::open*:, syscall::getppid: /pid == $target/ { this->error = errno; }
        syscall::getppid: /pid == $target/ { printf("%s %d\\n", probename, this->error); }
        syscall::open*:return /pid == $target && this->error == 2/ { printf("open %d\\n", this->error); }
        """,
        commands=[line("several", "open 1 /no/such/file", "getppid 1")],
    )
    assert shown.split()[-6:] == ["open", "2", "entry", "2", "return", "0"], shown
