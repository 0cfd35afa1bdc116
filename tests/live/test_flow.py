"""Flow indentation (``-F``) on the real kernel."""

from __future__ import annotations

import re
import shlex

from tests.conftest import Run
from tests.loads import command


def test_entries_and_returns_are_indented_call_by_call(dtrace: Run) -> None:
    program = """
    syscall::getppid:entry /pid == $target/ { trace("in"); self->in_ = 1; }
    syscall::getppid:entry /self->in_/ { trace("second"); }
    syscall::getppid:return /self->in_/ { trace(ppid == arg0); }
    syscall::getppid:return /self->in_/ { trace("last"); self->in_ = 0; }
    """
    done = dtrace("-F", "-n", program, "-c", shlex.join(command("getppid", 3)))
    head, *lines = done.stdout.rstrip("\n").splitlines()
    assert head == f"CPU {'FUNCTION':41}"
    # Whichever CPU the load ran on.
    shown = [re.sub(r"^ *\d+ ", "", line).rstrip() for line in lines]
    assert shown == 3 * [
        f"{' => getppid':41}   in",
        f"{'  | getppid:entry':41}   second",
        f"{'  | getppid:return':41}         1",
        f"{' <= getppid':41}   last",
    ]


def test_what_is_no_entry_or_return_stands_within_the_open_calls(dtrace: Run) -> None:
    program = "syscall::getppid:entry, syscall::getppid:return /pid == $target/ {} BEGIN, END {}"
    done = dtrace("-F", "-n", program, "-c", shlex.join(command("getppid", 1)))
    shown = [line[4:].rstrip() for line in done.stdout.rstrip("\n").splitlines()]
    assert shown == ["FUNCTION", "| :BEGIN", " => getppid", " <= getppid", "| :END"]


def test_quiet_leaves_the_probes_and_takes_the_ends_of_lines(dtrace: Run) -> None:
    """dtrace.c, chew() and chewrec(); a clause that says nothing is no other, and setopt() may change it on the way."""
    done = dtrace("-qF", "-n", "BEGIN {} BEGIN { exit(0); }")
    line = f"  . {'| :BEGIN':41} "
    shown = re.sub(r"(?m)^  \d |  \d (?=\|)", "  . ", done.stdout)
    assert shown == f"CPU {'FUNCTION':41}\n{line}{line}\n"
    text = 'BEGIN {} BEGIN { setopt("quiet", "no"); } BEGIN {} BEGIN { exit(0); }'
    lines = dtrace("-q", "-n", text).stdout.splitlines()
    assert [line.split()[2:] for line in lines if ":BEGIN" in line] == [[":BEGIN"]] * 2
