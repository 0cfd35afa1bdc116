"""From a row's ``at`` to an attach point, and the attach points of system calls.

Before: ``"syscall-entry:read,pread64"``  After: the raw tracepoint of all calls, guarded by ``CallIn((0, 17))``
"""

from __future__ import annotations

from collections.abc import Mapping

from dtrans.artifact import Attach, PerfEvent, RawTracepoint, TestRun, Tracepoint
from dtrans.check.tree import Binary, Expr
from dtrans.errors import fail
from dtrans.facts import KernelFacts
from dtrans.options import parse_rate
from dtrans.plan.functions import attach_function
from dtrans.plan.leaves import CallIn, Linux
from dtrans.types import INT

CALL_ENTRY = RawTracepoint("sys_enter")
CALL_RETURN = RawTracepoint("sys_exit")

_PERF_TYPE_HARDWARE, _PERF_TYPE_SOFTWARE = 0, 1
#: Software events by the names that ``perf list`` gives them (include/uapi/linux/perf_event.h, enum perf_sw_ids).
_SOFTWARE = {
    "cpu-clock": 0, "task-clock": 1, "page-faults": 2, "context-switches": 3, "cpu-migrations": 4, "minor-faults": 5,
    "major-faults": 6, "alignment-faults": 7, "emulation-faults": 8,
}  # fmt: skip
_CLOCK = _SOFTWARE["cpu-clock"]


def attach_of(at: str, period: int, facts: KernelFacts) -> Attach | None:
    """Where a point attaches; None for the ERROR probe, which fires where a fault happens."""
    kind, _, rest = at.partition(":")
    match kind:
        case "rawtp":
            return RawTracepoint(rest)
        case "tracepoint":
            group, _, event = rest.partition(":")
            return Tracepoint(group, event)
        case "syscall-entry":
            return CALL_ENTRY
        case "syscall-return":
            return CALL_RETURN
        case "clock":
            where, _, rate = rest.partition(":")
            return PerfEvent(_PERF_TYPE_SOFTWARE, _CLOCK, parse_rate(rate) if rate else period, where == "all")
        case "perf" if rest in _SOFTWARE:
            return PerfEvent(_PERF_TYPE_SOFTWARE, _SOFTWARE[rest], 1, True)
        case "function-entry":
            return attach_function(facts, rest, "entry")
        case "function-return":
            return attach_function(facts, rest, "return")
        case "begin":
            return TestRun("BEGIN")
        case "end":
            return TestRun("END")
        case "error":
            return None
    raise fail("D_KNOWLEDGE", f"a row attaches at '{at}', which is no known kind of point")


def call_guard(at: str, calls: Mapping[str, int]) -> Expr[Linux] | None:
    """The guard of a point over some system calls; None when it is over all, or over none."""
    kind, _, rest = at.partition(":")
    if kind not in ("syscall-entry", "syscall-return") or not rest:
        return None
    return CallIn(tuple(sorted(calls[name] for name in rest.split(",") if name in calls)))


def both(one: Expr[Linux] | None, two: Expr[Linux] | None) -> Expr[Linux] | None:
    """Two guards as one."""
    if one is None or two is None:
        return one if two is None else two
    return Binary("&&", one, two, INT)
