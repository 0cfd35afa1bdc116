"""What is lost is counted: what was printed and what was dropped add up to what fired."""

from __future__ import annotations

import os
import re
import shlex
import sys

import pytest

from tests.conftest import Run
from tests.loads import command

LINUX = tuple(int(part) for part in os.uname().release.split(".")[:2])


def python(*lines: str) -> str:
    return shlex.join([sys.executable, "-S", "-E", "-c", "\n".join(lines)])


def drops(text: str, words: str) -> int:
    """The sum of all messages ``dtrace: N words``, for one CPU or for all."""
    return sum(int(number) for number in re.findall(rf"(?m)^dtrace: (\d+) {words}", text))


def test_records_printed_and_dropped_add_up_to_what_fired(dtrace: Run) -> None:
    # Records so large that the reader, which waits its time at the start, finds the ring full.
    text = """
        syscall::getppid:entry /pid == $target/ { @ = count(); printf("x %s\\n", strjoin("", probefunc)); }
        END { printa("fired %@d\\n", @); }
    """
    load = shlex.join(command("getppid", 40000))
    done = dtrace("-q", "-x", "bufsize=4k", "-x", "strsize=2k", "-n", text, "-c", load)
    fired = re.search(r"fired (\d+)", done.stdout)
    assert fired is not None
    assert int(fired[1]) == 40000
    assert done.stdout.count("x getppid\n") + drops(done.stderr, r"drops? on CPU \d+\n") == 40000


def test_keys_that_find_no_room_are_counted(dtrace: Run) -> None:
    text = "syscall::getppid:entry /pid == $target/ { @[++n] = count(); }"
    done = dtrace("-q", "-x", "aggsize=16k", "-n", text, "-c", shlex.join(command("getppid", 500)))
    rows = len([line for line in done.stdout.splitlines() if line.strip()])
    assert rows < 500
    assert rows + drops(done.stderr, r"aggregation drops? on CPU \d+\n") == 500


def test_variables_that_find_no_room_are_counted(dtrace: Run) -> None:
    text = 'syscall::getppid:entry /pid == $target/ { a[++n] = 1; } END { printf("%d\\n", n); }'
    load = shlex.join(command("getppid", 3000))
    done = dtrace("-q", "-x", "dynvarsize=4k", "-x", "droptags", "-n", text, "-c", load)
    assert done.stdout.split()[0] == "3000"
    assert re.search(r"(?m)^dtrace: \[DTRACEDROP_DYNAMIC\] \d+ dynamic variable drops$", done.stderr)


def test_elements_that_were_kept_stay_right_when_others_find_no_room(dtrace: Run) -> None:
    text = """
        int right;
        syscall::getppid:entry /pid == $target/ { n++; a[n] = n * 3; }
        syscall::getppid:entry /pid == $target && a[n]/ { kept++; right += (a[n] == n * 3); }
        END { printf("%d %d %d\\n", kept, right, a[1]); }
    """
    load = shlex.join(command("getppid", 3000))
    done = dtrace("-q", "-x", "dynvarsize=4k", "-n", text, "-c", load)
    kept, right, first = (int(number) for number in done.stdout.split())
    assert 0 < kept == right
    assert first == 3
    assert kept + drops(done.stderr, "dynamic variable drops?") == 3000


def test_threads_whose_variables_find_no_room_are_counted(dtrace: Run) -> None:
    # The structure of a thread's variables is large, so that fewer fit than the program has threads at one time.
    threads = python(
        "import os, threading",
        "threading.stack_size(65536)",
        "gate = threading.Barrier(1500)",
        "def run():",
        " os.getppid()",
        " gate.wait()",
        " os.getppid()",
        "all = [threading.Thread(target=run) for _ in range(1500)]",
        "for one in all: one.start()",
        "for one in all: one.join()",
    )
    text = """
        int right;
        self int v;
        self char one[8000];
        self char two[8000];
        syscall::getppid:entry /pid == $target && self->v/ { again++; right += (self->v == tid); }
        syscall::getppid:entry /pid == $target && !self->v && !seen[tid]/ { seen[tid] = 1; n++; self->v = tid; }
        syscall::getppid:entry /pid == $target && self->v/ { self->one[0] = self->two[0] = 'x'; }
        END { printf("%d %d %d\\n", n, again, right); }
    """
    done = dtrace("-qn", text, "-c", threads)
    fired, again, right = (int(number) for number in done.stdout.split())
    assert fired == 1500
    assert 1000 <= again == right < 1500
    assert again + drops(done.stderr, "dynamic variable drops?") == 1500


def test_faults_in_clauses_of_error_are_counted_and_not_told(dtrace: Run) -> None:
    text = """
        syscall::getppid:entry /pid == $target/ { trace(*(int *)8); }
        ERROR { trace(*(int *)16); }
        ERROR { @ = count(); }
    """
    done = dtrace("-qn", text, "-c", shlex.join(command("getppid", 30)))
    assert done.stdout.split() == ["30"]
    assert done.stderr.count("invalid address (0x8) in action #1\n") == 30
    assert "0x10" not in done.stderr
    assert drops(done.stderr, "errors? in ERROR probe enabling\n") == 30


def test_exit_ends_tracing_also_when_its_record_is_lost(dtrace: Run) -> None:
    assert "invalid address" in dtrace("-qn", "BEGIN { exit(4); trace(*(int *)8); }").stderr
    assert "invalid address" in dtrace("-qn", "tick-10ms { exit(4); trace(*(int *)8); }").stderr


@pytest.mark.skipif(LINUX < (6, 7), reason="needs Linux 6.7, which counts misses of tracepoints")
def test_firings_inside_of_a_program_are_counted(dtrace: Run) -> None:
    text = """
        sdt:raw_syscalls::sys_enter /pid == $target && arg0 == $1/ { raise(SIGURG); }
        sdt:signal::signal_generate /pid == $target && arg0 == SIGURG/ { never++; }
        END { printf("%d\\n", never); }
    """
    number = {"x86_64": "110", "aarch64": "173"}[os.uname().machine]
    done = dtrace("-qwn", text, number, "-c", shlex.join(command("getppid", 20)))
    assert done.stdout.split()[0] == "0"
    assert drops(done.stderr, "firings? inside of another probe's, which the kernel left out\n") == 20


def test_drops_are_told_at_the_status_rate(dtrace: Run) -> None:
    text = "syscall::getppid:entry /pid == $target/ { a = speculation(); }"
    child = python("import os, time", "for n in range(15):", " os.getppid()", " time.sleep(0.1)")
    often = dtrace("-q", "-x", "nspec=0", "-x", "statusrate=20ms", "-n", text, "-c", child)
    assert drops(often.stderr, "failed speculations?") == 15
    assert often.stderr.count("dtrace: 1 failed speculation (no speculative buffer available)\n") > 2
    seldom = dtrace("-q", "-x", "nspec=0", "-x", "statusrate=1m", "-n", text, "-c", child)
    assert drops(seldom.stderr, "failed speculations?") == 15
    assert seldom.stderr.count("failed") <= 2
