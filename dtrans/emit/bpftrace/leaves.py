"""The leaves of a plan as bpftrace: its built-in variables, and arguments of probes.

Before: ``CallArg(2)``, ``Intrinsic("__comm")``  After: ``args->count``, ``comm``
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import assert_never

from dtrans.attach import KernelFunctions, Trampoline, UserCode
from dtrans.check.tree import Binary, Cond, Const, Expr, Unary
from dtrans.emit.bpftrace.memory import word_at
from dtrans.emit.bpftrace.text import Value, quoted
from dtrans.emit.bpftrace.writer import Place, Writer
from dtrans.emit.text import is_signed
from dtrans.plan.leaves import (
    CallArg,
    CallIn,
    CallNumber,
    CallResult,
    ClockCounter,
    FaultArg,
    Intrinsic,
    Lacking,
    Linux,
    PlaceProbe,
    PlaceWanted,
    ProbeCookie,
    ProbeIn,
    ProbePart,
    RawArg,
    RegisterArg,
    RegisterResult,
    SiteArg,
    StackPointer,
    TraceAddress,
    TraceField,
    TraceText,
    TrampolineArg,
)
from dtrans.plan.points import CALL_ENTRY
from dtrans.types import Pointer, Type

#: Numbers that bpftrace has under a name of its own.
_BUILTINS: Mapping[str, str] = {
    "__tgid": "pid",
    "__tid": "tid",
    "__uid": "uid",
    "__gid": "gid",
    "__cpu": "cpu",
}
#: Why the others are not to be had.
_LACKING: Mapping[str, str] = {
    "__wall": "it has the time of day for strftime() only; %Y prints it",
    "__tick": "it does not know the kernel's clock tick",
    "__oncpu": "it keeps no account of a thread's time on a CPU",
    "__oncpu_of": "it keeps no account of a thread's time on a CPU",
    "__stackdepth": "it does not count the frames of a stack",
    "__ustackdepth": "it does not count the frames of a stack",
    "__kaddr_caller": "it has no number for the caller",
    "__ucaller": "it has no number for the caller",
    "__ureg": "it has registers of the place where a probe fires, not of the process",
    "__host": "it does not know this number of the machine",
    "__path": "it follows no path up to its root",
    "__any_path": "it follows no path up to its root",
    "__dentry_path": "it follows no path up to its root",
    "__inode_path": "it follows no path up to its root",
}
#: What a program calls what an intrinsic is made for, where the name does not tell.
_WORDS: Mapping[str, str] = {
    "__wall": "walltimestamp",
    "__oncpu": "vtimestamp",
    "__oncpu_of": "vtimestamp",
    "__ureg": "uregs",
    "__kaddr_caller": "caller",
    "__ucaller": "ucaller",
}


def is_known(place: Place, test: Expr[Linux]) -> bool | None:
    """Whether a condition holds, where the block alone decides it: it may run for some system calls only."""
    match test:
        case Const(value):
            return value != 0
        case CallIn(numbers) if place.calls is not None:
            if place.calls <= set(numbers):
                return True
            return None if place.calls & set(numbers) else False
        case Unary("!", operand):
            known = is_known(place, operand)
            return None if known is None else not known
        case Binary("&&" | "||" as op, left, right):
            one, two = is_known(place, left), is_known(place, right)
            decisive = op == "||"
            if decisive in (one, two):
                return decisive
            return None if None in (one, two) else not decisive
    return None


def leaf_value(writer: Writer, leaf: Linux) -> Value:
    """A number."""
    match leaf:
        case RawArg(index, kind):
            writer.remark("raw")
            return _typed(f"arg{index}", kind)
        case TraceField(_, name, kind):
            if isinstance(kind, Pointer):
                return Value(f"(uint64)args->{name}", signed=False)
            return Value(f"args->{name}", is_signed(kind), natural=not is_signed(kind) and _size(kind) < 8)
        case TraceAddress(_, name):
            raise writer.refuse(f"the address of '{name}' of a tracepoint", "it takes no addresses")
        case CallNumber():
            return Value("args->id" if writer.place.arguments is None else "args->__syscall_nr", natural=True)
        case CallArg(index):
            return _call_argument(writer, index)
        case CallResult():
            return Value("args->ret")
        case CallIn(numbers):
            return _call_in(writer, numbers)
        case ClockCounter(user):
            counter = 'reg("ip")'
            test = f"(int64){counter} {'>=' if user else '<'} 0"
            return Value(f"{test} ? {counter} : 0", signed=False, rank="operation")
        case FaultArg():
            raise writer.refuse("dtrace:::ERROR", "it does not tell of faults")
        case RegisterArg(index, kind, user):
            if index > (5 if user else 9):
                raise writer.refuse(f"arg{index}", "it has the arguments that are in registers", word=f"arg{index}")
            return _typed(f"arg{index}", kind)
        case RegisterResult(kind):
            return _typed("retval", kind)
        case StackPointer():
            return Value('reg("sp")', signed=False)
        case TrampolineArg(index, kind):
            return _trampoline_argument(writer, index, kind)
        case ProbeCookie() | PlaceProbe():
            raise writer.refuse("the number of a probe that is one of many", "it tells their names only")
        case PlaceWanted():
            return Value("1", natural=True)
        case SiteArg(index):
            return Value(f"arg{index}", signed=False)
        case ProbeIn():
            raise writer.refuse("a test for one of many probes", "it cannot tell them apart by their names")
        case Lacking(error):
            raise error
        case Intrinsic(name, args):
            return _intrinsic(writer, name, args)
        case TraceText() | ProbePart():
            raise AssertionError("text is no number")
        case _:
            assert_never(leaf)


def _typed(text: str, kind: Type) -> Value:
    """What bpftrace has as 64 bits without a sign, as a number of a type."""
    size = _size(kind)
    if size == 8 or isinstance(kind, Pointer):
        return Value(text, signed=False)
    return Value(f"({'' if is_signed(kind) else 'u'}int{8 * size}){text}", is_signed(kind), natural=not is_signed(kind))


def _size(kind: Type) -> int:
    return getattr(kind, "size", 8)


def _call_argument(writer: Writer, index: int) -> Value:
    arguments = writer.place.arguments
    if arguments is None:
        return Value(f"args->args[{index}]", signed=False)
    name = arguments[index] if index < len(arguments) else ""
    if not name:
        return Value("0", natural=True)
    return Value(f"{'(uint64)' if name in writer.place.pointers else ''}args->{name}", signed=False)


def _call_in(writer: Writer, numbers: tuple[int, ...]) -> Value:
    known = is_known(writer.place, CallIn(numbers))
    if known is not None:
        return Value(str(int(known)), natural=True)
    number = leaf_value(writer, CallNumber()).text
    runs: list[list[int]] = []
    for value in sorted(set(numbers)):
        if runs and value == runs[-1][1] + 1:
            runs[-1][1] = value
        else:
            runs.append([value, value])
    tests = [
        f"{number} == {low}" if low == high else f"({number} >= {low} && {number} <= {high})" for low, high in runs
    ]
    return Value(tests[0] if len(tests) == 1 else " || ".join(tests), rank="test", natural=True)


def _trampoline_argument(writer: Writer, index: int, kind: Type) -> Value:
    attach = writer.place.attach
    assert isinstance(attach, Trampoline)
    function = writer.types.facts.function(attach.function, attach.module)
    assert function is not None
    text = "retval" if index >= len(function.params) else f"args->{function.params[index][0]}"
    if isinstance(kind, Pointer):
        return Value(f"(uint64){text}", signed=False)
    return Value(text, is_signed(kind), natural=not is_signed(kind) and _size(kind) < 8)


def _intrinsic(writer: Writer, name: str, args: tuple[Expr[Linux], ...]) -> Value:
    if name in _BUILTINS:
        return Value(_BUILTINS[name], signed=False, natural=True)
    match name:
        case "__ktime":
            return Value("nsecs", signed=False)
        case "__current":
            return Value("curtask", signed=False)
        case "__user_word":
            writer.remark("faults")
            return Value(f"*(uint64 *)uptr({writer.number(args[0]).text})", signed=False)
        case "__kernel_word":
            return word_at(writer, args[0])
        case "__file":
            return _file(writer, args[0])
        case "__epid":
            assert writer.clause is not None
            return Value(str(writer.clause.number), natural=True)
        case "__probe_id":
            return Value(probe_id(writer), natural=True)
    raise refused(writer, name)


def refused(writer: Writer, name: str) -> Exception:
    """The error for an intrinsic that bpftrace has nothing like."""
    shown = _WORDS.get(name, name.strip("_"))
    return writer.refuse(shown, _LACKING.get(name, "it has nothing like it"), word=shown)


def _file(writer: Writer, number: Expr[Linux]) -> Value:
    """The open file of a descriptor (include/linux/fdtable.h)."""
    writer.remark("faults")
    table = writer.temporary(Value("(uint64)((struct task_struct *)curtask)->files->fdt", signed=False))
    index = writer.temporary(writer.number(number).whole)
    known = f"((struct fdtable *){table.text})"
    return Value(
        f"{index.cast(signed=False)} < (uint64){known}->max_fds ? "
        f"*(uint64 *)((uint64){known}->fd + 8 * {index.cast(signed=False)}) : 0",
        signed=False,
        rank="operation",
    )


# --- the firing probe -------------------------------------------------------------------------------------


def probe_id(writer: Writer) -> str:
    """The number of the firing probe, as ``dtrace -l`` has it."""
    assert writer.clause is not None
    if _is_cookie(writer.clause.probe):
        return "0"
    return _of_probe(writer, writer.clause.probe, "id", lambda one: str(writer.probes[one].id))


def probe_part(writer: Writer, part: str) -> str:
    """A part of the firing probe's name."""
    assert writer.clause is not None
    attach = writer.place.attach
    if isinstance(attach, UserCode | KernelFunctions) and not isinstance(writer.clause.probe, Const):
        return _place_part(writer, part)
    if not isinstance(writer.clause.probe, Const) and _is_cookie(writer.clause.probe):
        writer.note("probe is bpftrace's whole name of it.")
        return "probe"
    return _of_probe(writer, writer.clause.probe, part, lambda one: quoted(getattr(writer.probes[one], part)))


def shown_probe(writer: Writer) -> str:
    """``FUNCTION:NAME`` of the firing probe, as the default output has it."""
    assert writer.clause is not None
    if _is_cookie(writer.clause.probe):
        return "probe"
    return _of_probe(
        writer,
        writer.clause.probe,
        "probe",
        lambda one: quoted(f"{writer.probes[one].function}:{writer.probes[one].name}"),
    )


def _is_cookie(number: Expr[Linux]) -> bool:
    return isinstance(number, ProbeCookie | PlaceProbe)


def _place_part(writer: Writer, part: str) -> str:
    """A part of the name of a probe at one of many functions."""
    if part == "function":
        return "func"
    raise writer.refuse(
        f"probe{'mod' if part == 'module' else part} of one of many functions", "it tells their names only"
    )


def _of_probe(writer: Writer, number: Expr[Linux], what: str, shown: Callable[[int], str]) -> str:
    """Something of the firing probe by its number: where that is known when the probe fires only, from a table."""
    clause = writer.clause
    assert clause is not None
    calls = writer.place.calls
    possible = clause.numbers
    if calls is not None:
        possible = tuple(sorted({found for call in calls for found in _numbers(number, call)}))
    texts = {one: shown(one) for one in possible if one in writer.probes}
    if len(set(texts.values())) == 1:
        return next(iter(texts.values()))
    name = "probe_ids" if what == "id" else f"{what}s"
    writer.script.tables.setdefault(name, {}).update(texts)
    return f"{writer.script.map_name(name)}[{writer.number(number).whole.text}]"


def _numbers(number: Expr[Linux], call: int) -> Iterator[int]:
    """The probes that a system call can be."""
    match number:
        case Const(value):
            yield value
        case Cond(test, then, other):
            known = is_known(Place(CALL_ENTRY, frozenset({call})), test)
            if known is not False:
                yield from _numbers(then, call)
            if known is not True:
                yield from _numbers(other, call)
        case Binary("+", Const(base), CallNumber()):
            yield base + call


# --- text -------------------------------------------------------------------------------------------------


def trace_text(writer: Writer, leaf: TraceText) -> str:
    """A string in a tracepoint's record: bpftrace takes a character array for one."""
    writer.remark("strings")
    return f"str(args->{leaf.name})" if leaf.located else f"args->{leaf.name}"


def string_intrinsic(writer: Writer, name: str, args: tuple[Expr[Linux], ...]) -> str:
    match name:
        case "__comm":
            return "comm"
        case "__psargs" | "__execargs":
            writer.remark("strings")
            writer.note("Of the arguments only the first one, the program: bpftrace ends a string at its NUL.")
            task = writer.number(args[0])
            text = task.text.removeprefix("(uint64)") if task.text.startswith("(uint64)(") else task.operand
            return f"str(uptr(((struct task_struct *){text})->mm->arg_start))"
    raise refused(writer, name)
