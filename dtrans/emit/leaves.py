"""The leaves of a plan as C: fields of the context, helper calls, functions of `templates/c`.

Before: ``CallArg(1)``, ``Intrinsic("__comm")``  After: ``CALL_ARG(ctx, 1)``, ``bpf_get_current_comm(r.a1, 16);``
"""

from __future__ import annotations

from typing import assert_never

from dtrans.attach import C_CONVENTION, GO_CONVENTION, UNKNOWN_CONVENTION
from dtrans.check.tree import Binary, Cast, Cond, Const, Expr, Late, Load, Offset, Text, Unary
from dtrans.emit import strings
from dtrans.emit.addresses import entry_caller, kernel_caller
from dtrans.emit.calls import Number, To
from dtrans.emit.intrinsics import AT_FAULT, HELPERS, STRINGS
from dtrans.emit.storage import NAME_SIZE, Slot
from dtrans.emit.text import c_type
from dtrans.emit.values import Values
from dtrans.emit.writer import ILLEGAL_OPERATION
from dtrans.errors import fail
from dtrans.plan.intrinsics import REGISTERS
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
from dtrans.types import INT, ULONG, Space, StringType, Type


def trace_text(values: Values, leaf: TraceText, slot: Slot, *, key: bool) -> None:
    macro = values.shared.layout("field", leaf.tracepoint, leaf.name)
    if key:
        strings.clear(values, slot)
    offset = macro
    if leaf.located:
        offset = f"({values.temporary('u32', f'*(u32 *)((char *)ctx + {macro})')} & 0xffff)"
    bound = min(slot.size, _bound(leaf.type))
    values.add(f"STRING({slot.address}, {bound}, (u64)ctx + {offset}, {values.frame.fault}, {values.frame.action});")


def probe_part(values: Values, part: str, slot: Slot, *, key: bool) -> None:
    """A part of the probe's name as text: from a table of names that the loader fills."""
    values.shared.names.add(part)
    found = values.temporary("char *", f"names_{part}.lookup(&probe)")
    with values.block(f"if ({found})"):
        strings.copy(values, slot, Slot(found, NAME_SIZE), key=key)
    with values.block("else"):
        strings.literal(values, "", slot, key=key)


def string_intrinsic(values: Values, name: str, args: tuple[Expr[Linux], ...], slot: Slot, *, key: bool) -> None:
    if name == "__comm":
        if key and slot.size > 16:
            strings.clear(values, slot)
        get = "NAME_AT_FAULT" if values.in_error else "bpf_get_current_comm"
        values.add(f"{get}({slot.address}, {min(slot.size, 16)});")
        return
    values.calls.statement(values, STRINGS[name], To(slot), *(Number(values.integer(arg)) for arg in args))
    if key:
        strings.pad(values, slot)


def leaf_value(values: Values, leaf: Linux) -> str:
    match leaf:
        case RawArg(index, kind):
            return f"({c_type(kind)})CONTEXT(ctx, u64, {8 * index})"
        case TraceField(tracepoint, name, kind):
            macro = values.shared.layout("field", tracepoint, name)
            part = c_type(kind)
            return f"({part})CONTEXT(ctx, u{part[1:]}, {macro})"
        case TraceAddress(tracepoint, name, located, _):
            macro = values.shared.layout("field", tracepoint, name)
            if located:
                return f"((u64)ctx + (CONTEXT(ctx, u32, {macro}) & 0xffff))"
            return f"((u64)ctx + {macro})"
        case CallNumber():
            return "(u64)nr"
        case CallArg(index, _):
            return values.memo(f"a{index}", "s64", f"CALL_ARG(ctx, {index})")
        case CallResult():
            return "(s64)CONTEXT(ctx, u64, 8)"
        case CallIn(numbers, _):
            return among("nr", numbers)
        case ClockCounter(user, _):
            return f"{'CLOCK_USER' if user else 'CLOCK_KERNEL'}(ctx)"
        case FaultArg(index, _):
            return ("0", "(u64)on_clause", "(u64)on_action", "(u64)-1", "(u64)on_kind", "on_address")[index]
        case RegisterArg(index, kind, user):
            return f"({c_type(kind)}){_register_argument(values, index, user=user)}"
        case RegisterResult(kind):
            return f"({c_type(kind)}){_register_result(values)}"
        case StackPointer():
            return "(u64)STACK_POINTER(ctx)"
        case TrampolineArg(index, kind):
            # Read as a number: to the verifier it is a typed pointer, which may not be used as D uses it.
            return f"({c_type(kind)}){values.memo(f't{index}', 'u64', f'dt_trampoline(ctx + {index})')}"
        case ProbeCookie():
            return f"(u32){values.memo('cookie', 'u64', 'dt_attach_cookie(ctx)')}"
        case PlaceProbe():
            return "place_probe"
        case PlaceWanted(bit, _):
            words = f"place_clauses[{bit // 64}] >> {bit % 64}" if values.has_clause_sets else f"place_clauses >> {bit}"
            return f"({words} & 1)"
        case SiteArg(index, _):
            return _site_argument(values, index)
        case ProbeIn(numbers, _):
            return among("probe", numbers)
        case Lacking(error, _):
            raise error
        case Intrinsic(name, args, _):
            return intrinsic(values, name, args)
        case TraceText() | ProbePart():
            raise AssertionError("text is no number")
        case _:
            assert_never(leaf)


def intrinsic(values: Values, name: str, args: tuple[Expr[Linux], ...]) -> str:
    if name in HELPERS:
        kept, call, value = HELPERS[name]
        if values.in_error and kept in AT_FAULT:
            call = f"AT_FAULT({AT_FAULT[kept]}, {call})"
        return value.format(values.memo(kept, "u64", call))
    match name:
        case "__wall":
            return f"(s64)({intrinsic(values, '__ktime', ())} + {values.shared.late_constant(Late('wall', INT))})"
        case "__tick":
            return f"({values.shared.late_constant(Late('tick', INT))})"
        case "__oncpu":
            values.shared.uses.add("oncpu")
            return f"dt_oncpu({intrinsic(values, '__tid', ())}, {intrinsic(values, '__ktime', ())})"
        case "__oncpu_of":
            values.shared.uses.add("oncpu")
            return f"dt_oncpu_of({values.integer(args[0])})"
        case "__file":
            function = values.shared.function("file")
            return values.temporary(
                "u64", f"{function}({intrinsic(values, '__current', ())}, {values.integer(args[0])})"
            )
        case "__user_word":
            address, word = values.integer(args[0]), values.temporary("u64", "0")
            values.add(f"bpf_probe_read_user(&{word}, 8, (void *)(u64){address});")
            return word
        case "__noted":
            noted = values.temporary("u64", values.integer(args[0]))
            values.fault(f"!{noted}", ILLEGAL_OPERATION)
            return f"({noted} - 1)"
        case "__kernel_word":
            return values.temporary("u64", f"{values.shared.function('kread')}({values.integer(args[0])})")
        case "__stackdepth" | "__ustackdepth":
            return _stack_depth(values, user=name == "__ustackdepth")
        case "__kaddr_caller" | "__ucaller":
            return _caller(values, user=name == "__ucaller")
        case "__ureg":
            return _user_register(values, args[0])
        case "__host":
            assert isinstance(args[0], Text)
            return f"dt_host({values.shared.host_number(args[0].value)})"
        case "__epid":
            return "(u32)clause"
        case "__probe_id":
            values.shared.names.add("id")
            found = values.temporary("u64 *", "names_id.lookup(&probe)")
            return f"({found} ? *{found} : 0)"
    raise fail("D_VAR_UNSUP", f"{name.strip('_')} is not available in this version")


def _register_argument(values: Values, index: int, *, user: bool) -> str:
    """An argument by the calling convention: System V's for x86-64, AAPCS64; of a process's function also Go's."""
    if not user:
        return _c_argument(values, index, "kernel")
    known = values.frame.memo.get(f"place{index}")
    if known is not None:
        return known
    value = values.frame.memo[f"place{index}"] = values.temporary("u64", "0")
    with values.block(f"if (PLACE_CONVENTION(cookie) == {C_CONVENTION})"):
        values.add(f"{value} = {_c_argument(values, index, 'user')};")
    with values.block("else"):
        values.fault(f"PLACE_CONVENTION(cookie) == {UNKNOWN_CONVENTION}", ILLEGAL_OPERATION)
        with values.block(f"if (PLACE_CONVENTION(cookie) == {GO_CONVENTION} && {index} < GO_REGISTERS)"):
            values.add(f"{value} = GO_ARG{index}(ctx);")
        with values.block("else"):
            # What has no register any more lies on the stack, the first such argument above the return address.
            spilled = f"PLACE_CONVENTION(cookie) == {GO_CONVENTION} ? GO_REGISTERS : 0"
            place = values.load(f"GO_STACK_ARG(ctx, {index} - ({spilled}))", ULONG, "user", None)
            values.add(f"{value} = {place};")
    return value


def _c_argument(values: Values, index: int, space: Space) -> str:
    if index < (6 if values.types.facts.machine == "x86_64" else 8):
        return f"REGISTER_ARG{index}(ctx)"
    return values.load(f"STACK_ARG(ctx, {index})", ULONG, space, None)


def _register_result(values: Values) -> str:
    """What a function returns. Go's assembler has it on the stack, behind arguments of an unknown size."""
    if values.user_moment == "return":
        values.fault(f"PLACE_CONVENTION(cookie) > {GO_CONVENTION}", ILLEGAL_OPERATION)
    return "REGISTER_RESULT(ctx)"


def _site_argument(values: Values, index: int) -> str:
    """An argument of a site; where it is not to be had, the clause ends with a fault."""
    known = values.frame.memo.get(f"site{index}")
    if known is not None:
        return known
    value = values.frame.memo[f"site{index}"] = values.temporary("u64", "0")
    values.fault(f"dt_site_argument(ctx, site, {index}, &{value})", ILLEGAL_OPERATION)
    return value


def _stack_depth(values: Values, *, user: bool) -> str:
    if not user and values.own_frames is None:
        return "0"
    slot = values.slot(127 * 8)
    flags = "BPF_F_USER_STACK" if user else str(values.own_frames)
    size = values.temporary("s64", f"bpf_get_stack(ctx, {slot.address}, {127 * 8}, {flags})")
    depth = f"((u64)({size} > 0 ? {size} : 0) >> 3)"
    return f"({depth} + 1)" if not user and values.caller_in_register else depth


def _user_register(values: Values, index: Expr[Linux]) -> str:
    """A register of the process as it entered the kernel: they stand at the top of the kernel stack."""
    assert isinstance(index, Const)
    stack = values.shared.layout("offset", "struct task_struct", "stack")
    values.shared.layout("size", "struct pt_regs")
    # A variable that kernels with CONFIG_X86_FRED have, and room above the registers.
    values.shared.layout("symbol", "fred_rsp0", optional=True)
    values.shared.layout("function", "bpf_task_pt_regs", optional=True)
    values.shared.uses.add("registers")
    base = values.load(f"{intrinsic(values, '__current', ())} + {stack}", ULONG, "kernel", None)
    word = REGISTERS[values.types.facts.machine][index.value]
    return values.load(f"USER_REGISTERS({base}) + {8 * word}", ULONG, "kernel", None)


def _caller(values: Values, *, user: bool) -> str:
    if user and values.user_moment == "entry":
        return entry_caller(values)
    if user and values.user_moment == "return":
        return "PROGRAM_COUNTER(ctx)"
    if not user and values.own_frames is None:
        return "0"
    if not user and values.caller_in_register:
        return kernel_caller(values)
    slot = values.slot(16)
    flags = "BPF_F_USER_STACK" if user else str(values.own_frames)
    strings.clear(values, slot)
    values.add(f"bpf_get_stack(ctx, {slot.address}, 16, {flags});")
    return f"*(u64 *)({slot.address} + {8 if user else 8 * values.caller_frame})"


def among(name: str, numbers: tuple[int, ...]) -> str:
    """Whether a C variable is one of some numbers: runs of them become ranges."""
    runs: list[list[int]] = []
    for value in sorted(set(numbers)):
        if runs and value == runs[-1][1] + 1:
            runs[-1][1] = value
        else:
            runs.append([value, value])
    tests = []
    for low, high in runs:
        if low == high:
            tests.append(f"{name} == {low}")
        elif low == 0:
            tests.append(f"{name} <= {high}")
        else:
            tests.append(f"{name} - {low} <= {high - low}u")
    return f"({' || '.join(tests)})" if tests else "0"


def calls_of(test: Expr[Linux] | None) -> frozenset[int] | None:
    """The numbers of the system calls that a test holds for at most; None where it may hold for any."""
    match test:
        case CallIn(numbers, _):
            return frozenset(numbers)
        case Binary("&&", left, right, _):
            either = [calls for calls in (calls_of(left), calls_of(right)) if calls is not None]
            return frozenset.intersection(*either) if either else None
        case Binary("||", left, right, _):
            first, second = calls_of(left), calls_of(right)
            return None if first is None or second is None else first | second
    return None


def _bound(kind: Type) -> int:
    assert isinstance(kind, StringType)
    return kind.bound


def lasts(expr: Expr[Linux]) -> bool:
    """Whether a value stays the same in a clause: numbers that are read of the kernel, and what is made of them."""
    match expr:
        case Const() | Offset() | RawArg() | CallArg() | TrampolineArg():
            return True
        case Load(address, _, space, _):
            return space == "kernel" and lasts(address)
        case Intrinsic("__kernel_word", (operand,), _) | Unary(_, operand, _) | Cast(operand, _):
            return lasts(operand)
        case Binary(_, left, right, _):
            return lasts(left) and lasts(right)
        case Cond(test, then, other, _):
            return lasts(test) and lasts(then) and lasts(other)
    return False
