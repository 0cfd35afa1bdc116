"""Probes at kernel functions: which of them share a program, how they attach, where their arguments are.

fbt::tcp_*:entry { @[probefunc] = count(); }    one program at 200 functions, told apart by attach cookies
fbt::vfs_read:return { trace(arg1); }           one program on vfs_read's trampoline

A probe at one function, or a few, goes on BPF trampolines where the kernel has them: they are the cheapest, and their
returns are never missed, as a kretprobe's are when more threads are inside the function than it foresees. Many
functions with the same clauses share one program of kprobe type.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass

from dtrans.attach import Attach, KernelFunctions, Moment, Trampoline
from dtrans.check.functions import FunctionProbe
from dtrans.check.tree import Cast, Const, Expr
from dtrans.errors import fail
from dtrans.facts import KernelFacts
from dtrans.knowledge.rows import BuiltinRow
from dtrans.plan.leaves import Linux, RegisterArg, RegisterResult, TrampolineArg
from dtrans.source import Span
from dtrans.syntax import ast
from dtrans.types import INT64, UINT64, Float, Function, StructRef, Type, Void

#: What reads the stack of the kernel in the row of a built-in variable.
_STACK_READERS = re.compile(r"\b__(?:kaddr_caller|stackdepth)\b")
#: So many functions with the same clauses get a program each, on trampolines; more share one.
_OWN_PROGRAMS = 4
#: Programs without attach cookies, which must be one for each function, are compiled one by one.
_MOST_PROGRAMS = 64
#: Arguments that trampolines hand on everywhere (arch/x86/net/bpf_jit_comp.c; more since 6.6, commit 473e3150e30a).
_TRAMPOLINE_ARGS = 6


def has_trampoline(facts: KernelFacts, function: Function | None) -> bool:
    """Whether a function's type is one that trampolines can handle on this kernel."""
    return (
        function is not None
        and facts.feature("fentry")
        and len(function.params) <= _TRAMPOLINE_ARGS
        and not function.variadic
        and not any(isinstance(kind, StructRef | Float) for _, kind in (*function.params, ("", function.returns)))
    )


def attach_function(facts: KernelFacts, place: str, moment: Moment, cookie: int = 0) -> Attach:
    """Where a program attaches that serves one function. `place` as `KernelFunctions` has it."""
    if ":" not in place and has_trampoline(facts, facts.function(place)):
        return Trampoline(moment, place, _module_of(facts, place))
    return KernelFunctions(moment, ((place, cookie),))


def _module_of(facts: KernelFacts, name: str) -> str:
    for module, names in facts.functions():
        place = bisect_left(names, name)  # They are sorted, and tens of thousands.
        if names[place : place + 1] == (name,):
            return module
    return "vmlinux"


def attach_functions(
    facts: KernelFacts,
    moment: Moment,
    probes: Sequence[tuple[int, FunctionProbe]],
    span: Span | None,
    *,
    stacks: bool = False,
) -> Iterator[tuple[Attach, tuple[int, ...]]]:
    """The programs that serve probes with the same clauses: where each attaches, and the numbers of its probes.

    `stacks`: the clauses look at the kernel's stack, on which a trampoline and what it calls take a number of frames
    that differs from kernel to kernel: then they go on kprobes, whose registers are those of the function itself.
    Raises D_KERNEL where the kernel cannot tell so many functions apart.
    """
    cookies = facts.feature("attach_cookie")
    few = len(probes) <= _OWN_PROGRAMS and not stacks

    def on_trampoline(probe: FunctionProbe) -> bool:
        # Of several functions of a name a trampoline is one's.
        return probe.place == probe.name and has_trampoline(facts, facts.function(probe.name, probe.module))

    if not cookies and len(probes) > _MOST_PROGRAMS:
        raise fail(
            "D_KERNEL",
            f"this kernel has no attach cookies, so that no more than {_MOST_PROGRAMS} functions can be traced alike",
            span,
            hint="Linux 5.15 and later have them; name fewer functions",
        )
    shared: list[tuple[int, FunctionProbe]] = []
    for number, probe in probes:
        if cookies and not (few and on_trampoline(probe)):
            shared.append((number, probe))
        elif not stacks and on_trampoline(probe):
            yield Trampoline(moment, probe.name, probe.module), (number,)
        else:
            yield KernelFunctions(moment, ((probe.place, number),)), (number,)
    if shared:
        places = tuple((probe.place, number) for number, probe in shared)
        yield KernelFunctions(moment, places), tuple(number for number, _ in shared)


def sees_stack(node: object, builtins: Mapping[str, BuiltinRow]) -> bool:
    """Whether a clause looks at the stack of the kernel."""
    match node:
        case tuple():
            return any(sees_stack(part, builtins) for part in node)
        case ast.Call(name="stack"):
            return True
        case ast.Name(name) if name in builtins:
            return any(_STACK_READERS.search(text) for text in builtins[name].current)
    if not is_dataclass(node) or isinstance(node, Span):
        return False
    return any(sees_stack(getattr(node, part.name), builtins) for part in fields(node))


class FunctionArguments:
    """``argN`` and ``args[N]`` at a function. `function` is its type, None where functions of several types share a
    program."""

    def __init__(self, attach: Attach, function: Function | None, what: str) -> None:
        self.trampoline = isinstance(attach, Trampoline)
        self.entry = isinstance(attach, KernelFunctions | Trampoline) and attach.moment == "entry"
        self.function = function
        self.what = what

    def arg(self, index: int, span: Span) -> Expr[Linux]:
        if self.entry:
            return Cast(self._param(index, span, raw=True), INT64)
        return Cast(self._at_return(index, f"arg{index}", span, raw=True), INT64)

    def operand(self, index: int, span: Span) -> Expr[Linux]:
        if self.entry:
            return self._param(index, span, raw=False)
        return self._at_return(index, f"args[{index}]", span, raw=False)

    def _at_return(self, index: int, what: str, span: Span, *, raw: bool) -> Expr[Linux]:
        if index == 0:
            raise fail(
                "D_ARGS_NONE",
                f"{what} of {self.what} is where the function returned from, which Linux does not tell",
                span,
                hint="arg1 is what it returned",
            )
        if index > 1 or (self.function is not None and isinstance(self.function.returns, Void)):
            told = "it returns nothing" if index == 1 else "arg1 is what it returned"
            raise fail(
                "D_ARGS_NONE" if raw else "D_ARGS_IDX",
                f"{self.what} has no {what}: {told}",
                span,
                hint="save an argument at entry, in a self-> variable" if index > 1 else "",
            )
        kind: Type = UINT64 if self.function is None else self.function.returns
        if isinstance(kind, StructRef | Float):
            if not raw:
                raise fail("D_ARGS_TYPE", f"{what} of {self.what} is a '{kind}', which registers hold in parts", span)
            kind = UINT64
        return self.result(kind)

    def result(self, kind: Type) -> Expr[Linux]:
        """What the function returns."""
        if self.trampoline:
            assert self.function is not None
            return TrampolineArg(len(self.function.params), kind)
        return RegisterResult(kind)

    def _param(self, index: int, span: Span, *, raw: bool) -> Expr[Linux]:
        if self.function is None:
            return RegisterArg(index, UINT64)
        if index >= len(self.function.params):
            if raw:
                return Const(0, INT64)
            count = len(self.function.params)
            raise fail("D_ARGS_IDX", f"{self.what} has no args[{index}]: it has {count or 'no'} arguments", span)
        found = self.param(index)
        if found is None:
            kind = self.function.params[index][1]
            if not raw or any(isinstance(one, StructRef | Float) for _, one in self.function.params[:index]):
                raise fail("D_ARGS_TYPE", f"args[{index}] of {self.what} is a '{kind}', or follows one", span)
            return RegisterArg(index, UINT64)
        return found

    def param(self, index: int) -> Expr[Linux] | None:
        """An argument of the function, None where it is not in a register of its own."""
        assert self.function is not None
        if any(isinstance(kind, StructRef | Float) for _, kind in self.function.params[: index + 1]):
            return None
        kind = self.function.params[index][1]
        return TrampolineArg(index, kind) if self.trampoline else RegisterArg(index, kind)
