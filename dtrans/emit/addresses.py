"""Values that the reader makes names of: stacks, and addresses by sym() and its kin; where they are made, and kept.

Before: ``self->s = ustack(3)``, ``printf("%k", self->s)``
After: ``p[0] = dt_process(...); bpf_get_stack(ctx, p + 1, 24, BPF_F_USER_STACK);``, ``__builtin_memcpy(r.a1, p, 32);``
"""

from __future__ import annotations

from dtrans.check.tree import Assign, Call, Const, Expr, Read
from dtrans.emit import access, strings
from dtrans.emit.storage import Slot, address_words
from dtrans.emit.values import Values
from dtrans.plan.leaves import Linux
from dtrans.types import ULONG, Addresses

#: Bytes up to which a stack is zeroed before it is taken, and not only ended by a 0 behind its last frame.
_SMALL = 96


def put_addresses(values: Values, target: str, expr: Expr[Linux], *, key: bool) -> None:
    """Stores such a value at a place of its type, ``u64[]`` in C. A `key` has zeros behind its last frame."""
    kind = expr.type
    assert isinstance(kind, Addresses)
    match expr:
        case Read():
            _copy(values, target, expr, kind)
        case Call("stack" | "ustack" | "jstack" as what, _, _, _):
            _take_stack(values, target, kind.frames, user=what != "stack", whole=key)
        case Call("sym" | "func" | "mod", args, _, _):
            values.add(f"({target})[0] = {values.integer(args[0])};")
        case Call(_, args, _, _):
            values.add(f"({target})[0] = {_process(values)};")
            values.add(f"({target})[1] = {values.integer(args[0])};")
        case _:
            raise AssertionError(f"no addresses: {expr}")


def assign_addresses(values: Values, expr: Assign[Linux]) -> None:
    """Puts such a value into a variable; 0 empties it, and frees an element of an array."""
    variable = expr.variable
    place: Read[Linux] = Read(variable, expr.keys)
    assert isinstance(variable.type, Addresses)
    if isinstance(expr.value, Const):
        access.forget(values, place)
        return
    pointer = access.memory(values, place, write=True)
    words = f"((u64 *){pointer})"
    with values.block(f"if ({pointer})"):
        kind = expr.value.type
        assert isinstance(kind, Addresses)
        unused = address_words(variable.type) - address_words(kind)
        if unused:
            strings.clear(values, Slot(f"{words} + {address_words(kind)}", 8 * unused))
        put_addresses(values, words, expr.value, key=True)


def any_address(values: Values, expr: Expr[Linux]) -> str:
    """Whether a variable holds such a value."""
    assert isinstance(expr, Read)
    pointer = access.memory(values, expr, write=False)
    first = values.temporary("u64", "0")
    values.add(f"if ({pointer}) {first} = *(u64 *)({pointer});")
    return first


def _copy(values: Values, target: str, expr: Read[Linux], kind: Addresses) -> None:
    """From a variable; one that was never set has no frames."""
    pointer = access.memory(values, expr, write=False)
    size = 8 * address_words(kind)
    values.add(f"if ({pointer}) bpf_probe_read_kernel({target}, {size}, (void *)({pointer}));")
    with values.block("else"):
        strings.clear(values, Slot(target, size))


def _take_stack(values: Values, target: str, frames: int, *, user: bool, whole: bool) -> None:
    size, first, flags = 8 * frames, target, str(values.own_frames)
    if not user and values.own_frames is None:
        strings.clear(values, Slot(first, size))
        return
    if user:
        values.add(f"({target})[0] = {_process(values)};")
        first, flags = f"{target} + 1", "BPF_F_USER_STACK"
    if user and frames > 1 and values.user_moment == "entry":
        function, caller = values.shared.function("entry_stack"), entry_caller(values)
        strings.clear(values, Slot(first, size))
        values.add(f"{function}(ctx, {first}, {size}, PROGRAM_COUNTER(ctx), {caller});")
        return
    if not user and values.caller_in_register:
        values.add(f"({first})[0] = {kernel_caller(values)};")
        first, size = f"{first} + 1", size - 8
        if not size:
            return
    if whole or size <= _SMALL:
        # In a record on the stack, an end at a variable place is nothing that the verifier lets one write.
        strings.clear(values, Slot(first, size))
        values.add(f"bpf_get_stack(ctx, {first}, {size}, {flags});")
        return
    got = values.temporary("s64", f"bpf_get_stack(ctx, {first}, {size}, {flags})")
    values.add(f"if ({got} < 0) ({first})[0] = 0;")
    values.add(f"else if ({got} < {size}) *(u64 *)((char *)({first}) + ({got} & {_mask(size)})) = 0;")


def entry_caller(values: Values) -> str:
    """The address that a function of a process, at its entry, will return to: no frame has it yet."""
    written = "RETURN_ADDRESS_AT(ctx)"
    if values.types.facts.machine == "x86_64":
        written = values.load(written, ULONG, "user", None)
    return values.temporary("u64", f"{values.shared.function('return_address')}({written})")


def kernel_caller(values: Values) -> str:
    """The address that a function of the kernel will return to, at its entry, where a register has it."""
    return f"{values.shared.function('kernel_caller')}(RETURN_ADDRESS_AT(ctx), FRAME_POINTER(ctx))"


def _process(values: Values) -> str:
    """The process as the reader wants it: u32 process id, u32 number of its image."""
    values.shared.uses.add("images")
    values.shared.function("kread")
    values.shared.layout("offset", "struct task_struct", "self_exec_id")
    both = values.memo("pid_tgid", "u64", "bpf_get_current_pid_tgid()")
    return values.memo("process", "u64", f"dt_process({both})")


def _mask(size: int) -> int:
    """The widest mask below a size that keeps an index of eight bytes inside: stacks are powers of two or cut."""
    return max(0, (1 << (size - 8).bit_length()) - 8)
