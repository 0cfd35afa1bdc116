"""Surroundings that do not suit: closed descriptors, no room, no rights, odd bytes, and an end by kill -9."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from dtrans.run.kernel.bpf import map_ids, program_ids
from tests.conftest import command

pytestmark = pytest.mark.live

HELLO = r'BEGIN { printf("hello\n"); exit(3); }'
LONG = 120.0


def shell(text: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs a line of the shell in which $DTRACE is the command."""
    words = shlex.join(command(drop_in=True))
    done = subprocess.run(
        ["/bin/bash", "-c", text.replace("$DTRACE", words)],
        env={**os.environ, "P": HELLO, **more},
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr
    return done


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('$DTRACE -qn "$P" >&-', "Bad file descriptor"),
        ('$DTRACE -qn "$P" >/dev/full', "No space left on device"),
        ('$DTRACE -qn "$P" -o /dev/full', "No space left on device"),
        ("$DTRACE -l -P io >&-", "Bad file descriptor"),
        ("$DTRACE -l -P io >/dev/full", "No space left on device"),
    ],
)
def test_output_that_cannot_be_written_is_told(line: str, reason: str) -> None:
    done = shell(line)
    assert done.returncode == 1
    assert done.stderr.endswith(f": cannot write the output: {reason}\n")


@pytest.mark.parametrize("where", ["2>&-", "2>/dev/full", "2</dev/null"])
def test_messages_that_cannot_be_written_are_no_reason_to_fail(where: str) -> None:
    faulty = r'BEGIN { printf("%d\n", *(int *)0); } BEGIN { printf("hello\n"); exit(3); }'
    done = shell(f"$DTRACE -n {shlex.quote(faulty)} {where}")
    assert done.returncode == 3
    assert "hello" in done.stdout


def test_closed_standard_descriptors_are_not_taken_by_other_files(tmp_path: Path) -> None:
    # A map of the kernel under number 1 would be what the shell of system() writes to.
    text = r'BEGIN { printf("kept\n"); system("echo lost"); exit(3); }'
    done = shell(f"$DTRACE -wqn {shlex.quote(text)} -o {tmp_path}/out <&- >&- 2>&-")
    assert done.returncode == 3
    assert (tmp_path / "out").read_text() == "kept\n\n"


@pytest.mark.parametrize(
    "line",
    [
        "mkdir $T/gone; cd $T/gone; rmdir $T/gone",
        "export XDG_CACHE_HOME=$T/file; touch $T/file",
        "unset HOME XDG_CACHE_HOME",
        "export LC_ALL=C",
        "ulimit -l 8",
        "ulimit -n 12",
    ],
)
def test_it_traces_all_the_same(line: str, tmp_path: Path) -> None:
    # An empty cache: the compiler runs there too.
    prepared = f"T={tmp_path}; export XDG_CACHE_HOME=$T/cache; {line}; "
    done = shell(prepared + '$DTRACE -qn "$P"')
    assert (done.returncode, done.stdout, done.stderr) == (3, "hello\n\n", "")


@pytest.mark.parametrize("most", [5, 7, 10])
def test_too_few_open_files_are_told_where_the_limit_cannot_be_raised(most: int) -> None:
    done = shell(f'ulimit -n {most}; $DTRACE -qn "$P"')
    assert done.returncode == 3 or "Too many open files" in done.stderr
    assert "fault of dtrans" not in done.stderr


def test_a_compiler_without_memory_or_room_is_told() -> None:
    for limit in ("ulimit -v 100000", "ulimit -f 0"):
        done = shell(f'{limit}; HOME=/dev/null XDG_CACHE_HOME=/dev/null $DTRACE -qn "$P"')
        assert done.returncode == 1
        assert "dtrace: the compiler " in done.stderr
        assert "hint: " in done.stderr


def test_a_damaged_cache_is_made_anew(tmp_path: Path) -> None:
    cache = tmp_path / "dtrans"
    for damage in (b"", b"garbage", None):
        assert shell('$DTRACE -qn "$P"', XDG_CACHE_HOME=str(tmp_path)).returncode == 3
        entries = [entry for entry in cache.rglob("*") if entry.is_file()]
        assert entries
        for entry in entries:
            entry.write_bytes(entry.read_bytes()[:-100] if damage is None else damage)
    assert shell('$DTRACE -qn "$P"', XDG_CACHE_HOME=str(tmp_path)).stdout == "hello\n\n"


def test_without_rights_the_reason_is_told_also_where_home_is_another_users(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    for line in ('-qn "$P"', "-ln syscall::read:entry"):
        done = shell(
            f"setpriv --reuid 65534 --regid 65534 --clear-groups $DTRACE {line}",
            HOME=str(tmp_path),
            XDG_CACHE_HOME=str(tmp_path / "cache"),
        )
        assert done.returncode == 1
        assert "no permission to " in done.stderr


def test_bytes_that_are_no_text_are_kept(tmp_path: Path) -> None:
    script = tmp_path / "bytes.d"
    script.write_bytes(b'/* \xff */ BEGIN { printf("\xe2\x82\xac \xff%s\\n", "\xfe"); exit(0); }')
    done = subprocess.run(
        command("-qs", script, drop_in=True),
        env={**os.environ, "LC_ALL": "C"},
        capture_output=True,
        timeout=LONG,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"\xe2\x82\xac \xff\xfe\n\n", b"")


# --- kill -9 ----------------------------------------------------------------------------------------------------------


def held(pid: int) -> Mapping[str, set[int]]:
    """The ids of the programs and maps that a process holds in the kernel."""
    found: dict[str, set[int]] = {"prog_id": set(), "map_id": set()}
    with contextlib.suppress(OSError):
        for file in Path(f"/proc/{pid}/fdinfo").iterdir():
            with contextlib.suppress(OSError):
                for line in file.read_text().splitlines():
                    name, _, value = line.partition(":")
                    if name in found:
                        found[name].add(int(value))
    return found


def count(ids: Mapping[str, set[int]]) -> int:
    return sum(map(len, ids.values()))


@pytest.mark.parametrize("enough", [1, 3, 5, 6, 7])
def test_nothing_stays_in_the_kernel_after_kill_9(enough: int) -> None:
    """Killed as soon as it holds some maps, or programs too, or all, and traces."""
    text = "syscall:::entry /pid == $pid/ { @[probefunc] = count(); self->a = 1; } profile-97hz { @c = count(); }"
    tracer = subprocess.Popen(command("-qn", text, drop_in=True), stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + LONG
        while count(ids := held(tracer.pid)) < enough and tracer.poll() is None:
            assert time.monotonic() < deadline
        assert tracer.poll() is None
    finally:
        tracer.send_signal(signal.SIGKILL)
        tracer.wait()
    while ids["prog_id"] & program_ids() or ids["map_id"] & map_ids():
        assert time.monotonic() < deadline, "a program or a map is still there"
        time.sleep(0.05)


@pytest.mark.needs("tracepoint:syscalls:sys_enter_getppid")
def test_nothing_stays_of_many_probes_that_the_kernel_is_slow_to_detach_and_they_fire_no_more() -> None:
    """The tracer makes system calls after its END too, which are not to be counted."""
    text = """BEGIN { printf("ready\\n"); } END { ended = 1; printf("end\\n"); }
        sdt:syscalls::sys_enter_[bmw]* /pid == $pid && ended/ { @[probename] = sum(arg0); }"""
    tracer = subprocess.Popen(command("-qn", text, drop_in=True), stdout=subprocess.PIPE)
    assert tracer.stdout is not None
    assert tracer.stdout.readline() == b"ready\n"
    deadline = time.monotonic() + LONG
    ids = held(tracer.pid)
    tracer.send_signal(signal.SIGINT)
    out, _ = tracer.communicate(timeout=LONG)
    assert tracer.returncode == 0
    assert out == b"\nend\n\n"
    while ids["prog_id"] & program_ids() or ids["map_id"] & map_ids():
        assert time.monotonic() < deadline, "a program or a map is still there"
        time.sleep(0.05)


def test_no_file_is_left_by_a_kill_9_while_the_compiler_works(tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    surroundings = {**os.environ, "TMPDIR": str(temporary), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    clauses = "".join(f'BEGIN {{ printf("%s", substr(execname, {n})); }}' for n in range(30))
    tracer = subprocess.Popen(command("-qn", clauses, drop_in=True), stdout=subprocess.DEVNULL, env=surroundings)
    children = Path(f"/proc/{tracer.pid}/task/{tracer.pid}/children")
    try:
        deadline = time.monotonic() + LONG
        while not (compilers := children.read_text().split()):
            assert tracer.poll() is None
            assert time.monotonic() < deadline
    finally:
        tracer.send_signal(signal.SIGKILL)
        tracer.wait()
    while any(Path(f"/proc/{compiler}").exists() for compiler in compilers):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert list(temporary.iterdir()) == []
