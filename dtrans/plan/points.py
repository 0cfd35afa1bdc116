"""From a row's ``at`` to an attach point, and the attach points of system calls.

Before: ``"syscall-entry:read,pread64"``  After: the raw tracepoint of all calls, guarded by ``CallIn((0, 17))``
"""

from __future__ import annotations

from collections.abc import Mapping

from dtrans.attach import Attach, PerfEvent, RawTracepoint, TestRun, Tracepoint
from dtrans.check.tree import Binary, Expr
from dtrans.check.universe import RowProbe
from dtrans.errors import fail
from dtrans.facts import KernelFacts
from dtrans.options import parse_rate
from dtrans.plan.functions import attach_function
from dtrans.plan.leaves import CallIn, Linux
from dtrans.types import INT

CALL_ENTRY = RawTracepoint("sys_enter")
CALL_RETURN = RawTracepoint("sys_exit")

_PERF_TYPE_HARDWARE, _PERF_TYPE_SOFTWARE, _PERF_TYPE_HW_CACHE = 0, 1, 3
#: Events by the names that ``perf list`` gives them (include/uapi/linux/perf_event.h, enum perf_sw_ids and what
#: stands beside it).
_SOFTWARE = {
    "cpu-clock": 0, "task-clock": 1, "page-faults": 2, "context-switches": 3, "cpu-migrations": 4, "minor-faults": 5,
    "major-faults": 6, "alignment-faults": 7, "emulation-faults": 8,
}  # fmt: skip
_CLOCK = _SOFTWARE["cpu-clock"]
_HARDWARE = (
    "cpu-cycles", "instructions", "cache-references", "cache-misses", "branch-instructions", "branch-misses",
    "bus-cycles", "stalled-cycles-frontend", "stalled-cycles-backend", "ref-cycles",
)  # fmt: skip
_CACHES = ("L1-dcache", "L1-icache", "LLC", "dTLB", "iTLB", "branch", "node")
_CACHE_USES = ("load", "store", "prefetch")
#: Type and configuration of an event by its name.
_EVENTS: Mapping[str, tuple[int, int]] = {
    **{name: (_PERF_TYPE_SOFTWARE, number) for name, number in _SOFTWARE.items()},
    **{name: (_PERF_TYPE_HARDWARE, number) for number, name in enumerate(_HARDWARE)},
    **{
        f"{name}-{use}{what}": (_PERF_TYPE_HW_CACHE, cache | number << 8 | missed << 16)
        for cache, name in enumerate(_CACHES)
        for number, use in enumerate(_CACHE_USES)
        for missed, what in enumerate(("s", "-misses"))
    },
}


def attach_of(at: str, facts: KernelFacts, probe: RowProbe | None = None) -> Attach | None:
    """Where a point attaches; None for the ERROR probe, which fires where a fault happens. `probe` gives the period and
    mode of a name with parameters."""
    kind, _, rest = at.partition(":")
    period, mode = (probe.period, probe.mode) if probe is not None else (0, "all")
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
        case "perf" if rest in _EVENTS:
            return PerfEvent(*_EVENTS[rest], period or 1, True, mode)
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
