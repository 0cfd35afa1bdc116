"""The classic one-liners of DTrace, under loads of known size: the answers must be right."""

from __future__ import annotations

import os
import re
import shlex
import time
from pathlib import Path

import pytest

from tests.loads import NAME, command
from tests.programs import printed


def _load(kind: str, *arguments: int | str | Path) -> list[str]:
    return [shlex.join(command(kind, *arguments))]


def _counts(shown: str) -> dict[str, int]:
    """A default aggregation with one key."""
    return {key: int(value) for key, value in re.findall(r"(?m)^ *(\S+) +(-?\d+)$", shown)}


def test_new_processes_with_their_arguments() -> None:
    shown = printed(
        'proc:::exec-success { printf("%s\\n", curpsinfo->pr_psargs); }',
        commands=_load("exec", 3, "/bin/echo", "one two", "3"),
    )
    assert shown.split("\n").count("/bin/echo one two 3") == 3, shown


def test_files_opened_by_process(tmp_path: Path) -> None:
    path = tmp_path / "opened"
    path.touch()
    shown = printed(
        'syscall::open*:entry /pid == $target/ { printf("%s %s\\n", execname, copyinstr(arg0)); }',
        commands=_load("open", 4, path),
    )
    assert shown.split("\n").count(f"{NAME} {path}") == 4, shown


def test_system_calls_by_program() -> None:
    shown = printed("syscall:::entry { @[execname] = count(); }", commands=_load("getppid", 5000))
    assert 5000 <= _counts(shown)[NAME] < 5300, shown


def test_system_calls_by_call() -> None:
    shown = printed("syscall:::entry /pid == $target/ { @[probefunc] = count(); }", commands=_load("getppid", 5000))
    assert _counts(shown)["getppid"] == 5000, shown


def test_system_calls_by_process() -> None:
    shown = printed("syscall::getppid:entry { @[pid == $target, execname] = count(); }", commands=_load("getppid", 321))
    assert re.search(rf"(?m)^ +1  {NAME} +321$", shown), shown


def test_bytes_read_by_process() -> None:
    shown = printed("sysinfo:::readch { @[execname] = sum(arg0); }", commands=_load("read", 100, 1000))
    assert 100_000 <= _counts(shown)[NAME] < 110_000, shown


def test_bytes_written_by_process() -> None:
    shown = printed("sysinfo:::writech { @[execname] = sum(arg0); }", commands=_load("write", 100, 1000))
    assert _counts(shown)[NAME] == 100_000, shown


def test_read_sizes_as_distribution() -> None:
    shown = printed(
        "syscall::read:entry /pid == $target && execname == $$1/ { @[execname] = quantize(arg2); }",
        [NAME],
        commands=_load("read", 500, 600),
    )
    assert re.search(r"(?m)^ +512 \|@+ +500 *$", shown), shown


@pytest.mark.needs("tracepoint:block:block_rq_issue", "command:dd")
def test_disk_io_sizes_by_process(tmp_path: Path) -> None:
    directory = Path("/var/tmp")
    target = directory / f"dtrans-test-{os.getpid()}"
    device = directory.stat().st_dev
    if not Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").exists():
        pytest.skip("needs path:/var/tmp on a disk")
    try:
        shown = printed(
            'io:::start /execname == "dd"/ { @[args[0]->b_bcount] = count(); }',
            commands=[f"dd if=/dev/zero of={target} bs=65536 count=8 oflag=direct status=none"],
        )
    finally:
        target.unlink(missing_ok=True)
    assert _counts(shown)["65536"] == 8, shown


def test_page_faults_by_process() -> None:
    shown = printed("vminfo:::as_fault { @[execname] = count(); }", commands=_load("fault", 2000))
    assert 2000 <= _counts(shown)[NAME] < 2500, shown


def test_pages_paged_in_are_counted_or_refused() -> None:
    """What is read depends on the machine's memory: the program must run, and count no less than nothing."""
    shown = printed(
        'vminfo:::pgpgin { @pg[execname] = sum(arg0); } BEGIN { @pg["none"] = sum(0); }', commands=["/bin/true"]
    )
    assert min(_counts(shown).values()) >= 0, shown


def test_kernel_stacks_at_99_hertz() -> None:
    shown = printed(
        "profile-99 /arg0 && pid == $target/ { @[stack()] = count(); }", commands=_load("read", 200, 8_000_000)
    )
    assert re.search(r"(?m)^ +vmlinux`\w+\+0x[0-9a-f]+$", shown), shown


def test_user_stacks_at_99_hertz() -> None:
    shown = printed(
        "profile-99 /arg1 && pid == $target/ { @[ustack(8)] = count(); } profile-99 /pid == $target/ { @n = count(); } "
        'END { printa("samples %@d\\n", @n); }',
        commands=_load("spin", 1),
    )
    samples = re.search(r"samples (\d+)", shown)
    assert samples is not None, shown
    assert 20 <= int(samples[1]) <= 200, shown
    assert re.search(r"(?m)^ +\S+`\S+", shown), shown


def test_latency_of_reads_of_one_process() -> None:
    shown = printed(
        """
        syscall::read:entry /pid == $target/ { self->ts = timestamp; }
        syscall::read:return /self->ts/ { @time = quantize(timestamp - self->ts); @n = count(); self->ts = 0; }
        END { printa("reads %@d\\n", @n); }
        """,
        commands=_load("read", 400, 500),
    )
    found = re.search(r"reads (\d+)", shown)
    assert found is not None, shown
    # Python itself reads its modules first.
    assert 400 <= int(found[1]) < 800, shown
    assert sum(int(count) for count in re.findall(r"(?m)\|@* +(\d+) *$", shown)) == int(found[1]), shown


def test_processes_that_fork_and_exit() -> None:
    shown = printed(
        "proc:::create /pid == $target/ { @made = count(); } "
        "proc:::exit /ppid == $target/ { @gone[args[0]] = count(); }",
        commands=_load("fork", 20),
    )
    assert re.search(r"(?m)^ +20$", shown), shown
    assert re.search(r"(?m)^ +1 +20$", shown), shown


def test_signals_by_number() -> None:
    """The load ignores its signal: that is a discard, as on Solaris."""
    shown = printed(
        "proc:::signal-discard /pid == $target && args[2] == 10/ { @[args[1]->pr_fname, args[2]] = count(); }",
        commands=_load("kill", 15, 10),
    )
    assert re.search(rf"(?m)^  {NAME} +10 +15$", shown), shown


def test_time_on_cpu_follows_the_work() -> None:
    started = time.monotonic_ns()
    shown = printed(
        "sched:::on-cpu /pid == $target/ { self->on = timestamp; } "
        "proc:::exit /self->on/ { @ = sum(timestamp - self->on); self->on = 0; } "
        "sched:::off-cpu /self->on/ { @ = sum(timestamp - self->on); self->on = 0; }",
        commands=_load("spin", "0.5"),
    )
    assert 400_000_000 < int(shown.split()[-1]) < time.monotonic_ns() - started, shown


def test_calls_that_fail_by_error() -> None:
    shown = printed(
        "syscall::open*:return /pid == $target && errno == 2/ { @[errno] = count(); }",
        commands=_load("open", 25, "/no/such/file"),
    )
    assert re.search(r"(?m)^ +2 +(2[5-9]|[3-9]\d)$", shown), shown
