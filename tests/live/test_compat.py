"""Calls of 32-bit programs: their numbers mean other calls, so they are not told under the names of 64-bit ones."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

#: 1000 calls through the 32-bit gate, number 20 (getpid there, writev in the 64-bit table), and 500 getppid().
PROGRAM = r"""
#include <unistd.h>
#include <sys/syscall.h>
int main(void)
{
    for (int i = 0; i < 1000; i++) {
        int result;
        asm volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
    }
    for (int i = 0; i < 500; i++)
        syscall(SYS_getppid);
    return 0;
}
"""


@pytest.mark.needs("root", "bcc", "command:cc")
def test_calls_through_the_32_bit_gate_are_not_counted_as_other_calls(
    tmp_path: Path, dtrans: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    source, program = tmp_path / "gate.c", tmp_path / "gate"
    source.write_text(PROGRAM)
    subprocess.run(["cc", "-O1", "-o", program, source], check=True)
    text = "syscall:::entry /pid == $target/ { @[probefunc] = count(); }"
    result = dtrans("run", "-qn", text, "-c", str(program))
    counts = dict(line.split() for line in result.stdout.splitlines() if line.strip())
    assert counts["getppid"] == "500"
    assert "writev" not in counts
