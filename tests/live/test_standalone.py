"""Printed programs on the running kernel: they print what ``dtrans run`` prints, with nothing but Python and BCC."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.conftest import TIMEOUT, Run
from tests.loads import command

#: The distribution's own Python, which knows nothing of dtrans and of its libraries.
PYTHON = "/usr/bin/python3"

FORMATS = 'BEGIN { printf("%s|%5d|%-4x|%c\\n", "a\\"\\"\\"b\\\\", 42, 255, 65); trace("\'\'\'"); exit(3); }'
AGGREGATIONS = """#pragma D option quiet
BEGIN {
    @q["x", 1] = quantize(1); @q["x", 1] = quantize(100); @q["y", 2] = quantize(-5); @c["x", 1] = count();
    @l["z"] = lquantize(7, 0, 10, 2); @w["z"] = lquantize(7, 0, 10000, 1, 3);
    @s["q"] = sum(10); @v["q"] = avg(3); @d["q"] = stddev(4); @m = max(3);
    printa("%s %d %@d\\n", @q); printa(@l); printa("%s %d %@d\\n", @c); exit(0);
}
END { normalize(@s, 5); trunc(@v, 1); clear(@d); }
"""
FAULT = """BEGIN { x = *(int *)0; printf("never"); }
ERROR { printf("fault %d in action %d", arg4, arg2); }
tick-10ms { exit(4); }
"""
TICKS = """BEGIN { i = 0; @c["a"] = sum(1); @c["b"] = sum(2); @c["c"] = sum(3); }
tick-10ms /i < 3/ { i++; printf("tick %d", i); @c["a"] = sum(5); }
tick-10ms /i == 3/ { trunc(@c, 2); printa(@c); trunc(@c); exit(7); }
"""
CALLS = """#pragma D option quiet
syscall::getppid:entry /pid == $target/ { self->since = timestamp; self->calls++; }
syscall::getppid:return /self->since/ {
    @calls[probefunc] = count(); @most = max(self->calls); @late["later"] = sum(timestamp > self->since);
    self->since = 0;
}
"""


DRAWN = """#pragma D option quiet
#pragma D option agghist
#pragma D option aggpack
BEGIN { @c["x"] = sum(3); @c["y"] = sum(1); @q["x"] = quantize(5); print(*curthread->sched_class); exit(0); }
"""
FLOW = """#pragma D option quiet
#pragma D option flowindent
syscall::getppid:entry, syscall::getppid:return /pid == $target && ++self->n < 9/ { trace("x"); }
"""


def alone(path: Path, *words: str, python: str = PYTHON) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(path.parent)}
    return subprocess.run(
        [python, "-I", path, *words], env=environment, capture_output=True, text=True, check=False, timeout=TIMEOUT
    )


def translated(dtrans: Run, text: str, tmp_path: Path) -> tuple[Path, Path]:
    script, program = tmp_path / "x.d", tmp_path / "x.py"
    script.write_text(text)
    dtrans("translate", script, "-o", program)
    return script, program


@pytest.mark.parametrize(
    ("text", "status", "load"),
    [
        pytest.param(FORMATS, 3, False, id="printf and trace"),
        pytest.param(AGGREGATIONS, 0, False, id="aggregations of two keys"),
        pytest.param(FAULT, 4, False, id="a fault and ERROR"),
        pytest.param(TICKS, 7, False, id="ticks and trunc"),
        pytest.param(CALLS, 0, True, id="thread-local variables and a command"),
        pytest.param(DRAWN, 0, False, id="drawn aggregations and a structure with functions"),
        pytest.param(FLOW, 0, True, id="flow indentation"),
    ],
)
def test_a_printed_program_prints_what_dtrans_run_prints(
    dtrans: Run, tmp_path: Path, text: str, status: int, load: bool
) -> None:
    script, program = translated(dtrans, text, tmp_path)
    words = ("-c", shlex.join(command("getppid", 500))) if load else ()
    # The CPU that BEGIN and the clock fire on is the kernel's choice: one for both.
    pinned = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(pinned)})
    try:
        ours = dtrans("run", script, *words, status=status)
        its = alone(program, *words)
    finally:
        os.sched_setaffinity(0, pinned)
    assert its.returncode == status, its.stderr
    assert (its.stdout, its.stderr) == (ours.stdout, ours.stderr)
    assert its.stdout.strip()


def test_stacks_have_names_in_a_printed_program(dtrans: Run, tmp_path: Path) -> None:
    text = "#pragma D option quiet\nsyscall::getppid:entry /pid == $target/ { @[ustack(2)] = count(); }"
    _, program = translated(dtrans, text, tmp_path)
    done = alone(program, "-c", shlex.join(command("getppid", 100)))
    assert "`" in done.stdout, done.stdout + done.stderr


@pytest.mark.needs("tracepoint:block:block_rq_issue")
def test_disk_requests_are_seen_by_a_printed_program(dtrans: Run, tmp_path: Path) -> None:
    text = '#pragma D option quiet\nio:::start { @["bytes"] = sum(args[0]->b_bcount); }'
    _, program = translated(dtrans, text, tmp_path)
    written = tmp_path / "written"
    done = alone(program, "-c", f"/bin/dd if=/dev/zero of={written} bs=4k count=16 conv=fsync")
    assert done.returncode == 0, done.stderr


def test_output_goes_to_the_file_of_o(dtrans: Run, tmp_path: Path) -> None:
    _, program = translated(dtrans, FORMATS, tmp_path)
    done = alone(program, "-o", str(tmp_path / "out"))
    assert done.stdout == ""
    assert "42|ff" in (tmp_path / "out").read_text()


def test_the_compiled_program_is_kept_for_the_next_start(dtrans: Run, tmp_path: Path) -> None:
    """Both ways to run a program share what was compiled: it is the same C text."""
    _, program = translated(dtrans, FORMATS, tmp_path)
    environment = {"PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    for _ in range(2):
        subprocess.run([PYTHON, "-I", program], env=environment, capture_output=True, check=False, timeout=TIMEOUT)
        kept = list((tmp_path / "cache" / "dtrans").glob("object-*"))
        assert len(kept) == 1


def test_a_missing_bcc_is_told_in_a_paragraph(dtrans: Run, tmp_path: Path) -> None:
    """In a mount namespace of its own where BCC's folder is empty."""
    _, program = translated(dtrans, FORMATS, tmp_path)
    hide = 'for d in /usr/lib/python3*/*-packages/bcc; do mount -t tmpfs none $d; done; exec "$@"'
    done = subprocess.run(
        ["/usr/bin/unshare", "-m", "/bin/sh", "-c", hide, "sh", PYTHON, "-I", program],
        env={"PATH": "/usr/bin:/bin:/sbin", "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT,
    )
    assert done.returncode == 1
    assert "[D_NO_BCC]" in done.stderr
    assert "install the package python3-bpfcc" in done.stderr
    assert "Traceback" not in done.stderr
