"""D's subroutines as C: mostly calls of the functions in `templates/c`.

Before: ``Call("strjoin", (a, b))``  After: ``dt_strjoin(s->c1.m3, 256, s->c1.m1, 64, s->c1.m2, 256);``
"""

from __future__ import annotations

from collections.abc import Callable

from dtrans.check.tree import Call, Const, Expr, Late, Text
from dtrans.emit import strings
from dtrans.emit.calls import Argument, Number, To
from dtrans.emit.leaves import intrinsic
from dtrans.emit.memory import allocate
from dtrans.emit.nulls import nullable
from dtrans.emit.storage import Slot
from dtrans.emit.text import number
from dtrans.emit.values import Values
from dtrans.emit.writer import BAD_ADDRESS, ILLEGAL_OPERATION, NO_SCRATCH
from dtrans.errors import fail
from dtrans.plan.leaves import Linux
from dtrans.types import UINT32 as _U32
from dtrans.types import StringType

#: include/linux/socket.h: the address families that inet_ntop() knows.
_AF_INET, _AF_INET6 = 2, 10
#: include/uapi/linux/if_arp.h: the hardware types that link_ntop() knows, and bytes of their addresses.
_ETHERNET, _INFINIBAND = 1, 32
_LINKS = {_ETHERNET: 6, _INFINIBAND: 20}
#: Bytes of the state of json().
_JSON_STATE = 16 * 32 * 2 + 128 + 8 * (4 + 64 + 10)


def integer_call(values: Values, call: Call[Linux]) -> str:
    """A subroutine whose value is a number or an address."""
    args = call.args
    match call.name:
        case "strlen":
            if isinstance(args[0], Text):
                return str(len(args[0].value))
            slot = values.text(args[0])
            return strings.length(values, slot)
        case "index" | "rindex":
            return _index(values, call)
        case "strtoll":
            slot = values.text(args[0], *args[1:])
            base = _base(values, args[1]) if len(args) > 1 else "10"
            return values.temporary("s64", values.calls.expression(values, "strtoll", slot, base))
        case "copyin":
            return _copyin(values, args[0], args[1])
        case "copyinto":
            return _copyinto(values, call)
        case "alloca":
            return allocate(values, args[0], values.integer(args[0]))
        case "bcopy":
            return _bcopy(values, args)
        case "getmajor":
            return f"((u32){_operand(values, args[0])} >> 20)"
        case "getminor":
            return f"((u32){_operand(values, args[0])} & 0xfffff)"
        case "htons" | "ntohs":
            return f"__builtin_bswap16((u16){_operand(values, args[0])})"
        case "htonl" | "ntohl":
            return f"__builtin_bswap32((u32){_operand(values, args[0])})"
        case "htonll" | "ntohll":
            return f"__builtin_bswap64((u64){_operand(values, args[0])})"
        case "rand":
            return values.temporary("s64", "bpf_get_prandom_u32() & 0x7fffffff")
        case "speculation":
            values.shared.uses.add("speculation")
            return values.temporary("s64", "dt_speculation()")
        case "progenyof" if isinstance(args[0], Late) and args[0].what == "target":
            return _progeny_of_target(values, args[0])
        case "progenyof":
            task = intrinsic(values, "__current", ()) if values.thread is None else values.thread
            process = Number(f"(u32)({values.integer(args[0])})")
            return values.temporary("s64", values.calls.expression(values, "progenyof", Number(task), process))
    raise fail("D_FUNC_UNDEF", f"{call.name}() cannot be used as a number here", call.span)


def _progeny_of_target(values: Values, target: Late) -> str:
    """Of the target, the process and those that come from it are kept in a map as they come and go."""
    values.shared.uses.add("progeny")
    values.shared.function("kread")
    values.shared.late_constant(target)
    for member in ("pid", "tgid"):
        values.shared.layout("offset", "struct task_struct", member)
    process = intrinsic(values, "__tgid", ())
    if values.thread is not None:
        process = f"dt_kread({values.thread} + OFF_task_struct__tgid)"
    return values.temporary("s64", f"dt_is_progeny({process})")


def string_call(values: Values, call: Call[Linux], slot: Slot, *, key: bool) -> None:
    """A subroutine whose value is a string, put at a place."""
    if call.name in ("copyinstr", "copyin"):
        _copyinstr(values, call, slot, key=key)
        return
    _string_function(values, call, slot)
    if key:
        strings.pad(values, slot)


def _string_function(values: Values, call: Call[Linux], slot: Slot) -> None:
    args, name, calls, to = call.args, call.name, values.calls, To(slot)
    match name:
        case "basename" | "dirname" | "cleanpath" | "toupper" | "tolower":
            calls.statement(values, name, to, values.text(args[0]))
        case "strjoin":
            calls.statement(values, name, to, values.text(args[0], args[1]), values.text(args[1]))
        case "strchr" | "strrchr":
            source = values.text(args[0], args[1])
            character = Number(f"(int)({values.integer(args[1])})")
            _found(values, slot, calls.expression(values, name, to, source, character))
        case "strstr":
            source, needle = values.text(args[0], args[1]), values.text(args[1])
            _found(values, slot, calls.expression(values, name, to, source, needle, _work(values, needle)))
        case "json":
            _json(values, call, slot)
        case "strtok":
            _strtok(values, call, slot)
        case "substr":
            source = values.text(args[0], *args[1:])
            start = Number(values.settled(args[1]))
            # What is left out is strsize for dtrace, whatever the string's own length.
            length = Number(values.integer(args[2])) if len(args) > 2 else str(values.types.strsize)
            calls.statement(values, name, to, source, start, length)
        case "lltostr":
            shown = Number(values.settled(args[0]) if len(args) > 1 else values.integer(args[0]))
            base = values.integer(args[1]) if len(args) > 1 else "10"
            room = slot if slot.size >= 72 else values.slot(72)
            made = calls.expression(values, name, To(room), shown, base)
            values.fault(f"!{made}", ILLEGAL_OPERATION)
            if room is not slot:
                strings.copy(values, slot, room)
        case "memstr":
            _memstr(values, call, to)
        case "inet_ntoa":
            address = values.load(values.integer(args[0]), _U32, "kernel", None)
            calls.statement(values, name, to, Number(address))
        case "inet_ntoa6":
            _inet6(values, args[0], slot, embedded=False)
        case "inet_ntop":
            _by_kind(values, call, slot, (_AF_INET, _AF_INET6), _inet_of)
        case "link_ntop":
            _by_kind(values, call, slot, (_ETHERNET, _INFINIBAND), _link_of)
        case _:
            raise fail("D_FUNC_UNDEF", f"{call.name}() cannot be used as a string here", call.span)


def _memstr(values: Values, call: Call[Linux], to: To) -> None:
    address = values.temporary("u64", values.integer(call.args[0]))
    character, length = (Number(values.temporary("u64", values.integer(arg))) for arg in call.args[1:])
    read = values.calls.expression(values, "memstr", to, Number(address), character, length)
    values.fault(f"!{read}", BAD_ADDRESS, address)


def _found(values: Values, slot: Slot, found: str) -> None:
    """What a search found is set, if empty; what found nothing is NULL."""
    values.add(f"if (!{found}) *(u16 *)({slot.address}) = 0; else MARK_SET({slot.address});")


def _operand(values: Values, expr: Expr[Linux]) -> str:
    return f"({values.integer(expr)})"


def _base(values: Values, expr: Expr[Linux]) -> Argument:
    """The base of a number's text: two to all digits and letters, any other is an illegal operation."""
    if isinstance(expr, Const) and 2 <= expr.value <= 36:
        return str(expr.value)
    base = values.temporary("u32", values.integer(expr))
    values.fault(f"{base} < 2 || {base} > 36", ILLEGAL_OPERATION)
    return Number(base)


def _work(values: Values, needle: Slot) -> str:
    """Working memory for a search, which a needle of up to seven characters does not need."""
    if needle.size <= 8:
        return "NULL"
    longest = max(needle.size, values.strsize if values.calls.called else 0)
    return f"(u8 *){values.work((2048 + 16) * ((longest + 63) // 64))}"


def _index(values: Values, call: Call[Linux]) -> str:
    source, needle = values.text(call.args[0], *call.args[1:]), values.text(call.args[1], *call.args[2:])
    start: Argument = "0" if call.name == "index" else number((1 << 31) - 1)
    if len(call.args) > 2:
        start = Number(values.integer(call.args[2]))
    found = values.calls.expression(values, call.name, source, needle, _work(values, needle), start)
    return values.temporary("s64", found)


def _copyinstr(values: Values, call: Call[Linux], slot: Slot, *, key: bool) -> None:
    """copyinstr(), or what stringof() makes of copyin(): a string that ends after so many bytes."""
    address = values.temporary("u64", values.integer(call.args[0]))
    assert isinstance(call.type, StringType)
    bound = min(slot.size, call.type.bound)
    size = str(bound)
    most = call.args[1] if len(call.args) > 1 else None
    if isinstance(most, Const) and most.value >= 0:
        size = str(min(bound, most.value + 1))
    elif most is not None:
        limit = values.temporary("u64", values.integer(most))
        if call.name == "copyin":
            values.fault(f"(s64){limit} < 0", NO_SCRATCH)
        values.add(f"{limit} = {limit} < {bound} ? {limit} + 1 : {bound};")
        size = f"dt_clamp({limit}, {bound + 1})"
        values.shared.needed["word"] = None
    if key:
        strings.clear(values, slot)
    values.user_string(slot, size, address)


def _copyin(values: Values, source: Expr[Linux], size: Expr[Linux]) -> str:
    address = values.temporary("u64", values.integer(source))
    length = values.temporary("u64", values.integer(size))
    # Scripts of illumos, which lets them write anywhere in this memory, put a NUL behind a text that they have copied.
    offset = allocate(values, size, length, spare=1)
    values.add(f"BOUND({length}, ARENA_SIZE - 1);")
    at = values.temporary("u64", f"{offset} - arena")
    values.add(f"BOUND({at}, ARENA_SIZE - 1);")
    values.user_bytes(f"{values.scratch_name}->arena + {at}", length, address)
    return offset


def _into(values: Values, target: str, length: str) -> str:
    """An offset in scratch memory that was allocated for a checked address and length."""
    values.arena()
    at = values.temporary("u64", f"{target} - arena")
    values.fault(f"{at} > ARENA_SIZE - 8 || {length} > ARENA_SIZE - 8 || {at} + {length} > arena_used", 1, target)
    values.add(f"BOUND({at}, ARENA_SIZE - 1);")
    values.add(f"BOUND({length}, ARENA_SIZE - 1);")
    return at


def _copyinto(values: Values, call: Call[Linux]) -> str:
    source = values.temporary("u64", values.integer(call.args[0]))
    length = values.temporary("u64", values.integer(call.args[1]))
    target = values.temporary("u64", values.integer(call.args[2]))
    at = _into(values, target, length)
    values.user_bytes(f"{values.scratch_name}->arena + {at}", length, source)
    return "0"


def _bcopy(values: Values, args: tuple[Expr[Linux], ...]) -> str:
    source = values.temporary("u64", values.integer(args[0]))
    target = values.temporary("u64", values.integer(args[1]))
    length = values.temporary("u64", values.integer(args[2]))
    at = _into(values, target, length)
    values.add(
        f"if (bpf_probe_read_kernel({values.scratch_name}->arena + {at}, {length}, (void *){source})) "
        f"FAULT({values.frame.fault}, {values.frame.action}, 1, {source});"
    )
    return "0"


def _strtok(values: Values, call: Call[Linux], slot: Slot) -> None:
    size = (values.strsize + 7) // 8 * 8
    declaration = f"char strtok_state[{size + 8}];"
    values.scratch.keep(declaration, size + 8)
    values.variables.strtok = True
    state = f"{values.scratch_name}->strtok_state"
    room = slot if slot.size >= 32 else values.slot(32)
    if not isinstance(call.args[0], Const):
        text = values.string(call.args[0])
        with values.block(f"if (*(u16 *)({text.address}))" if nullable(call.args[0], read=False) else ""):
            strings.copy(values, Slot(state, size), text)
            values.add(f"*(u64 *)({state} + {size}) = 0;")
    delimiters = values.text(call.args[1])
    found = values.calls.expression(values, "strtok", To(room), state, str(size), delimiters)
    values.add(f"if (!{found}) *(u16 *)({room.address}) = 0;")
    if room is not slot:
        strings.copy(values, slot, room)


def _json(values: Values, call: Call[Linux], slot: Slot) -> None:
    source, path = values.text(call.args[0], call.args[1]), values.text(call.args[1])
    room = slot if slot.size >= source.size else values.slot(source.size)
    longest = max(path.size, values.strsize)
    work = values.work(_JSON_STATE + (1 << (longest - 1).bit_length()))
    _found(values, room, values.calls.expression(values, "json", To(room), source, path, work))
    if room is not slot:
        strings.copy(values, slot, room)


def _inet6(values: Values, address: Expr[Linux], slot: Slot, *, embedded: bool) -> None:
    raw = values.slot(16)
    where = values.temporary("u64", values.integer(address))
    values.add(
        f"if (bpf_probe_read_kernel({raw.address}, 16, (void *){where})) "
        f"FAULT({values.frame.fault}, {values.frame.action}, 1, {where});"
    )
    room = slot if slot.size >= 48 else values.slot(48)
    flag = "true" if embedded else "false"
    # The 16 bytes of an address are read by the function: in scratch memory or elsewhere, their address is a number.
    at = f"(u8 *){raw.address}"
    if values.calls.called:
        at = f"(u8 *){values.work(16)}"
        values.add(f"__builtin_memcpy({values.scratch_name}->work, {raw.address}, 16);")
    values.calls.statement(values, "inet_ntoa6", To(room), at, flag)
    if room is not slot:
        strings.copy(values, slot, room)


def _by_kind(values: Values, call: Call[Linux], slot: Slot, kinds: tuple[int, int], put: Callable[..., None]) -> None:
    """An address of one of two kinds, which the first argument tells; any other is an illegal operation (dtrace.c,
    DIF_SUBR_INET_NTOP)."""
    kind, address = call.args
    if isinstance(kind, Const) and kind.value in kinds:
        put(values, kind.value, address, slot)
        return
    first, second = kinds
    which = values.temporary("s32", values.integer(kind))
    values.fault(f"{which} != {first} && {which} != {second}", ILLEGAL_OPERATION)
    with values.block(f"if ({which} == {first})"):
        put(values, first, address, slot)
    with values.block("else"):
        put(values, second, address, slot)


def _link_of(values: Values, kind: int, address: Expr[Linux], slot: Slot) -> None:
    where, size = values.temporary("u64", values.integer(address)), _LINKS[kind]
    raw = f"(u8 *){values.work(size)}"
    values.fault(f"bpf_probe_read_kernel({raw}, {size}, (void *){where})", BAD_ADDRESS, where)
    room = slot if slot.size >= 64 else values.slot(64)
    values.calls.statement(values, "link_ntop", To(room), raw, str(size))
    if room is not slot:
        strings.copy(values, slot, room)


def _inet_of(values: Values, family: int, address: Expr[Linux], slot: Slot) -> None:
    if family == _AF_INET6:
        _inet6(values, address, slot, embedded=True)
        return
    word = values.load(values.integer(address), _U32, "kernel", None)
    values.calls.statement(values, "inet_ntoa", To(slot), Number(word))
