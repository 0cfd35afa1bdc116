"""What D programs print on the real kernel: one file for each construct, its output beside it.

tests/cases/run.integers.shifts.d   tests/cases/run.integers.shifts.out
"""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Run
from tests.loads import command
from tests.programs import arguments, printed

CASES = sorted((ROOT / "tests" / "cases").glob("run.*.d"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem.removeprefix("run."))
def test_a_program_prints_what_its_file_says(case: Path) -> None:
    text = case.read_text()
    status = re.search(r"exit\((\d+)\)", text)
    assert status is not None
    shown = printed(text, arguments(text), {}, status=int(status[1]))
    assert shown == case.with_suffix(".out").read_text()


def _python(line: str) -> str:
    return shlex.join([sys.executable, "-S", "-E", "-c", line])


def test_default_output_has_cpu_id_and_function_with_name(dtrace: Run) -> None:
    done = dtrace("-n", 'BEGIN { trace(42); trace("text"); exit(0); }')
    assert re.fullmatch(r"CPU +ID +FUNCTION:NAME\n +\d+ +\d+ +:BEGIN +42 +text *\n+", done.stdout), done.stdout
    assert "dtrace: description 'BEGIN ' matched 1 probe" in done.stderr


def test_a_clause_without_body_shows_its_firing(dtrace: Run) -> None:
    done = dtrace("-n", "BEGIN", "-n", "BEGIN { exit(0); }")
    assert len(re.findall(r"(?m)^ +\d+ +\d+ +:BEGIN *$", done.stdout)) == 2, done.stdout


def test_exit_gives_the_exit_status(dtrace: Run) -> None:
    assert dtrace("-qn", "BEGIN { exit(7); }", status=7).stdout.strip() == ""


def test_nothing_fires_after_exit_but_end(dtrace: Run) -> None:
    text = 'BEGIN { printf("one\\n"); exit(0); } tick-1ms { printf("late\\n"); } END { printf("end\\n"); }'
    assert dtrace("-qn", text).stdout.split() == ["one", "end"]


def test_what_all_cpus_add_to_a_global_variable_adds_up(dtrace: Run) -> None:
    """Two processes at once, each with a CPU of its own where there are two."""
    calls = "import os; child = os.fork(); [os.getppid() for _ in range(100000)]; child and os.wait()"
    source = """
        int up; int down;
        syscall::getppid:entry /pid == $target || ppid == $target/ { up++; down -= 3; @ = count(); }
        END { printf("%d %d", up, down); printa(" %@d", @); }"""
    assert dtrace("-qn", source, "-c", _python(calls)).stdout.split() == ["200000", "-600000", "200000"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("int z; BEGIN { trace(1 / z); } BEGIN { exit(0); }", "divide-by-zero in action #1"),
        ("BEGIN { x = 1; trace(*(int *)0); } BEGIN { exit(0); }", "invalid address (0x0) in action #2"),
        ("int z; BEGIN /1 % z/ { trace(1); } BEGIN { exit(0); }", "divide-by-zero in predicate"),
        ("BEGIN { trace(copyinstr(0)); } BEGIN { exit(0); }", "invalid address (0x0) in action #1"),
    ],
)
def test_a_fault_is_told_on_standard_error(dtrace: Run, text: str, told: str) -> None:
    done = dtrace("-qn", text)
    assert re.search(
        rf"(?m)^dtrace: error on enabled probe ID 1 \(ID \d+: dtrace:::BEGIN\): {re.escape(told)}$", done.stderr
    )


def test_target_is_the_process_of_c(dtrace: Run) -> None:
    text = 'syscall::getppid:entry /pid == $target/ { @ = count(); } END { printa("%@d\\n", @); }'
    done = dtrace("-qn", text, "-c", shlex.join(command("getppid", 123)))
    assert done.stdout.strip() == "123"


def test_the_memory_of_a_process_is_read_by_copyin_and_copyinstr() -> None:
    child = _python("import os; os.write(os.open('/dev/null', 1), b'needle in the stack\\0more')")
    shown = printed(
        """
        syscall::write:entry
        /pid == $target && arg2 == 24 && copyinstr(arg1, 6) == "needle"/
        {
            this->p = (char *)copyin(arg1, arg2);
            printf("%s|%s|%c%c|", copyinstr(arg1), copyinstr(arg1, 6), this->p[0], this->p[20]);
            printf("%s\\n", stringof(this->p + 7));
            @[copyinstr(arg1)] = sum(arg2);
        }
        """,
        commands=[child],
    )
    assert shown.split("\n")[0] == "needle in the stack|needle|nm|in the stack", shown
    assert re.search(r"(?m)^  needle in the stack +24$", shown), shown


def test_thread_variables_are_each_threads_own() -> None:
    child = _python(
        "import os, threading\n"
        "def go(n):\n [os.getppid() for _ in range(n)]; os.getuid()\n"
        "ts = [threading.Thread(target=go, args=(n,)) for n in (10, 20, 30)]\n"
        "[t.start() for t in ts]; [t.join() for t in ts]"
    )
    shown = printed(
        """
        syscall::getppid:entry /pid == $target/ { self->n++; }
        syscall::getuid:entry /self->n/ { @[self->n] = count(); self->n = 0; }
        END { printa("%d %@d\\n", @); }
        """,
        commands=[child],
    )
    assert shown.split() == ["10", "1", "20", "1", "30", "1"], shown


def test_entry_and_return_of_a_call_share_the_threads_variables() -> None:
    shown = printed(
        """
        syscall::read:entry /pid == $target/ { self->asked = arg2; self->at = timestamp; }
        syscall::read:return /self->asked == 777/ {
            @n = count(); @bytes = sum(arg0); @good = min(timestamp - self->at > 0);
        }
        syscall::read:return { self->asked = 0; self->at = 0; }
        END { printa("%@d %@d %@d\\n", @n, @bytes, @good); }
        """,
        commands=[shlex.join(command("read", 50, 777))],
    )
    assert shown.strip() == "50 38850 1"
