"""Destructive actions on processes that stand ready for them. What halts the machine is proven in tests/run alone."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.loads import command

GETPPID = shlex.join(command("getppid", 3))


def python(*lines: str) -> str:
    return shlex.join([sys.executable, "-S", "-E", "-c", "\n".join(lines)])


def test_raise_sends_a_signal_to_the_running_process(dtrace: Run) -> None:
    done = dtrace("-wn", "syscall::getppid:entry /pid == $target/ { raise(15); }", "-c", GETPPID)
    assert "terminated by SIGTERM" in done.stderr
    assert "dtrace: allowing destructive actions\n" in done.stderr


def test_stop_holds_the_process_until_it_is_continued(dtrace: Run) -> None:
    child = python(
        "import os, time",
        "begin = time.monotonic()",
        "os.getppid()",
        "print('held' if time.monotonic() - begin > 0.15 else 'ran on')",
    )
    text = """
        syscall::getppid:entry /pid == $target/ { stop(); since = timestamp; }
        tick-10ms /since && timestamp - since > 200000000/ { system("kill -CONT %d", $target); since = 0; }
    """
    assert dtrace("-qwn", text, "-c", child).stdout.split("\n")[0] == "held"


def test_system_runs_commands_where_they_stand_among_what_is_printed(dtrace: Run) -> None:
    text = 'BEGIN { printf("one\\n"); system("echo %s %d", "two", 2); printf("three\\n"); exit(0); }'
    assert dtrace("-qwn", text).stdout.split("\n")[:3] == ["one", "two 2", "three"]


def test_what_begin_runs_is_seen_by_the_other_probes(dtrace: Run) -> None:
    text = """
        BEGIN { tracer = pid; system("true"); }
        proc:::exit /ppid == tracer && progenyof(tracer)/ { printf("ended\\n"); exit(0); }"""
    assert dtrace("-wqn", text).stdout.split() == ["ended"]


def test_freopen_and_ftruncate_work_on_the_file_that_output_goes_to(dtrace: Run, tmp_path: Path) -> None:
    file = tmp_path / "out"
    text = f"""
        BEGIN {{ printf("first\\n"); freopen("{file}"); printf("lost\\n"); }}
        BEGIN {{ ftruncate(); printf("kept\\n"); system("echo from the shell"); }}
        BEGIN {{ freopen(""); printf("last\\n"); exit(0); }}
    """
    assert dtrace("-qwn", text).stdout.split() == ["first", "last"]
    assert file.read_text() == "kept\nfrom the shell\n"


def test_ftruncate_empties_the_file_of_o(dtrace: Run, tmp_path: Path) -> None:
    file = tmp_path / "out"
    dtrace("-qn", 'BEGIN { printf("lost\\n"); ftruncate(); printf("kept\\n"); exit(0); }', "-o", file)
    assert file.read_text() == "kept\n\n"


MEMORY = python(
    "import ctypes",
    "text = ctypes.create_string_buffer(b'0123456789', 32)",
    "ctypes.CDLL(None).open(text, 0)",
    "print(text.raw[:12], text.raw[16:20])",
)


def test_copyout_and_copyoutstr_write_to_the_process_or_say_who_forbids_it(dtrace: Run) -> None:
    text = """
        syscall::open*:entry /pid == $target && copyinstr(arg0) == "0123456789"/ {
            this->p = (char *)alloca(3); this->p[0] = 'a'; this->p[1] = 'b'; this->p[2] = 'c';
            copyout(this->p, arg0 + 1, 3); copyout("end", arg0 + 16, 4);
            copyoutstr("xyz", arg0 + 6, 2);
        }
        syscall::open*:return /pid == $target/ { copyoutstr("long", 1, 100); }
        ERROR { @[arg4, arg5] = count(); }
        END { printa("fault %d %d\\n", @); }
    """
    done = dtrace("-qwn", text, "-c", MEMORY, status=None)
    if done.returncode:
        assert done.stderr.startswith(
            "dtrace: copyout() and copyoutstr() are forbidden here: the kernel is locked down"
        )
        return
    assert "b'0abc45xy89\\x00\\x00' b'end\\x00'" in done.stdout
    assert "fault 1 1\n" in done.stdout


@pytest.mark.parametrize("name", ["panic", "breakpoint"])
def test_what_halts_the_machine_is_asked_for_twice(dtrace: Run, name: str) -> None:
    done = dtrace("-e", "-wn", f"BEGIN {{ {name}(); }}", status=1)
    assert f"run with -w and -x {name}" in done.stderr
    done = dtrace("-e", "-x", name, "-n", f"BEGIN {{ {name}(); }}", status=1)
    assert "run with -w" in done.stderr
    dtrace("-e", "-w", "-x", name, "-n", f"BEGIN {{ {name}(); }}")
