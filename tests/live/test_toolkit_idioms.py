"""What scripts around D programs do, beyond one-liners: constructs that the DTraceToolkit's tools lean on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dtrans.cli.commands.install import install
from dtrans.port.translate import DROP_IN
from tests.conftest import Run

BUSY = """
#include <time.h>
volatile unsigned long sum;
__attribute__((noinline)) void spin_here(void) { for (long i = 0; i < 1000000; i++) sum += i; }
int main(void) { struct timespec t; do { spin_here(); clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); } while (!t.tv_sec);
  return 0; }
"""


def test_a_total_stands_among_the_names_of_calls(dtrace: Run) -> None:
    done = dtrace(
        "-qn",
        'syscall:::entry /pid == $target/ { @calls[probefunc] = count(); @calls["ALL"] = count(); }'
        'END { printa("%s %@d\\n", @calls); }',
        "-c",
        "/bin/cat /etc/hostname",
    )
    counts = {name: int(count) for name, count in re.findall(r"^(\w+) (\d+)$", done.stdout, re.MULTILINE)}
    total = counts.pop("ALL")
    assert counts["read"] > 0
    assert total == sum(counts.values())


@pytest.mark.parametrize(
    ("part", "text"), [("probeprov", "syscall"), ("probemod", ""), ("probefunc", "read"), ("probename", "entry")]
)
def test_a_part_of_the_probe_s_name_can_be_kept_and_joined(part: str, text: str, dtrace: Run) -> None:
    done = dtrace(
        "-qn",
        f"syscall::read:entry /pid == $target/ {{ self->what = {part};"
        '@[strjoin("<", strjoin(self->what, ">"))] = count(); }',
        "-c",
        "/bin/cat /etc/hostname",
    )
    assert f"<{text}>" in done.stdout


@pytest.mark.needs("command:gcc")
def test_sampled_addresses_of_a_command_have_names_when_it_has_ended(dtrace: Run, tmp_path: Path) -> None:
    (tmp_path / "busy.c").write_text(BUSY)
    subprocess.run(["gcc", "-O1", "-o", str(tmp_path / "busy"), str(tmp_path / "busy.c")], check=True, timeout=60)
    done = dtrace(
        "-qn",
        'profile-499hz /pid == $target/ { @[arg1] = count(); } END { printa("%A %@d\\n", @); }',
        "-c",
        str(tmp_path / "busy"),
    )
    rows = [line.split() for line in done.stdout.splitlines() if line]
    inside = sum(int(count) for name, count in rows if name.startswith("busy`spin_here"))
    assert inside * 10 > sum(int(count) for _, count in rows) * 9


def test_a_program_runs_a_second_time_from_the_cache(dtrace: Run) -> None:
    source = "BEGIN { @a[1] = count(); trunc(@a); @b[2] = count(); printa(@b); exit(0); }"
    first, second = dtrace("-qn", source), dtrace("-qn", source)
    assert first.stdout == second.stdout != ""


@pytest.mark.needs("tracepoint:block:block_rq_complete")
def test_a_clause_may_read_many_members_of_a_request(dtrace: Run) -> None:
    members = ["args[0]->b_flags", "args[0]->b_blkno", "args[0]->b_bcount", "args[1]->dev_major", "args[1]->dev_minor"]
    texts = ["args[1]->dev_statname", "args[2]->fi_pathname", "args[2]->fi_mount"]
    keys = "args[0]->b_edev, args[0]->b_blkno"
    formats = "%d " * len(members) + "%s " * len(texts)
    source = (
        f"io:::start {{ start[{keys}] = timestamp; name[{keys}] = execname; }} io:::done /start[{keys}]/ {{"
        f"this->took = timestamp - start[{keys}]; self->who = name[{keys}]; start[{keys}] = 0; name[{keys}] = 0;"
        f'printf("{formats}%d %s", {", ".join(members + texts)}, this->took, self->who);'
        f"self->who = 0; }} BEGIN {{ exit(0); }}"
    )
    assert dtrace("-qn", source).stderr == ""


def test_a_ported_wrapper_finds_the_headers_that_stood_beside_it(dtrans: Run, tmp_path: Path) -> None:
    collection, port, commands = tmp_path / "tools", tmp_path / "port", tmp_path / "bin"
    for folder in (collection, commands):
        folder.mkdir()
    (collection / "seven.h").write_text("#define SEVEN 7\n")
    program = '#include "seven.h"\nBEGIN { printf("<%d>", SEVEN); exit(0); }'
    (collection / "seven.sh").write_text(f"#!/bin/sh\ndtrace -CI . -qs /dev/stdin << END\n{program}\nEND\n")
    dtrans("port", collection, "-o", port)
    install(commands / DROP_IN)
    done = subprocess.run(
        ["./seven.sh"],
        cwd=port,
        env={**os.environ, "PATH": f"{commands}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "<7>" in done.stdout


def test_a_call_that_a_signal_interrupts_has_the_number_of_eintr(dtrace: Run) -> None:
    script = "import os, signal; signal.signal(14, lambda *_: os._exit(0)); signal.alarm(1); os.read(os.pipe()[0], 1)"
    done = dtrace(
        "-qn",
        'syscall::read:return /pid == $target && errno/ { printf("<%d>", errno); }',
        "-c",
        f"{sys.executable} -c '{script}'",
    )
    assert "<4>" in done.stdout
    assert "<51" not in done.stdout


def test_a_script_ends_a_text_that_it_has_copied_itself(dtrace: Run) -> None:
    """What shellsnoop does: one byte beyond what copyin() was asked for."""
    done = dtrace(
        "-qn",
        "syscall::write:entry /pid == $target/ { self->from = arg1; }"
        "syscall::write:return /self->from/ { this->text = (char *)copyin(self->from, arg0);"
        'this->text[arg0] = 0; printf("<%s>", stringof(this->text)); self->from = 0; }',
        "-c",
        "/bin/echo sixteen letters.",
    )
    assert "<sixteen letters.\n>" in done.stdout
    assert done.stderr == ""


def test_all_calls_of_a_command_and_its_children_are_told_with_name_and_arguments(dtrace: Run) -> None:
    """What dtruss does. Which call is which Solaris probe is asked for the name, and once more for each argument."""
    done = dtrace(
        "-qn",
        "syscall:::entry /pid == $target || progenyof($target)/"
        "{ self->one = arg0; self->two = arg1; self->three = arg2; @[probefunc] = count(); }"
        'syscall::*fork*:return /progenyof($target)/ { printf("%s=%d\\n", probefunc, (int)arg0 == 0 ? 0 : 1); }'
        "syscall::write:return, syscall::*read*:return /self->one/"
        '{ printf("%s %S.\\n", probefunc, stringof(copyin(self->two, self->three))); }'
        'syscall:::return /self->one/ { printf("%s %x %x\\n", probefunc, self->two, self->three); self->one = 0; }',
        "-c",
        f"{sys.executable} -S -E -c 'import os; os.fork() and os.wait() or os.write(1, b\"said\")'",
    )
    assert "fork1=0" in done.stdout
    assert "fork1=1" in done.stdout
    assert "write said\\0." in done.stdout


def test_two_clauses_of_a_function_both_count_its_argument(dtrace: Run) -> None:
    """What the tools do that watch malloc() under an interpreter: the register is asked for again and again."""
    own, other = "@own_sum[usym(ucaller)] = sum(arg0); @own[usym(ucaller)] = quantize(arg0);", "@rest = sum(arg0);"
    done = dtrace(
        "-qn",
        "self string name;"
        "pid$target:libc:malloc:entry /self->name != NULL/ { @sum[self->name] = sum(arg0); @all = quantize(arg0); }"
        f"pid$target:libc:malloc:entry /self->name == NULL/ {{ {own} {other} }}"
        'END { printa("%A %@d\\n", @own_sum); printa("all %@d\\n", @rest); }',
        "-c",
        "/bin/ls /",
    )
    sums = [int(number) for number in re.findall(r"^\S+ (\d+)$", done.stdout, re.MULTILINE)]
    assert len(sums) > 1
    assert sum(sums[:-1]) == sums[-1] > 0


@pytest.mark.needs("tracepoint:irq_vectors:irq_work_exit")
def test_a_tracepoint_that_allows_no_samples_can_be_traced(dtrace: Run) -> None:
    """dexplorer counts all of sdt::: and so meets it."""
    done = dtrace("-qn", 'sdt:irq_vectors::irq_work_exit { @ = count(); } BEGIN { printf("traced"); exit(0); }')
    assert done.stdout.startswith("traced")


def test_a_probe_without_arguments_tells_why(dtrace: Run) -> None:
    done = dtrace("-qn", "io:::wait-done { trace(args[0]->b_blkno); }", status=1)
    assert "[D_ARGS_NONE]" in done.stderr
    assert "not for which request" in done.stderr
