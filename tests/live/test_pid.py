"""The pid provider: functions of processes, in programs whose calls are known."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from dtrans.run.kernel import uprobes
from dtrans.run.kernel.host import HostFacts
from dtrans.run.processes.elf import ElfFile
from tests.compiled import PROBES, compiled
from tests.conftest import Run, command
from tests.programs import printed

pytestmark = pytest.mark.needs("command:gcc", "feature:attach_cookie")

_CALLS = """
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static int hidden(int x) { asm volatile(""); return x * 2; }
long many(long a, long b, long c, long d, long e, long f, long g, long h) { asm volatile(""); return a - h; }
int work(int x) { asm volatile(""); return hidden(x) + 1; }
static void *thread(void *unused) { for (int i = 0; i < 100; i++) work(i); return unused; }
int main(int count, char **words)
{
    char go;
    if (count > 1)
        read(0, &go, 1);
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], 0, thread, 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], 0);
    int child = fork();
    if (!child) {
        for (int i = 0; i < 50; i++)
            work(i);
        _exit(0);
    }
    waitpid(child, 0, 0);
    many(1, 2, 3, 4, 5, 6, 7, -8);
    void *volatile memory = malloc(12345 + work(20));
    free(memory);
    return 0;
}
"""


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """201 calls of work in two threads and one, 50 more in a child; one of many; one malloc of 12386 bytes."""
    return compiled(tmp_path_factory.mktemp("pid"), "calls", _CALLS)


@pytest.fixture
def waiting(calls: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The same program, which begins when it gets a byte."""
    with subprocess.Popen([calls, "wait"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_entry_and_return_in_all_threads_and_not_in_a_child(dtrace: Run, calls: Path) -> None:
    program = """
        pid$target:calls:work:entry, pid$target:a.out:hidden:entry { @[probemod, probefunc, probename] = count(); }
        pid$target:a.out:work:return { @sum = sum(arg1); @[probemod, probefunc, probename] = count(); }
        END { printa("%s %s %s %@d\\n", @); printa("%@d\\n", @sum); }
    """
    done = dtrace("-q", "-n", program, "-c", calls)
    # Twice the sum of 2i + 1 for i below 100, and 41.
    assert done.stdout.splitlines()[:4] == [
        "a.out hidden entry 201",
        "a.out work entry 201",
        "a.out work return 201",
        str(2 * (9900 + 100) + 41),
    ]


def test_arguments_by_the_calling_convention_and_the_names_of_the_probe(dtrace: Run, calls: Path) -> None:
    program = """
        pid$target:a.out:many:entry
        {
            printf("%d %d %d %d %d %d %d %d\\n", arg0, arg1, arg2, arg3, arg4, arg5, arg6, arg7);
            printf("%d %s %s %s\\n", probeprov == strjoin("pid", lltostr($target)), probemod, probefunc, probename);
            self->caller = ucaller;
            usym(self->caller);
            printf("\\n");
        }
        pid$target:a.out:many:return { printf("%d %d\\n", arg1, ucaller == self->caller); }
    """
    done = dtrace("-q", "-n", program, "-c", calls)
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    assert lines == ["1 2 3 4 5 6 7 -8", "1 a.out many entry", "calls`main", "9 1"]


def test_libraries_by_the_start_of_their_name_and_clauses_in_their_order(dtrace: Run, calls: Path) -> None:
    program = """
        pid$target:libc:malloc:entry { this->size = arg0; }
        pid$target:libc*:mall*:entry /arg0 == 12386/ { printf("glob %d %s %s\\n", this->size, probemod, probefunc); }
        pid$target:libc.so:malloc:entry /this->size == 12386/ { printf("last\\n"); self->pointer = 1; }
        pid$target:libc:free:entry /self->pointer/ { exit(3); }
    """
    done = dtrace("-q", "-n", program, "-c", calls, status=3)
    assert done.stdout.split("\n")[:2] == ["glob 12386 libc.so.6 malloc", "last"]


def traced(waiting: subprocess.Popen[bytes], *arguments: str) -> str:
    """What a tracer prints of a waiting process, which goes on when all probes are in place."""
    program = 'tick-50ms /!told++/ { printf("go\\n"); } tick-1s /seconds++ > 30/ { exit(9); }'
    line = command("-q", "-x", "switchrate=50hz", *arguments, "-n", program, drop_in=True)
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as tracer:
        assert tracer.stdout
        assert waiting.stdin
        assert tracer.stdout.readline() == "go\n"
        waiting.stdin.write(b"x")
        waiting.stdin.flush()
        told, _ = tracer.communicate(timeout=60)
    assert tracer.returncode == 0
    return told


def test_a_process_that_runs(waiting: subprocess.Popen[bytes]) -> None:
    program = """
        pid$target::work:entry { @["target", pid == $target, tid == pid] = count(); }
        END { printa("%s %d %d %@d\\n", @); }
    """
    assert traced(waiting, "-n", program, "-p", str(waiting.pid)) == "target 1 1 1\ntarget 1 0 200\n\n"


def test_a_process_by_its_number_and_two_tracers_at_once(waiting: subprocess.Popen[bytes]) -> None:
    words = ["-q", "-n", f"pid{waiting.pid}::work:entry {{ @ = count(); }} pid{waiting.pid}::exit:entry {{ exit(0); }}"]
    program = f'{words[2]} tick-50ms /!told++/ {{ printf("go\\n"); }}'
    first = subprocess.Popen(command("-q", "-n", program, drop_in=True), stdout=subprocess.PIPE, text=True)
    with first:
        assert first.stdout
        assert first.stdout.readline() == "go\n"
        assert traced(waiting, "-n", "pid$target::work:entry { @ = count(); }", "-p", str(waiting.pid)).split() == [
            "201"
        ]
        assert first.communicate(timeout=60)[0].split() == ["201"]


def test_the_stack_of_a_process_begins_at_the_function(dtrace: Run, calls: Path) -> None:
    done = dtrace("-q", "-n", "pid$target::many:entry { ustack(); exit(0); }", "-c", calls)
    frames = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    assert frames[0] == "calls`many"


def test_addresses_of_a_process_are_numbers_where_they_are_not_to_be_resolved(dtrace: Run, calls: Path) -> None:
    clause = (
        'pid$target::many:entry { @[usym(ucaller), ufunc(ucaller)] = count(); printf("%A", uregs[R_PC]); ustack(1); }'
    )
    shown = dtrace("-q", "-x", "noresolve", "-n", clause, "-c", calls).stdout.split()
    assert shown
    assert all(re.fullmatch(r"0x[0-9a-f]+|\d+", word) for word in shown)


def test_instructions_by_their_offset_and_all_of_them(dtrace: Run, tmp_path: Path) -> None:
    text = "int work(int x) { return 3 * x + 1; } int main(void) { return work(7) - 22; }"
    program = compiled(tmp_path, "plain", text)
    done = dtrace(
        "-q", "-n", "pid$target::work:0 { trace((int)arg0); } pid$target::work: { @ = count(); }", "-c", program
    )
    first, *rest = done.stdout.split()
    # Besides entry and return there are two or more instructions, each passed once.
    assert first == "7"
    assert int(rest[0]) >= 4
    done = dtrace("-n", "pid$target::work:1", "-c", program, status=1)
    assert "'1' is no probe of work" in done.stderr


def test_libraries_that_are_loaded_later(dtrace: Run, tmp_path: Path) -> None:
    library = compiled(tmp_path, "later.so", "int later(int x) { return x; }", "-shared", "-fPIC")
    text = f"""
        #include <dlfcn.h>
        #include <unistd.h>
        int main(void)
        {{
            int (*later)(int) = dlsym(dlopen("{library}", RTLD_NOW), "later");
            sleep(2);
            for (int i = 0; i < 5; i++)
                later(i);
            return 0;
        }}
    """
    clause = "pid$target:later:later:entry { @[probemod, probefunc] = count(); }"
    done = dtrace("-Zqn", clause, "-c", compiled(tmp_path, "loads", text))
    assert done.stdout.split() == ["later.so", "later", "5"]


def test_a_tracer_that_is_killed_leaves_no_place_traced(waiting: subprocess.Popen[bytes]) -> None:
    """The breakpoint in the process is the function's first byte, 0xcc on x86-64, for as long as it is traced."""
    assert waiting.stdin
    program = 'pid$target::work:entry { exit(0); } tick-50ms { printf("go\\n"); }'
    line = command("-q", "-x", "switchrate=50hz", "-n", program, "-p", str(waiting.pid), drop_in=True)
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as tracer:
        assert tracer.stdout
        assert tracer.stdout.readline() == "go\n"
        before = _code(waiting.pid)
        tracer.kill()
        tracer.wait()
    deadline = time.monotonic() + 60
    while _code(waiting.pid) == before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert _code(waiting.pid) != before
    waiting.communicate(b"x")
    assert waiting.returncode == 0


def _code(pid: int) -> bytes:
    """The first instruction of work, as the process has it."""
    executable = Path(f"/proc/{pid}/exe").resolve()
    (function,) = (one for one in ElfFile(executable).functions if one.name == "work")
    starts = [
        line.split("-")[0] for line in Path(f"/proc/{pid}/maps").read_text().splitlines() if str(executable) in line
    ]
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        memory.seek(int(starts[0], 16) + function.address)
        return memory.read(4)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("pid$target:libnowhere:malloc:entry", "has no module 'libnowhere': it has a.out, "),
        ("pid$target:libc:setjmp:return", "setjmp is there, but its 'return' cannot be traced"),
        ("pidd:::entry", "did you mean pid$target"),
        ("pid:::entry", "name one, as in pid$target or pid1234"),
    ],
)
def test_what_is_not_there_is_told_where_it_is_written(dtrace: Run, calls: Path, text: str, hint: str) -> None:
    done = dtrace("-n", f"BEGIN {{ }}\n{text}", "-c", calls, status=1)
    assert f"-n:2:1: error: probe description {text} does not match any probes [D_PDESC_ZERO]" in done.stderr
    assert hint in done.stderr
    dtrace("-Z", "-q", "-n", f"BEGIN {{ exit(0); }} {text}", "-c", calls)


@pytest.mark.parametrize(
    ("text", "told", "hint"),
    [
        ("libc:mallox:entry", "failed to lookup 'mallox' in module 'libc' [D_PROC_FUNC]", "did you mean malloc"),
        ("a.out:wrok:return", "failed to lookup 'wrok' in module 'a.out' [D_PROC_FUNC]", "did you mean work?"),
        ("libc:qqxxzzyyw:entry", "module 'libc' [D_PROC_FUNC]", "'nm' and 'nm -D' list the functions"),
        ("libc:malloc:enter", "'enter' is an invalid probe name [D_PROC_NAME]", "those are entry, return"),
        ("libc:malloc:fffff", "offset 0xfffff outside of function 'malloc' [D_PROC_OFF]", "offsets of instructions"),
    ],
)
def test_what_one_function_lacks_is_told_precisely(dtrace: Run, calls: Path, text: str, told: str, hint: str) -> None:
    done = dtrace("-n", f"pid$target:{text}", "-c", calls, status=1)
    assert told in done.stderr
    assert hint in done.stderr


def test_a_provider_of_process_0_is_none(dtrace: Run) -> None:
    assert "'pid0' does not contain a valid pid [D_PROC_BADPID]" in dtrace("-n", "pid0:::entry", status=1).stderr


def test_a_process_must_be_named(dtrace: Run) -> None:
    assert "macro variable $target is not defined" in dtrace("-n", "pid$target:::entry", status=1).stderr
    assert "name one, as in pid$target or pid1234" in dtrace("-n", "pid:::entry", status=1).stderr
    assert "failed to grab process 99999999" in dtrace("-n", "pid99999999:::entry", status=1).stderr


def test_how_far_a_command_runs_before_its_functions_are_looked_for(dtrace: Run, calls: Path) -> None:
    program = "pid$target:libc::entry { exit(0); }"
    for moment in ("preinit", "postinit", "main"):
        dtrace("-q", "-x", f"evaltime={moment}", "-n", program, "-c", calls)
    done = dtrace("-q", "-x", "evaltime=exec", "-n", program, "-c", calls, status=1)
    assert "has no module 'libc'" in done.stderr


def test_a_command_that_is_traced_from_exec_on_is_traced_in_its_libraries_too(dtrace: Run, calls: Path) -> None:
    clauses = """
        pid$target::_dl_start:entry, pid$target::work:entry, pid$target::malloc:entry /probemod == "libc.so.6" || arg0/
        { @[probemod, probefunc] = count(); }
        pid$target:libc:__libc_start_main*:entry { started = 1; }
        END { printa("%s %s %@d\\n", @); printf("started %d", started); }"""
    done = dtrace("-qZ", "-x", "evaltime=exec", "-n", clauses, "-c", calls)
    counts = {words[1]: int(words[2]) for words in map(str.split, done.stdout.splitlines()) if len(words) == 3}
    assert {"_dl_start", "work", "malloc"} <= set(counts)
    assert counts["_dl_start"] == 1
    assert "started 1" in done.stdout


def test_code_before_main_is_seen_from_preinit_on(dtrace: Run, tmp_path: Path) -> None:
    text = """
        int early(int x) { asm volatile(""); return x; }
        __attribute__((constructor)) static void begin(void) { early(1); }
        int main(void) { return early(2) - 2; }
    """
    program = compiled(tmp_path, "early", text)
    for moment, count in (("preinit", 2), ("main", 1)):
        clause = "pid$target::early:entry { @ = count(); }"
        assert dtrace("-q", "-x", f"evaltime={moment}", "-n", clause, "-c", program).stdout.split() == [str(count)]


#: Functions that begin with a vector instruction: one that is none of the kernel's business, and one whose opcode is
#: that of a jump for it: then the vector would not have been copied.
_VECTORS = """
long low(long x), same(long x);
static long put(long x) { asm volatile("vmovq %0, %%xmm1" : : "r"(x) : "xmm1"); return same(x); }
asm("low: vxorps %xmm0, %xmm0, %xmm0\\n mov %rdi, %rax\\n ret\\n .type low, @function\\n .size low, .-low\\n"
    "same: vpor %xmm1, %xmm1, %xmm0\\n vmovq %xmm0, %rax\\n ret\\n .type same, @function\\n .size same, .-same\\n"
    ".globl low, same");
int main(void) { for (long i = 0; i < 50; i++) if (low(i) != i || put(i) != i) return 1; return 0; }
"""
_BROADCAST = """
long spread(long x);
asm("spread: vpbroadcastq %rdi, %ymm17\\n mov %rdi, %rdx\\n vmovq %xmm17, %rax\\n ret\\n"
    ".type spread, @function\\n .size spread, .-spread\\n .globl spread");
int main(void) { for (long i = 0; i < 50; i++) if (spread(i) != i) return 1; return 0; }
"""


@pytest.mark.needs("machine:x86_64", "cpu:avx")
def test_functions_that_the_kernel_would_break_are_not_traced(dtrace: Run, tmp_path: Path) -> None:
    """The program exits with status 0: it has met no wrong value."""
    program = compiled(tmp_path, "vectors", _VECTORS)
    done = dtrace(
        "-n", "pid$target:a.out:low:entry, pid$target:a.out:same:entry { @[probefunc] = count(); }", "-c", program
    )
    assert done.stdout.split() == ["low", "50"]
    assert "1 place in processes cannot be traced" in done.stderr
    assert "exited with status" not in done.stderr


@pytest.mark.needs("machine:x86_64", "cpu:avx512vl")
def test_a_function_that_begins_with_a_broadcast_is_traced_behind_it(dtrace: Run, tmp_path: Path) -> None:
    program = compiled(tmp_path, "broadcast", _BROADCAST)
    clauses = """
        pid$target:a.out:spread:entry { @ = sum(arg0); self->in = arg0; }
        pid$target:a.out:spread:return /arg1 == self->in/ { @ = sum(1000); }"""
    done = dtrace("-n", clauses, "-c", program)
    assert done.stdout.split() == [str(sum(range(50)) + 50 * 1000)]
    assert "exited with status" not in done.stderr
    assert "cannot be traced" not in done.stderr


def test_programs_without_libraries_and_at_fixed_addresses(dtrace: Run, tmp_path: Path) -> None:
    text = "int work(int x) { return x + 1; } int main(void) { return work(1) + work(2) - 5; }"
    for flags in (("-static",), ("-no-pie",)):
        program = compiled(tmp_path, "plain", text, *flags)
        done = dtrace("-q", "-n", "pid$target::work:return { @[arg1] = count(); }", "-c", program)
        assert done.stdout.split() == ["2", "1", "3", "1"]


def test_without_links_of_many_places_each_has_a_perf_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on kernels before 6.10. Functions, sites with a semaphore, and their clauses."""
    feature = HostFacts.feature
    monkeypatch.setattr(HostFacts, "feature", lambda self, name: name != "uprobe_multi" and feature(self, name))
    text = (
        PROBES
        + """
        SEMAPHORE(app_costly);
        int one(int n) { return n + 1; }
        int two(int n) { if (app_costly) PROBE(app, costly, app_costly, "-4@%0", "r"(n)); return one(n) * 2; }
        int main(void) { for (int i = 0; i < 5; i++) two(i); return 0; }
    """
    )
    program = compiled(tmp_path, "places", text)
    shown = printed(
        r"""
        pid$target:a.out:one:entry, pid$target:a.out:two:entry { @[probefunc, probename] = sum(arg0); }
        pid$target:a.out:one:return, pid$target:a.out:two:return { @[probefunc, probename] = sum(arg1); }
        app$target:::costly { @[probefunc, probename] = sum(arg0); }
        END { printa("%s %s %@d\n", @); }
        """,
        commands=[str(program)],
    )
    assert sorted(filter(None, shown.splitlines())) == [
        "one entry 10", "one return 15", "two costly 10", "two entry 10", "two return 30",
    ]  # fmt: skip


@pytest.mark.needs("machine:x86_64", "enumerator:BPF_TRACE_UPROBE_MULTI")
def test_instructions_that_the_kernel_refuses_are_told_and_cost_a_call_for_each_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Places were once sought out by halves: each call waits for tens of milliseconds, and libc.so has 23 such."""
    made: list[int] = []
    link_places = uprobes.link_places

    def spied(program: int, path: str, places: Sequence[uprobes.Place], pid: int | None, *, entry: bool) -> int:
        made.append(len(places))
        return link_places(program, path, places, pid, entry=entry)

    monkeypatch.setattr(uprobes, "link_places", spied)
    counter = "long counter;"
    locked = "".join(
        f'asm(".text\\n.type locked{n},@function\\nlocked{n}: lock incl counter(%rip)\\n ret\\n'
        f'.size locked{n},.-locked{n}");'
        for n in range(3)
    )
    vector = "".join(
        f'asm(".text\\n.type vector{n},@function\\nvector{n}: vmovd %edi,%xmm0\\n ret\\n.size vector{n},.-vector{n}");'
        for n in range(3)
    )
    usual = "".join(f"int usual{n}(int x) {{ return x + {n}; }}" for n in range(50))
    calls = "+".join(f"usual{n}(1)" for n in range(50))
    text = f"{counter} {locked} {vector} {usual} int main(void) {{ volatile int x = {calls}; return 0; }}"
    program = compiled(tmp_path, "refused", text)
    shown = printed("pid$target:a.out::entry { @[substr(probefunc, 0, 5)] = count(); }", commands=[str(program)])
    assert shown.split()[-2:] == ["usual", "50"]
    assert sorted(made)[:-1] == [1, 1]
    assert made[0] > 50


#: Functions with known offsets: of two returns, of a jump to another function always, perhaps, or by a register.
_EXITS = """
asm(".text\\n"
    ".type both,@function\\nboth: test %edi,%edi\\n jne 1f\\n mov $1,%eax\\n ret\\n"
    "1: mov $2,%eax\\n ret\\n.size both,.-both\\n"
    ".type tail,@function\\ntail: sub $1,%edi\\n jmp both\\n.size tail,.-tail\\n"
    ".type maybe,@function\\nmaybe: test %edi,%edi\\n je both\\n mov $9,%eax\\n ret\\n.size maybe,.-maybe\\n"
    ".type data,@function\\ndata: mov $7,%eax\\n ret\\n.byte 6\\n.size data,.-data\\n"
    ".type through,@function\\nthrough: lea both(%rip),%rax\\n jmp *%rax\\n.size through,.-through\\n");
int both(int), tail(int), maybe(int), through(int), data(void);
int deep(int n) { asm volatile(""); return n ? deep(n - 1) + both(n) : 0; }
int main(void)
{
    both(0), both(1), tail(1), tail(2), maybe(0), maybe(1), through(0), data();
    return deep(3) != 6;
}
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="needs the machine x86_64")
def test_a_return_tells_by_which_instruction_it_was_and_what_it_returned(dtrace: Run, tmp_path: Path) -> None:
    program = compiled(tmp_path, "exits", _EXITS)
    text = """
        uint64_t last;
        int same;
        pid$target:a.out:both:return, pid$target:a.out:tail:return, pid$target:a.out:maybe:return,
        pid$target:a.out:through:return { printf("%s+0x%x=%d ", probefunc, arg0, arg1); }
        pid$target:a.out:data:return { printf("data=%d ", arg1); }
        pid$target:a.out:data:return { printf("%d", arg0); }
        ERROR { printf("error "); }
        pid$target:a.out:deep:return { deep++; same += (arg0 == last || !last); last = arg0; }
        END { printf("\\n%d %d %d\\n", deep, same, last > 0); }"""
    done = dtrace("-q", "-n", text, "-c", str(program))
    first, second = filter(str.strip, done.stdout.splitlines())
    inner = ["both+0x9=1", "both+0xf=2"]
    alone = [*inner, inner[0], "tail+0x3=1", inner[1], "tail+0x3=2"]
    assert first.split()[:6] == alone
    assert first.split()[6:11] == [inner[0], "maybe+0x2=1", "maybe+0x9=9", inner[0], "through+0x7=1"]
    # Code that holds data is not taken apart: which instruction it was is not known.
    assert first.split()[11:13] == ["data=7", "error"]
    assert done.stderr.count("illegal operation") == 1
    assert first.split()[13:] == [inner[1]] * 3
    assert second == "4 4 1"


#: A program that says it is one of Go's, and stops when a return address is none of its own.
_MOVED = """
extern char __executable_start, etext;
__attribute__((section(".gopclntab"))) const char table = 1;
int whole(int x)
{
    char *back = __builtin_return_address(0);
    return back >= &__executable_start && back < &etext ? x : -1;
}
int main(void) { int sum = 0; for (int i = 1; i <= 10; i++) sum += whole(i); return sum - 55; }
"""
_GO = """
package main
//go:noinline
func deep(n int) int { var a [128]int; a[n%128] = n; if n == 0 { return 0 }; return deep(n-1) + a[n%128]%3 }
func main() { if deep(20000) != 20001 { panic("wrong") } }
"""


def test_returns_are_seen_without_touching_the_stack_where_that_moves(dtrace: Run, tmp_path: Path) -> None:
    program = compiled(tmp_path, "moved", _MOVED)
    clause = "pid$target:a.out:whole:return { @ = count(); @sum = sum(arg1); }"
    done = dtrace("-n", clause, "-c", program)
    assert done.stdout.split() == ["10", "55"]
    assert "exited with status" not in done.stderr


_GO_ARGUMENTS = """
package main
type pair struct { a, b int }
//go:noinline
func many(a, b, c, d, e, f, g, h, i, j, k int) int { return a + 2*b + c + d + e + f + g + h + i + 3*j + k }
//go:noinline
func text(s string, n int8, yes bool) int { if yes { return len(s) + int(n) }; return -1 }
//go:noinline
func (p *pair) plus(x int) int { return p.a + p.b + x }
func main() {
	p := &pair{30, 4}
	if many(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) + text("hello", -3, true) + p.plus(5) != 88 + 2 + 39 { panic("wrong") }
	print("five\\n")
}
"""


def built_by_go(folder: Path, text: str) -> Path:
    """An executable of a Go program of one file."""
    source, program = folder / "program.go", folder / "program"
    source.write_text(text)
    surroundings = {**os.environ, "GO111MODULE": "off", "GOCACHE": str(folder / "cache"), "HOME": str(folder)}
    subprocess.run(["go", "build", "-o", program, source], check=True, env=surroundings)
    return program


@pytest.mark.needs("command:go")
def test_arguments_of_go_are_those_of_its_own_convention(dtrace: Run, tmp_path: Path) -> None:
    clauses = """
    pid$target:a.out:main.many:entry
    { printf("%d %d %d %d %d %d %d %d %d %d\\n", arg0, arg1, arg2, arg3, arg4, arg5, arg6, arg7, arg8, arg9); }
    pid$target:a.out:main.many:0 { printf("%d %d\\n", arg0, arg5); }
    pid$target:a.out:main.text:entry { printf("%s %d %d\\n", stringof(copyin(arg0, arg1)), (char)arg2, arg3 & 255); }
    pid$target:a.out:*pair?.plus:entry { printf("%d %d\\n", *(int64_t *)copyin(arg0 + 8, 8), arg1); }
    pid$target:a.out:main.many:return, pid$target:a.out:main.text:return { printf("%d\\n", arg1); }
    pid$target:a.out:runtime.write1.abi0:entry
    /(int)arg2 == 5/ { printf("%s on %d\\n", stringof(copyin(arg1, 4)), arg0); }
    pid$target:a.out:runtime.write1.abi0:return { trace(arg1); }
    pid$target:a.out:gogo:entry { trace(arg0); }
    ERROR { @[arg4] = count(); }
    END { printa("%d\\n", @); }"""
    done = dtrace("-qn", clauses, "-c", built_by_go(tmp_path, _GO_ARGUMENTS))
    told = done.stdout.split("\n")
    assert sorted(told[:2]) == ["1 2 3 4 5 6 7 8 9 10", "1 6"], "two probes at one place"
    assert told[2:6] == ["88", "hello -3 1", "2", "4 5"]
    assert told[6:] == ["five on 2", "3", "", ""], "what no register tells is an illegal operation"


@pytest.mark.needs("command:go")
def test_a_go_program_survives_that_its_returns_are_traced(dtrace: Run, tmp_path: Path) -> None:
    program = built_by_go(tmp_path, _GO)
    done = dtrace("-n", "pid$target:a.out:main.deep:return { @ = count(); }", "-c", program)
    assert done.stdout.split() == ["20001"]
    assert "exited with status" not in done.stderr
