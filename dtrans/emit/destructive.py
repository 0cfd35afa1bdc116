"""Destructive actions that the program itself takes, as C: signals, writes to user memory, delays.

Before: ``copyoutstr("x", arg0, 4)``  After: the string in scratch memory, and ``bpf_probe_write_user()`` of it.
"""

from __future__ import annotations

from dtrans.check.tree import Act
from dtrans.emit import strings
from dtrans.emit.storage import ARENA, Slot
from dtrans.emit.values import Values
from dtrans.emit.writer import BAD_ADDRESS, ILLEGAL_OPERATION, NO_SCRATCH
from dtrans.plan.leaves import Linux

_SIGSTOP = 19


def change(values: Values, act: Act[Linux]) -> None:
    """One action."""
    match act.kind:
        case "raise":
            values.add(f"bpf_send_signal((u32)({values.integer(act.args[0])}));")
        case "stop":
            values.add(f"bpf_send_signal({_SIGSTOP});")
        case "copyout":
            _copyout(values, act)
        case "copyoutstr":
            _copyoutstr(values, act)
        case "chill":
            values.shared.uses.add("chill")
            values.shared.function("subprogram")
            values.fault(f"DT_CALL(dt_chill, {values.integer(act.args[0])})", ILLEGAL_OPERATION)
            # The clock stands still in a clause, but for this (dtrace.c, dtrace_action_chill).
            values.frame.memo.pop("now", None)


def _copyout(values: Values, act: Act[Linux]) -> None:
    """What stands at a kernel address goes by way of scratch memory: the helper takes memory of the program only."""
    source, target, size = (values.temporary("u64", values.integer(arg)) for arg in act.args)
    slot = values.slot(ARENA)
    values.fault(f"{size} > {ARENA}", NO_SCRATCH)
    _write(values, slot, target, size, source)


def _copyoutstr(values: Values, act: Act[Linux]) -> None:
    """The string with its end, cut where it is longer than the size."""
    slot = values.text(*act.args)
    target, most = (values.temporary("u64", values.integer(arg)) for arg in act.args[1:])
    size = values.temporary("u64", f"{strings.length(values, slot)} + 1")
    values.add(f"if ({size} > {most}) {size} = {most};")
    _write(values, slot, target, size)


def _write(values: Values, slot: Slot, target: str, size: str, source: str = "") -> None:
    """Writes to a process, first reading what is written from a kernel address `source` where there is one."""
    values.shared.needed["word"] = None
    with values.block(f"if ({size})"):
        # The verifier does not know that a number which is not 0 is at least 1.
        values.add(f"{size} = dt_bound({size} - 1, {slot.size}) + 1;")
        if source:
            values.fault(f"bpf_probe_read_kernel({slot.address}, {size}, (void *){source})", BAD_ADDRESS, source)
        values.fault(f"bpf_probe_write_user((void *){target}, {slot.address}, {size})", BAD_ADDRESS, target)
