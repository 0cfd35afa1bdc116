"""Programs written as bpftrace scripts and run by bpftrace: they count and print what ``dtrans run`` does."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.compiled import PROBES, compiled
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
            ["bpftrace", path, *map(str, words)], stdout=out, stderr=out, env=os.environ | {ATTACHED: "1"}
        )

        def text() -> str:
            return Path(out.name).read_text()

        def stopped() -> str:
            # It may miss a signal that comes while it waits for another event.
            for _ in range(int(TIMEOUT)):
                process.send_signal(signal.SIGINT)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(1)
                    break
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
inline string LOAD = "dtransload";
syscall::write:entry /pid == $target && execname == LOAD/ {
    self->size = arg2; @["calls", execname, probefunc] = sum(1);
}
syscall::write:entry /pid == $target && execname == LOAD && arg2 > 600/ { @["large", execname, probefunc] = sum(1); }
syscall::write:return /self->size && execname == LOAD/ {
    @["asked", execname, probefunc] = sum(self->size); @["done", execname, probefunc] = sum(arg1);
    @["late", execname, probename] = sum(arg1 == self->size ? 1 : 100); self->size = 0;
}
syscall::getppid:,syscall::getpid:entry /pid == $target && execname == LOAD/ {
    @["few", probefunc, probename] = sum(1);
}
"""


def test_system_calls_are_counted_with_the_same_keys_and_sums(load: Callable[..., Load], dtrans: Run) -> None:
    want = numbers(dtrans("run", "-n", CALLS, "-c", line("write", 100, 512)).stdout)
    assert want["calls dtransload write"] == 100
    process = load("write", 100, 512)
    with tracing(pipeline(CALLS, target=True).bpftrace("x.d"), process.pid) as stopped:
        process.go()
        assert numbers(stopped()) == want


PROGRAM = (
    PROBES
    + """
#include <unistd.h>
struct pair { int first; long second; } pair = { 3, 4 };
int work(int number, char *text, struct pair *at) { at->first++; return number * 2; }
int main(int count, char **words)
{
    char go, often[] = "often", rare[] = "rare", text[] = "text"; /* On the stack, which is in memory. */
    if (count == 1)
        read(0, &go, 1);
    for (int i = 0; i < 20; i++) {
        PROBE(app, go__on, 0, "-4@%0 8@%1", "r"(i % 2), "r"(text));
        work(i, i % 4 ? often : rare, &pair);
    }
    return 0;
}
"""
)
PLACES = """#pragma D option quiet
pid$target:a.out:work:entry { self->number = arg0; @["entry", copyinstr(arg1), probefunc] = sum(1); }
pid$target:a.out:work:entry { @["member", probename, "-"] = sum(*(int *)copyin(arg2, 4)); }
pid$target:a.out:work:return /self->number >= 10/ { @["result", probefunc, probename] = sum(arg1); self->number = 0; }
app$target:a.out::go-on /arg0 == 1/ { @["site", copyinstr(arg1), execname] = sum(1); }
"""


@pytest.mark.needs("command:gcc", "feature:attach_cookie")
def test_places_in_processes_are_the_same(dtrans: Run, tmp_path: Path) -> None:
    program = compiled(tmp_path, "program", PROGRAM)
    want = numbers(dtrans("run", "-n", PLACES, "-c", f"{program} at-once").stdout)
    assert want["site text program"] == 10
    assert want["result work return"] == 2 * sum(range(10, 20))
    with subprocess.Popen([program], stdin=subprocess.PIPE) as process:
        script = pipeline(PLACES, target=True).bpftrace("x.d")
        with tracing(script, process.pid, program) as stopped:
            process.communicate(b"x")
            assert numbers(stopped()) == want


STRUCTURES = """#pragma D option quiet
syscall::write:entry /pid == $target && execname == "dtransload"/ {
    @["parent", curpsinfo->pr_fname, execname] = sum(ppid == curthread->t_procp->p_ppid);
    @["thread", stringof(curthread->comm), execname] = sum(curthread->tgid == pid);
    @["uid", execname, probefunc] = sum(curpsinfo->pr_uid == uid ? 1 : 100);
    @["file", fds[arg0].fi_name, execname] = sum(arg2);
    this->leader = (struct task_struct *)((uintptr_t)curthread->group_leader + (pid - pid));
    @["leader", this->leader->comm, execname] = sum(this->leader->tgid == pid);
    this->sum = (uintptr_t)curthread->group_leader + arg2 - 100;
    @["sum", execname, probefunc] = sum(((struct task_struct *)this->sum)->tgid == pid);
    @["at once", execname, probefunc] = sum(((struct task_struct *)((uintptr_t)curthread + arg2 - 100))->tgid == pid);
}
"""


def test_structures_of_the_kernel_have_the_same_members(load: Callable[..., Load], dtrans: Run) -> None:
    want = numbers(dtrans("run", "-n", STRUCTURES, "-c", line("write", 5, 100)).stdout)
    assert want == {
        "parent dtransload dtransload": 5,
        "thread dtransload dtransload": 5,
        "uid dtransload write": 5,
        "file null dtransload": 500,
        "leader dtransload dtransload": 5,
        "sum dtransload write": 5,
        "at once dtransload write": 5,
    }
    process = load("write", 5, 100)
    with tracing(pipeline(STRUCTURES, target=True).bpftrace("x.d"), process.pid) as stopped:
        process.go()
        assert numbers(stopped()) == want
