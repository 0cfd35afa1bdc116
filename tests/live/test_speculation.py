"""Speculations of processes on several CPUs, their limits, and what is told when those are met."""

from __future__ import annotations

import re
import shlex
import sys

import pytest

from tests.conftest import Run
from tests.loads import command
from tests.programs import printed


def python(line: str) -> str:
    return shlex.join([sys.executable, "-S", "-E", "-c", line])


GETPPIDS = shlex.join(command("getppid", 50))


def test_a_speculation_without_other_actions_shows_its_probe_at_the_commit(dtrace: Run) -> None:
    text = """
        BEGIN { self->s = speculation(); }
        BEGIN { speculate(self->s); }
        BEGIN { speculate(self->s); trace("first"); }
        BEGIN { trace("second"); }
        BEGIN { commit(self->s); }
        BEGIN { exit(0); }
    """
    lines = dtrace("-n", text).stdout.splitlines()
    assert [line.split(":BEGIN")[1].strip() for line in lines[1:5]] == ["second", "", "first", ""]


def test_only_the_calls_that_fail_are_printed() -> None:
    child = python(
        "import os\nfor name in ('/', '/nowhere', '/dev', '/not/here'):\n"
        " try: os.close(os.open(name, os.O_RDONLY))\n except OSError: pass",
    )
    shown = printed(
        """
        #pragma D option nspec=4
        syscall::open*:entry /pid == $target/ { self->spec = speculation(); }
        syscall::open*:entry /self->spec/ { speculate(self->spec); printf("%s", copyinstr(arg0)); }
        syscall::open*:return /self->spec/ { speculate(self->spec); printf(" errno %d\\n", errno); }
        syscall::open*:return /self->spec && errno == 2/ { commit(self->spec); self->spec = 0; }
        syscall::open*:return /self->spec/ { discard(self->spec); self->spec = 0; }
        """,
        commands=[child],
    )
    wanted = [line for line in shown.splitlines() if line.startswith("/no")]
    assert wanted == ["/nowhere errno 2", "/not/here errno 2"]
    assert "/dev errno" not in shown


@pytest.mark.needs("cpus:2")
def test_a_speculation_holds_what_all_cpus_recorded_in_the_order_of_time() -> None:
    child = python(
        "import os\n"
        "for n in range(200):\n os.sched_setaffinity(0, {n % 2})\n"
        " os.getppid()\n os.sched_setaffinity(0, {0, 1})\n"
        "os.getuid()",
    )
    shown = printed(
        """
        BEGIN { spec = speculation(); }
        syscall::getppid:entry /pid == $target/ { n++; }
        syscall::getppid:entry /pid == $target/ { speculate(spec); printf("%d on %d\\n", n, cpu); }
        syscall::getuid:entry /pid == $target/ { printf("commit\\n"); }
        syscall::getuid:entry /pid == $target/ { commit(spec); }
        """,
        commands=[child],
    )
    lines = shown.split("commit\n")[1].split("\n")[:200]
    assert [int(line.split()[0]) for line in lines] == list(range(1, 201))
    assert {line.split()[2] for line in lines} == {"0", "1"}


def test_what_does_not_fit_in_a_speculation_is_told_at_its_commit(dtrace: Run) -> None:
    text = """
        BEGIN { spec = speculation(); }
        syscall::getppid:entry /pid == $target/ { speculate(spec); printf("%d\\n", ++n); m++; }
        END { commit(spec); }
        END { printf("n %d, m %d\\n", n, m); }
    """
    done = dtrace("-q", "-x", "specsize=240", "-n", text, "-c", GETPPIDS)
    lines = done.stdout.split("n ")[0].split()
    # A record of printf("%d") is 24 bytes: header, speculation, value.
    assert lines == [str(number) for number in range(1, 11)]
    assert "n 10, m 10" in done.stdout
    assert "dtrace: 40 speculative drops\n" in done.stderr


def test_what_does_not_fit_in_a_discarded_speculation_is_not_told(dtrace: Run) -> None:
    text = """
        BEGIN { spec = speculation(); }
        syscall::getppid:entry /pid == $target/ { speculate(spec); printf("%d\\n", pid); }
        END { discard(spec); }
    """
    done = dtrace("-q", "-x", "specsize=240", "-n", text, "-c", GETPPIDS)
    assert done.stdout.strip() == ""
    assert "drop" not in done.stderr


def test_speculations_that_are_not_to_be_had_are_counted(dtrace: Run) -> None:
    text = "syscall::getppid:entry /pid == $target/ { @[speculation() != 0] = count(); }"
    done = dtrace("-q", "-x", "nspec=20", "-x", "droptags", "-n", text, "-c", GETPPIDS)
    assert [line.split() for line in done.stdout.strip().splitlines()] == [["1", "20"], ["0", "30"]]
    assert "dtrace: [DTRACEDROP_SPECUNAVAIL] 30 failed speculations (no speculative buffer available)\n" in done.stderr


def test_a_number_serves_many_speculations_one_after_the_other() -> None:
    shown = printed(
        """
        syscall::getppid:entry /pid == $target/ { self->s = speculation(); n++; }
        syscall::getppid:entry /pid == $target/ { speculate(self->s); printf("%d\\n", n); }
        syscall::getppid:entry /pid == $target && n % 3/ { discard(self->s); }
        syscall::getppid:entry /pid == $target/ { commit(self->s); }
        """,
        commands=[shlex.join(command("getppid", 3000))],
    )
    assert shown.split() == [str(number) for number in range(3, 3001, 3)]


@pytest.mark.parametrize("policy", ["fill", "ring"])
def test_buffer_policies_keep_what_was_committed(dtrace: Run, policy: str) -> None:
    text = """
        BEGIN { spec = speculation(); }
        syscall::getppid:entry /pid == $target/ { speculate(spec); printf("%d\\n", ++n); }
        END { commit(spec); }
    """
    done = dtrace("-q", "-x", f"bufpolicy={policy}", "-n", text, "-c", GETPPIDS)
    assert done.stdout.split() == [str(number) for number in range(1, 51)]


def test_flow_indentation_is_that_of_the_commit(dtrace: Run) -> None:
    text = """
        BEGIN { spec = speculation(); }
        syscall::getppid:entry, syscall::getppid:return /pid == $target/ { speculate(spec); }
        END { commit(spec); }
    """
    done = dtrace("-F", "-n", text, "-c", shlex.join(command("getppid", 2)))
    lines = [re.sub(r"^ +\d+ +", "", line) for line in done.stdout.splitlines() if "getppid" in line]
    assert [line.strip() for line in lines] == ["=> getppid", "<= getppid"] * 2
