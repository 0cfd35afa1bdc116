"""Programs written as bpftrace scripts and run by bpftrace: they count and print what ``dtrans run`` does."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import TIMEOUT, Run
from tests.loads import Load, line
from tests.programs import pipeline, printed

pytestmark = pytest.mark.needs("command:bpftrace")

#: What bpftrace says when its probes are in place, if it is asked to by an environment variable of this name.
ATTACHED = "__BPFTRACE_NOTIFY_PROBES_ATTACHED"

LANGUAGE = r"""
#pragma D option quiet
int small; unsigned char byte; string name; uint64_t big; int table[int, string]; int divisor;
BEGIN {
    small = -7; byte = 300; name = "a\"b\\c%d\t"; big = 0xffffffffffffffff; this->k = 5; this->s = "local";
    divisor = -2;
    printf("%d %d %d %d\n", small / 2, small % 2, -8 / 3, 7 / small);
    printf("%d %d %d %d\n", small / divisor, small % divisor, 9 / divisor, 9 % divisor);
    printf("%d %d %u %x\n", small >> 1, -1 >> 4, big >> 60, big);
    printf("%d %d %d\n", big > 5, small < 3, (unsigned int)small > 5);
    printf("%d %u %d %x\n", byte, (uint8_t)257, (int8_t)200, small);
    printf("%s|%-8s|%5s|%5d|%-5d|%05d|%c%%\n", name, "ab", "cd", 42, 43, 44, 65);
    printf("%d %d %d\n", !small, ~5, small ^^ 0);
    printf("%s %s\n", small < 0 ? "neg" : "pos", this->s == "local" ? "same" : "other");
    printf("%d\n", this->k > 3 && small != 0 || big == 1);
    table[1, "x"] = 5; table[1, "x"] += 3; table[2, "y"]++; this->k = table[1, "x"]++ + ++table[2, "y"];
    printf("%d %d %d %d\n", table[1, "x"], table[2, "y"], table[3, "z"], this->k);
    self->v = 9; self->v -= 2; self->v <<= 2; self->v |= 1; self->t = "text";
    printf("%d %s\n", self->v, self->t);
    self->v = 0; self->t = 0;
    printf("%d %d\n", self->v, 1 + (2, 3));
    this->x = small < 0 ? small / 3 : small * 2; this->y = (this->x = 4) + 1;
    printf("%d %d %d\n", this->x, this->y, strlen("four"));
    printf("%d %d\n", htons(0x1234), htonl(0x12345678));
    trace("traced"); trace(12); trace((char)7);
}
BEGIN /this->k == 10/ { printf("\nfrom another clause: %d %s\n", this->k, this->s); }
BEGIN /this->k == 11/ { printf("never\n"); }
BEGIN /small < 0 && this->y / 2 == 2/ { if (this->k) { printf("then %d\n", small); } else { printf("else\n"); } }
BEGIN { exit(0); }
BEGIN { printf("after exit\n"); }
END { printf("end %d\n", small); }
"""


@contextmanager
def tracing(script: str, *words: object) -> Iterator[Callable[[], str]]:
    """bpftrace with a script, its probes in place. The function ends it, if it has not ended, and gives its output."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "out").open("w+") as out:
        path = Path(folder) / "script.bt"
        path.write_text(script)
        process = subprocess.Popen(
            ["bpftrace", "--unsafe", path, *map(str, words)], stdout=out, stderr=out, env=os.environ | {ATTACHED: "1"}
        )

        def text() -> str:
            return Path(out.name).read_text()

        def stopped() -> str:
            process.send_signal(signal.SIGINT)
            process.wait(TIMEOUT)
            assert process.returncode == 0, text()
            return text()

        try:
            while ATTACHED not in text():
                assert process.poll() is None, text()
                signal.sigtimedwait([], 0.05)
            yield stopped
        finally:
            process.kill()
            process.wait()


def numbers(text: str) -> dict[str, int]:
    """Counts and sums, as bpftrace and dtrans print them: the key's words -> the number."""
    found = re.findall(r"^@\w*\[(.*)\]: (-?\d+)$", text, re.MULTILINE) or re.findall(
        r"^  (\S.*?) +(-?\d+)$", text, re.MULTILINE
    )
    return {" ".join(key.replace(",", " ").split()): int(number) for key, number in found}


def said(text: str) -> str:
    """What a script prints, without what bpftrace says of itself."""
    lines = [
        one for one in text.split("\n") if not re.match(rf"{ATTACHED}|Attaching|ERROR: .*RLIMIT|WARNING: .*RLIMIT", one)
    ]
    return "\n".join(lines).strip()


def test_the_language_means_the_same() -> None:
    with tracing(pipeline(LANGUAGE).bpftrace("x.d")) as stopped:
        assert said(stopped()) == printed(LANGUAGE).strip()


CALLS = """#pragma D option quiet
syscall::write:entry /pid == $target/ { self->size = arg2; @["calls", execname, probefunc] = sum(1); }
syscall::write:entry /pid == $target && arg2 > 600/ { @["large", execname, probefunc] = sum(1); }
syscall::write:return /self->size && pid == $target/ {
    @["asked", execname, probefunc] = sum(self->size); @["done", execname, probefunc] = sum(arg1);
    @["late", execname, probename] = sum(arg1 == self->size ? 1 : 100); self->size = 0;
}
syscall::getppid:,syscall::getpid:entry /pid == $target/ { @["few", probefunc, probename] = sum(1); }
"""


def test_system_calls_are_counted_with_the_same_keys_and_sums(load: Callable[..., Load], dtrans: Run) -> None:
    want = numbers(dtrans("run", "-n", CALLS, "-c", line("write", 100, 512)).stdout)
    assert want["calls dtransload write"] == 100
    process = load("write", 100, 512)
    with tracing(pipeline(CALLS, target=True).bpftrace("x.d"), process.pid) as stopped:
        process.go()
        assert numbers(stopped()) == want
