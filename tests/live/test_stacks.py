"""Stacks and the names of their frames: of processes that are gone, deleted, in containers, that made their code."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.compiled import compiled
from tests.conftest import Run
from tests.programs import printed

pytestmark = pytest.mark.needs("command:gcc")

#: Its calls do not go through the C library, whose functions keep no frame pointer.
_SOURCE = r"""
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
static long call(long number, long one, long two, long three)
{
	long result;
	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(one), "S"(two), "d"(three) : "rcx", "r11", "memory");
	return result;
}
static void woken(int number) {}
__attribute__((noinline)) long inner(int argc, char **argv)
{
	char *none[] = {0};
	if (argc > 1 && !strcmp(argv[1], "exec"))
		return call(59, (long)"/bin/true", (long)none, (long)none);
	if (argc > 1 && !strcmp(argv[1], "wait")) {
		signal(SIGUSR1, woken);
		puts("waits");
		fflush(stdout);
		pause();
	}
	return call(110, 0, 0, 0);
}
__attribute__((noinline)) long outer(int argc, char **argv) { return inner(argc, argv) + 1; }
int main(int argc, char **argv)
{
	static const unsigned char code[] = {0x55, 0x48, 0x89, 0xe5, 0xb8, 110, 0, 0, 0, 0x0f, 0x05, 0x5d, 0xc3};
	if (argc > 1 && !strcmp(argv[1], "made")) {
		void *page = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		char path[64];
		sprintf(path, "/tmp/perf-%d.map", getpid());
		FILE *names = fopen(path, "w");
		fprintf(names, "%lx %lx Class::method(int)\n", (long)page, (long)sizeof(code));
		fclose(names);
		memcpy(page, code, sizeof(code));
		return ((long (*)(void))page)() == 0;
	}
	return outer(argc, argv) == 0;
}
"""
_REGISTERS = r"""
int main(void)
{
	register long r8 __asm__("r8") = 0x808, r9 __asm__("r9") = 0x909, r10 __asm__("r10") = 0x1010;
	register long r12 __asm__("r12") = 0x1212, r13 __asm__("r13") = 0x1313, r14 __asm__("r14") = 0x1414;
	register long r15 __asm__("r15") = 0x1515;
	long result = 110;
	__asm__ volatile("push %%rbp; push %%rbx; mov $0xbb, %%rbx; mov $0xbeef, %%rbp; syscall; pop %%rbx; pop %%rbp"
		: "+a"(result) : "D"(0xd1L), "S"(0x51L), "d"(0xddL), "r"(r8), "r"(r9), "r"(r10), "r"(r12), "r"(r13), "r"(r14),
		"r"(r15) : "rcx", "r11", "memory");
	for (volatile unsigned long n = 0; n < 300000000UL; n++)
		;
	return 0;
}
"""
_FRAMES = ["prog`inner", "prog`outer", "prog`main"]
_GETPPID = "syscall::getppid:entry"


@pytest.fixture(scope="module")
def prog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build(tmp_path_factory.mktemp("stacks"))


def _build(folder: Path, *flags: str) -> Path:
    source, made = folder / "prog.c", folder / "prog"
    source.write_text(_SOURCE)
    subprocess.run(["gcc", "-O1", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls", *flags, "-o", made, source],
                   check=True)  # fmt: skip
    return made


@contextmanager
def _waiting(*command: str | Path) -> Iterator[str]:
    """Runs the program, before tracing, up to its pause(); gives the command that wakes it."""
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"waits\n"
        yield f"sh -c 'kill -USR1 {process.pid}; sleep 0.3'"
        process.kill()


def _stacks(text: str) -> list[list[str]]:
    """The frames of each stack, without offsets."""
    return [
        [re.sub(r"\+0x[0-9a-f]+$", "", line.strip()) for line in part.splitlines()]
        for part in re.findall(r"(?:^ {14}\S.*\n)+", text, re.MULTILINE)
    ]


def test_processes_that_lived_a_moment_have_their_symbols_in_the_end(prog: Path) -> None:
    text = f'{_GETPPID} /execname == "prog"/ {{ @[ustack(3)] = count(); }}'
    shown = printed(text, commands=[f"sh -c {shlex.quote(f'{prog}; {prog}; {prog}')}"])
    assert _stacks(shown) == [_FRAMES] * 3, shown
    assert len(re.findall(r"\n\n {14}prog`inner\+0x\w+\n {14}prog`outer\+0x\w+\n {14}prog`main\+0x\w+\n {16}1(?=\n)",
                          shown)) == 3, shown  # fmt: skip


def test_a_stack_of_the_program_that_exec_replaced(prog: Path) -> None:
    text = "proc:::exec /pid == $target/ { ustack(3); }"
    assert _stacks(printed(text, commands=[f"{prog} exec"])) == [_FRAMES]


def test_a_process_from_before_tracing_that_ends_at_once(prog: Path) -> None:
    text = f'{_GETPPID} /execname == "prog"/ {{ ustack(3); }}'
    with _waiting(prog, "wait") as wake:
        assert _stacks(printed(text, commands=[wake])) == [_FRAMES]


def test_a_program_that_was_deleted_while_it_ran(tmp_path: Path) -> None:
    prog = _build(tmp_path)
    text = f'{_GETPPID} /execname == "prog"/ {{ printf("%A", usym(ucaller)); ustack(3); stop(); }}'
    with _waiting(prog, "wait") as wake:
        prog.unlink()
        shown = printed(text, options={"quiet": "1", "destructive": "1"}, commands=[wake])
    assert _stacks(shown) == [_FRAMES]
    assert shown.startswith("prog`outer+0x")


def test_a_program_in_a_mount_namespace_of_its_own(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    prog = _build(tmp_path)
    line = f"mount -t tmpfs tmpfs {inside} && cp {prog} {inside}/prog && {inside}/prog; sleep 0.5"
    text = f'{_GETPPID} /execname == "prog"/ {{ ustack(3); }}'
    shown = printed(text, commands=[f"unshare -m --propagation private sh -c {shlex.quote(line)}"])
    assert _stacks(shown) == [_FRAMES], shown


@pytest.mark.parametrize("flags", [("-static",), ("-no-pie",)])
def test_programs_that_are_not_position_independent(tmp_path: Path, flags: tuple[str, ...]) -> None:
    text = f"{_GETPPID} /pid == $target/ {{ ustack(3); }}"
    assert _stacks(printed(text, commands=[str(_build(tmp_path, *flags))])) == [_FRAMES]


def test_a_stripped_program_shows_its_addresses(tmp_path: Path) -> None:
    text = f"{_GETPPID} /pid == $target/ {{ ustack(3); }}"
    (frames,) = _stacks(printed(text, commands=[str(_build(tmp_path, "-s"))]))
    assert [re.sub("0x[0-9a-f]+$", "0x", frame) for frame in frames] == ["prog`0x"] * 3


@pytest.mark.parametrize("what", ["jstack(1)", "ustack(1)"])
def test_code_that_a_process_made_has_the_name_it_wrote_down(prog: Path, what: str) -> None:
    text = f'{_GETPPID} /pid == $target/ {{ {what}; printf("%A", uaddr(arg0)); }}'
    assert _stacks(printed(text, commands=[f"{prog} made"])) == [["Class::method(int)"]]


@pytest.mark.proves("ucaller")
def test_threads_of_one_process_share_the_key_of_a_stack(prog: Path) -> None:
    text = f"{_GETPPID} /pid == $target/ {{ @[ustack(2)] = count(); @all[umod(ucaller), ufunc(ucaller)] = count(); }}"
    shown = printed(text, commands=[str(prog)])
    assert _stacks(shown) == [_FRAMES[:2]]
    assert re.search(r"(?m)^  prog {46}  prog`outer {40} {16}1$", shown), shown


@pytest.mark.needs("machine:x86_64")
@pytest.mark.proves("uregs")
def test_registers_of_the_process_at_a_call_and_at_a_sample(tmp_path: Path) -> None:
    source, made = tmp_path / "regs.c", tmp_path / "regs"
    source.write_text(_REGISTERS)
    subprocess.run(["gcc", "-O1", "-o", made, source], check=True)
    names = ["RDI", "RSI", "RDX", "R8", "R9", "R10", "R12", "R13", "R14", "R15", "RBX", "RBP", "FP"]
    text = f"""
    {_GETPPID} /pid == $target/
    {{
        printf("{" %x" * len(names)}\\n", {", ".join(f"uregs[R_{name}]" for name in names)});
        printf("%d%d%d ", uregs[R_PC] == uregs[R_RIP], uregs[R_SP] == uregs[R_RSP], uregs[R_CS] == 0x33);
        printf("%A\\n", uregs[R_PC]);
    }}
    profile-997 /pid == $target && arg1/ {{ @[uregs[R_PC] == arg1 && uregs[R_SP] != 0, uregs[R_CS]] = count(); }}
    END {{ printa("%d %x\\n", @); }}
    """
    shown = [line.strip() for line in printed(text, commands=[str(made)]).splitlines()]
    assert shown[0] == "d1 51 dd 808 909 1010 1212 1313 1414 1515 bb beef beef"
    assert re.fullmatch(r"111 regs`main\+0x\w+", shown[1]), shown
    assert shown[2] == "1 33"


_ARM_REGISTERS = r"""
int main(void)
{
	register long x0 __asm__("x0") = 0x100, x1 __asm__("x1") = 0x101, x7 __asm__("x7") = 0x107, x8 __asm__("x8") = 173;
	register long x9 __asm__("x9") = 0x109, x18 __asm__("x18") = 0x118, x27 __asm__("x27") = 0x127;
	__asm__ volatile("mov x20, x29; mov x21, x30; mov x29, #0xbeef; mov x30, #0x130; svc 0; mov x29, x20; mov x30, x21"
		: "+r"(x0) : "r"(x1), "r"(x7), "r"(x8), "r"(x9), "r"(x18), "r"(x27) : "x20", "x21", "x30", "memory");
	return 0;
}
"""


@pytest.mark.needs("machine:aarch64")
@pytest.mark.proves("uregs")
def test_registers_of_aarch64_at_a_call(tmp_path: Path) -> None:
    source, made = tmp_path / "regs.c", tmp_path / "regs"
    source.write_text(_ARM_REGISTERS)
    subprocess.run(["gcc", "-O1", "-o", made, source], check=True)
    names = ["X0", "R0", "X1", "R1", "X7", "X8", "X9", "X18", "X27", "FP", "X29", "X30"]
    text = f"""
    {_GETPPID} /pid == $target/
    {{
        printf("{" %x" * len(names)}\\n", {", ".join(f"uregs[R_{name}]" for name in names)});
        printf("%d%d ", uregs[R_SP] != 0, uregs[R_PSTATE] == uregs[R_PS]);
        printf("%A\\n", uregs[R_PC]);
    }}
    """
    shown = [line.strip() for line in printed(text, commands=[str(made)]).splitlines()]
    assert shown[0] == "100 100 101 101 107 ad 109 118 127 beef beef 130"
    assert re.fullmatch(r"11 regs`main\+0x\w+", shown[1]), shown


def test_a_register_of_another_machine_is_refused(dtrans: Run) -> None:
    ours, other = ("R_RAX", "R_X0") if os.uname().machine == "x86_64" else ("R_X0", "R_RAX")
    refused = dtrans("run", "-e", "-n", f"BEGIN {{ trace(uregs[{other}]); }}", status=1)
    assert f"no register of {os.uname().machine}" in refused.stderr
    assert "[D_REGS_IDX]" in refused.stderr
    dtrans("run", "-e", "-n", f"BEGIN {{ trace(uregs[{ours}]); }}")


_ASTRAY = """
long frame[2];
int work(int x) { asm volatile(""); return x; }
asm(".text\\n.type astray,@function\\nastray: push %rbp\\n lea frame(%rip),%rbp\\n call work\\n pop %rbp\\n ret\\n"
    ".size astray,.-astray\\n");
void astray(int);
int main(void)
{
    for (int i = 0; i < 8; i++) {
        frame[1] = i < 3 ? 100 + i : i < 5 ? -i : 0x123456789000 + i;
        astray(i);
    }
    return 0;
}
"""


@pytest.mark.needs("command:gcc", "machine:x86_64", "feature:attach_cookie")
def test_a_stack_without_frame_pointers_ends_where_no_code_can_be(dtrace: Run, tmp_path: Path) -> None:
    """What stands in the place of a return address is another number each time: it makes no other stack."""
    program = compiled(tmp_path, "astray", _ASTRAY)
    done = dtrace("-q", "-n", "pid$target:a.out:work:entry { @[ustack()] = count(); }", "-c", program)
    *frames, count = done.stdout.split()
    assert frames[0] == "astray`work"
    assert all(frame.startswith("astray`") for frame in frames)
    assert count == "8"
    done = dtrace("-qn", "pid$target:a.out:work:entry { ustack(); }", "-x", "oformat=json", "-c", program)
    stacks = [json.loads(line) for line in done.stdout.splitlines() if "frames" in line]
    assert len(stacks) == 8
    assert {len(stack["frames"]) for stack in stacks} == {len(frames)}


#: It calls getppid(2) by itself: its own function is the innermost frame.
_REBUILT = """
long %s(void) { long id; asm volatile("syscall" : "=a"(id) : "a"(110) : "rcx", "r11", "memory"); return id; }
int main(void) { return %s() < 0; }
"""


@pytest.mark.needs("machine:x86_64")
def test_a_program_that_is_built_anew_in_place_has_its_new_symbols(dtrace: Run, tmp_path: Path) -> None:
    first, second = (compiled(tmp_path, name, _REBUILT % (name, name)) for name in ("before", "after"))
    program, told = tmp_path / "rebuilt", tmp_path / "told"
    program.write_bytes(first.read_bytes())
    program.chmod(0o755)
    wait = f"until grep -q before {told}; do sleep 0.05; done"
    # The same file, written to: its inode stays.
    script = f"{program}; {wait}; cat {second} > {program}; {program}"
    clause = 'syscall::getppid:entry /execname == "rebuilt"/ { ustack(1); }'
    dtrace("-qn", clause, "-o", told, "-c", f"sh -c {shlex.quote(script)}")
    frames = [line.strip().partition("+")[0] for line in told.read_text().splitlines() if "`" in line]
    assert [frame for frame in frames if frame.startswith("rebuilt`")] == ["rebuilt`before", "rebuilt`after"]
