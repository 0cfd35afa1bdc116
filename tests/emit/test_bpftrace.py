"""Plans as bpftrace scripts: the text, what is refused, and that no text of a program becomes other code."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtrans.emit.bpftrace.text import Value, constant, pair, quoted
from dtrans.errors import DtransError
from tests.programs import pipeline

#: The system calls and tracepoints are asked of the kernel at hand; their names are the same on all.
needs_kernel = pytest.mark.needs("root", "btf", "tracefs")

READS = """#pragma D option quiet
syscall::read:entry /execname == "cat" && arg2 > 0/ { self->ts = timestamp; self->n++; }
syscall::read:return /self->ts/ {
    @latency[execname] = quantize((timestamp - self->ts) / 1000); @bytes = sum(arg1); self->ts = 0;
}
profile-97 /pid/ { @[ustack(3)] = count(); }
END { trunc(@latency, 5); printa("%s %@d\\n", @latency); }
"""
READS_WRITTEN = """
tracepoint:syscalls:sys_enter_read
/comm == "cat" && (int64)args->count > 0/
{
	@ts[tid] = nsecs;
	@n[tid]++;
}

tracepoint:syscalls:sys_exit_read
/@ts[tid] != 0/
{
	@latency[comm] = hist((nsecs - @ts[tid]) / 1000);
	@bytes = sum((args->ret < 0 && args->ret >= -4095) ? -1 : args->ret);
	delete(@ts[tid]);
}

profile:hz:97
/pid != 0/
{
	@[ustack(3)] = count();
}

tracepoint:sched:sched_process_free
{
	if (@ts[(uint64)args->pid] != 0) {
		delete(@ts[(uint64)args->pid]);
	}
	if (@n[(uint64)args->pid] != 0) {
		delete(@n[(uint64)args->pid]);
	}
}

END
{
	// @latency keeps what is not printed.
	// Printed as bpftrace does, not by "%s %@d\\n".
	print(@latency, 5);
	clear(@ts);
	clear(@n);
	clear(@latency);
}
"""


def written(text: str) -> str:
    """The blocks of a script, without its head and the D text in comments."""
    script = pipeline(text, target=True).bpftrace("x.d")
    head, _, blocks = script.partition("\n\n")
    assert head.startswith("#!/usr/bin/env bpftrace\n// x.d, translated from D by dtrans")
    blocks = re.sub(r"\{\n\t// (?:syscall|profile|END|BEGIN).*?\n\t// \}\n", "{\n", blocks, flags=re.DOTALL)
    return "\n" + blocks


@needs_kernel
def test_a_script_reads_as_one_by_hand() -> None:
    assert written(READS) == READS_WRITTEN


@needs_kernel
@pytest.mark.parametrize(
    ("text", "word", "reason"),
    [
        ("BEGIN { this->s = speculation(); }", "speculation()", "nothing like it"),
        ("BEGIN { speculate(1); }", "speculate", "no speculation"),
        ("BEGIN { @ = stddev(1); }", "stddev", "no such aggregation"),
        ("BEGIN { @ = quantize(1, 2); }", "quantize", "counts once"),
        ('BEGIN { printf("%*d", 5, 1); }', "printf", "widths are constants"),
        ("BEGIN { trace(walltimestamp); }", "walltimestamp", "strftime"),
        ("struct s { int a; }; struct s v; BEGIN { v.a = 1; }", None, "numbers and strings"),
        ("BEGIN { @ = count(); normalize(@, pid); printa(@); }", "normalize", "divides by a constant"),
        ("tick-1s { @ = count(); trunc(@, 5); }", "trunc", "print() does it"),
        ('BEGIN { trace(execname < "m"); }', None, "equality only"),
        ('BEGIN { @[strjoin(execname, "x")] = count(); }', 'strjoin(execname, "x")', "printf() does it"),
        ("BEGIN { @ = lquantize(cpu, 0, 1024, 1); }", "lquantize", "no more"),
        ('BEGIN { setopt("quiet"); }', "setopt", "fixed when it starts"),
    ],
)  # fmt: skip
def test_what_bpftrace_cannot_do_is_refused_at_its_place(text: str, word: str | None, reason: str) -> None:
    with pytest.raises(DtransError) as caught:
        pipeline(text).bpftrace("x.d")
    found = caught.value.diagnostic
    assert found.tag == "D_BPFTRACE"
    assert reason in found.message
    assert found.span is not None
    assert word is None or found.span.text == word


def read_back(literal: str) -> str:
    """What bpftrace's lexer makes of a string literal; a failed assertion where it would not be one."""
    assert re.fullmatch(r'"(?:[^"\\\n]|\\[ntr"\\]|\\[0-7]{3})*"', literal), literal
    escapes = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}
    return re.sub(r"\\([0-7]{3}|.)", lambda found: escapes.get(found[1]) or chr(int(found[1], 8)), literal[1:-1])


@given(st.text(st.characters(max_codepoint=255)))
def test_no_string_of_a_program_breaks_out(text: str) -> None:
    assert read_back(quoted(text)) == text


@needs_kernel
def test_no_comment_of_a_program_breaks_out() -> None:
    script = pipeline('BEGIN { printf("*/ } END { system(\\"x\\") }\\n//"); trace("\\n"); exit(0); }').bpftrace(
        "a\nb */ END { }"
    )
    code = [line for line in script.splitlines() if not line.lstrip().startswith(("//", "#!"))]
    assert [line for line in code if re.match(r"\w", line)] == ["BEGIN"]


@pytest.mark.parametrize(
    ("left", "right", "signed", "text"),
    [
        (Value("$a"), Value("$b"), True, ("$a", "$b")),
        (Value("$a", signed=False), Value("$b"), True, ("(int64)$a", "$b")),
        (Value("$a", signed=False), Value("$b"), False, ("$a", "(uint64)$b")),
        (Value("pid", signed=False, natural=True), constant(5), True, ("pid", "5")),
        (Value("$a", signed=False), constant(5), True, ("(int64)$a", "5")),
        (Value("a + b", rank="operation"), constant(-5), True, ("(a + b)", "-5")),
        (Value("a < b", rank="test"), Value("$b"), True, ("((a < b) ? 1 : 0)", "$b")),
    ],
)
def test_operands_have_the_sign_that_d_gives_them(
    left: Value, right: Value, signed: bool, text: tuple[str, str]
) -> None:
    assert pair(left, right, signed=signed) == text
