"""The leaves of a plan as bpftrace: its built-in variables, and arguments of probes.

Before: ``CallArg(2)``, ``Intrinsic("__comm")``  After: ``args->count``, ``comm``
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import assert_never

from dtrans.attach import KernelFunctions, Trampoline, UserCode
from dtrans.check.tree import Binary, Cond, Const, Expr, Load, Offset, StringOf, Unary
from dtrans.emit.bpftrace.memory import pointer_operand, string_at, word_at
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
from dtrans.types import CHAR, ULONG, Pointer, StringType, StructRef, Type

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
    "__stackdepth": "it does not count the frames of a stack",
    "__ustackdepth": "it does not count the frames of a stack",
    "__kaddr_caller": "it has no number for the caller",
    "__ucaller": "it has no number for the caller",
    "__ureg": "it has registers of the place where a probe fires, not of the process",
    "__host": "it does not know this number of the machine",
}
#: Where the kernel has the arguments of a system call on x86-64, in struct pt_regs.
_CALL_REGISTERS = ("di", "si", "dx", "r10", "r8", "r9")
_ENTRY, _TEXT = Pointer(StructRef("struct", "dentry")), Pointer(CHAR)
#: What a program calls what an intrinsic is made for, where the name does not tell.
_WORDS: Mapping[str, str] = {
    "__wall": "walltimestamp",
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
            return _call_number(writer)
        case CallArg(index):
            return _call_argument(writer, index)
        case CallResult():
            return _call_result(writer)
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
            return _intrinsic(writer, leaf, name, args)
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


def _call_number(writer: Writer) -> Value:
    if writer.place.has_registers:
        return Value(writer.input("call", _register(writer, "orig_ax")), natural=True)
    if writer.place.arguments is None:
        return Value(writer.input("call", "args->id"), natural=True)
    return Value("args->__syscall_nr", natural=True)


def _call_result(writer: Writer) -> Value:
    if writer.place.has_registers:
        return Value(writer.input("ret", "(int64)arg1"))
    return Value("args->ret" if writer.place.arguments is not None else writer.input("ret", "args->ret"))


def _call_argument(writer: Writer, index: int) -> Value:
    arguments = writer.place.arguments
    if writer.place.has_registers:
        if index >= len(_CALL_REGISTERS) or writer.types.facts.machine != "x86_64":
            raise writer.refuse("an argument at the return of a system call", "it has them on x86-64 only")
        return Value(writer.input(f"arg{index}", _register(writer, _CALL_REGISTERS[index])), signed=False)
    if arguments is None:
        return Value(writer.input(f"arg{index}", f"args->args[{index}]"), signed=False)
    name = arguments[index] if index < len(arguments) else ""
    if not name:
        return Value("0", natural=True)
    return Value(f"{'(uint64)' if name in writer.place.pointers else ''}args->{name}", signed=False)


def _register(writer: Writer, name: str) -> str:
    """A register as the process had it when it made the system call (arch/x86/entry/calling.h)."""
    writer.remark("raw")
    return f"((struct pt_regs *)arg0)->{name}"


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


def _intrinsic(writer: Writer, leaf: Intrinsic, name: str, args: tuple[Expr[Linux], ...]) -> Value:
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
            if leaf not in writer.memo:
                writer.memo[leaf] = writer.temporary(_file(writer, args[0]))
            return writer.memo[leaf]
        case "__oncpu":
            return _on_cpu(writer, writer.tid)
        case "__oncpu_of":
            return _on_cpu(writer, writer.number(args[0]).whole.text)
        case "__epid":
            assert writer.clause is not None
            return Value(str(writer.clause.number), natural=True)
        case "__probe_id":
            return Value(probe_id(writer), natural=True)
    raise refused(writer, name)


def _on_cpu(writer: Writer, thread: str) -> Value:
    """The time that a thread was on a CPU: up to the last switch, and since then. Where it was on one before tracing
    began, both count from the clock's 0, and what clauses subtract is right."""
    writer.script.counts_oncpu = True
    before, since = (writer.script.map_name(name) for name in ("oncpu", "oncpu_since"))
    return Value(f"{before}[{thread}] + nsecs - {since}[{thread}]", signed=False, rank="operation")


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
    known = _known_part(writer, part)
    if known is not None:
        return quoted(known)
    if not _is_cookie(writer.clause.probe):
        return _of_probe(writer, writer.clause.probe, part, lambda one: getattr(writer.probes[one], part))
    match writer.place.attach:
        case UserCode() | KernelFunctions():
            if part == "function":
                return "func"
        case _ if part in ("function", "name"):
            writer.note("probe is bpftrace's whole name of it.")
            return "probe"
    shown = {"module": "probemod", "provider": "probeprov", "name": "probename"}[part]
    raise writer.refuse(f"{shown} of one of many probes", "it tells the names of functions only", word=shown)


def _known_part(writer: Writer, part: str) -> str | None:
    """A part that all probes share which the clause is for."""
    if part in writer.place.parts:
        return writer.place.parts[part]
    assert writer.clause is not None
    texts = {getattr(writer.probes[one], part) for one in writer.clause.numbers if one in writer.probes}
    return texts.pop() if len(texts) == 1 else None


def shown_probe(writer: Writer) -> str:
    """``FUNCTION:NAME`` of the firing probe, as the default output has it."""
    assert writer.clause is not None
    function, name = _known_part(writer, "function"), _known_part(writer, "name")
    if function is not None and name is not None:
        return quoted(f"{function}:{name}")
    if _is_cookie(writer.clause.probe):
        return "probe"
    return _of_probe(
        writer, writer.clause.probe, "probe", lambda one: f"{writer.probes[one].function}:{writer.probes[one].name}"
    )


def _is_cookie(number: Expr[Linux]) -> bool:
    return isinstance(number, ProbeCookie | PlaceProbe)


def _of_probe(writer: Writer, number: Expr[Linux], what: str, shown: Callable[[int], str]) -> str:
    """Something of the firing probe by its number: where that is known when the probe fires only, from a table."""
    clause = writer.clause
    assert clause is not None
    calls = writer.place.calls
    possible = clause.numbers
    if calls is not None:
        possible = tuple(sorted({found for call in calls for found in _numbers(number, call)}))
    texts = {one: shown(one) for one in possible if one in writer.probes}
    made = {one: text if what == "id" else quoted(text) for one, text in texts.items()}
    if len(set(made.values())) == 1:
        return next(iter(made.values()))
    name = "probe_ids" if what == "id" else f"{what}s"
    writer.script.tables.setdefault(name, {}).update(made)
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


def _last_part(writer: Writer, name: str, of: Expr[Linux]) -> str:
    """The name of the directory entry that a path leads to, or of a file by the first of its names
    (include/linux/dcache.h)."""
    entry = of
    match name:
        case "__path" | "__any_path":
            entry = _member(of, "struct path", "dentry", _ENTRY)
        case "__inode_path":
            first = _member(of, "struct inode", "i_dentry.first", ULONG)
            entry = Binary("-", first, Offset("offset", "struct dentry", "d_u", ULONG), _ENTRY)
    return string_at(writer, StringOf(_member(entry, "struct dentry", "d_name.name", _TEXT), "kernel", StringType(256)))


def _member(of: Expr[Linux], structure: str, path: str, kind: Type) -> Expr[Linux]:
    return Load(Binary("+", of, Offset("offset", structure, path, ULONG), ULONG), kind, "kernel")


def string_intrinsic(writer: Writer, name: str, args: tuple[Expr[Linux], ...]) -> str:
    match name:
        case "__comm":
            return "comm"
        case "__psargs" | "__execargs":
            writer.remark("strings")
            writer.note("Of the arguments only the first one, the program: bpftrace ends a string at its NUL.")
            task = writer.number(args[0])
            text = pointer_operand(task)
            return f"str(uptr(((struct task_struct *){text})->mm->arg_start))"
        case "__path" | "__any_path" | "__dentry_path" | "__inode_path":
            writer.note("Only the last part of the path: bpftrace follows none up to its root.")
            return _last_part(writer, name, args[0])
    raise refused(writer, name)
