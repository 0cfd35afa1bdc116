"""Attach points as bpftrace's probes, and the blocks that a point is split into.

Before: ``RawTracepoint("sys_enter")`` with clauses for read(2)   After: ``tracepoint:syscalls:sys_enter_read``

System calls that no clause wants cost nothing where each has a tracepoint of its own; clauses that want many, or all,
stand at the tracepoint of all calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dtrans.artifact import Wanted
from dtrans.attach import (
    Attach,
    KernelFunctions,
    PerfEvent,
    RawTracepoint,
    TestRun,
    Tracepoint,
    Tracepoints,
    Trampoline,
    UserCode,
)
from dtrans.check.processes import split_process
from dtrans.check.tree import Variable
from dtrans.emit.bpftrace.writer import Place, Script
from dtrans.emit.leaves import calls_of
from dtrans.errors import DtransError, fail
from dtrans.facts import KernelFacts
from dtrans.plan.leaves import CallArg, PlaceWanted, ProbePart, RawArg
from dtrans.plan.plan import AttachPoint, Firing, PlanClause
from dtrans.plan.points import CALL_ENTRY, CALL_RETURN, both
from dtrans.source import Span, span_of

#: So many system calls get tracepoints of their own; for more there is the one of all.
_FEW_CALLS = 12
#: perf_event_open(2)'s types and numbers (include/uapi/linux/perf_event.h) by bpftrace's names.
_SOFTWARE = {
    1: "task-clock", 2: "page-faults", 3: "context-switches", 4: "cpu-migrations", 5: "minor-faults",
    6: "major-faults", 7: "alignment-faults", 8: "emulation-faults",
}  # fmt: skip
_HARDWARE = {
    0: "cpu-cycles", 1: "instructions", 2: "cache-references", 3: "cache-misses", 4: "branch-instructions",
    5: "branch-misses", 6: "bus-cycles", 7: "frontend-stalls", 8: "backend-stalls", 9: "ref-cycles",
}  # fmt: skip
_SECOND = 1_000_000_000
_UNITS = ((_SECOND, "s"), (1_000_000, "ms"), (1_000, "us"))


@dataclass(frozen=True)
class Part:
    """What runs in one block: probes, where that is, and the firings with those of their clauses that run there.
    `tests` are conditions of bpftrace's own, by clause number."""

    probes: tuple[str, ...]
    place: Place
    firings: tuple[Firing, ...]
    test: str = ""


def parts_of(script: Script, point: AttachPoint) -> Iterator[Part]:
    """The blocks of an attach point, in order."""
    match point.attach:
        case RawTracepoint() if point.attach in (CALL_ENTRY, CALL_RETURN) and not _reads_raw(point.firings):
            yield from _of_calls(script, point)
        case UserCode() as attach:
            yield from _in_processes(script, attach, point.firings)
        case attach:
            yield Part(_probes(script, attach, point.firings), Place(attach), point.firings)


def _probes(script: Script, attach: Attach, firings: Sequence[Firing]) -> tuple[str, ...]:
    facts = script.types.facts
    match attach:
        case TestRun(moment):
            return (moment,)
        case RawTracepoint(event):
            return (_raw_tracepoint(facts, event, reads=_reads_raw(firings)),)
        case Tracepoint(group, event):
            return (f"tracepoint:{group}:{event}",)
        case Tracepoints(raw, places):
            if raw:
                return tuple(_raw_tracepoint(facts, event, reads=_reads_raw(firings)) for event, _ in places)
            return tuple(f"tracepoint:{name}" for name, _ in places)
        case PerfEvent():
            return (_perf_event(attach, firings),)
        case KernelFunctions(moment, places):
            kind = "kprobe" if moment == "entry" else "kretprobe"
            return tuple(f"{kind}:{place}" for place, _ in places)
        case Trampoline(moment, function, _):
            return (f"{'kfunc' if moment == 'entry' else 'kretfunc'}:{function}",)
        case UserCode():
            raise AssertionError("places in processes are found otherwise")


def _raw_tracepoint(facts: KernelFacts, event: str, *, reads: bool) -> str:
    """A raw tracepoint; the ordinary one of its name where its arguments are not read, which every version has."""
    if not reads:
        for name in facts.tracepoints():
            if name.partition(":")[2] == event:
                return f"tracepoint:{name}"
    return f"rawtracepoint:{event}"


def _perf_event(attach: PerfEvent, firings: Sequence[Firing]) -> str:
    names = {0: _HARDWARE, 1: _SOFTWARE}.get(attach.type, {})
    if attach.type == 1 and attach.config == 0 and attach.mode == "all":
        return (
            f"{'profile' if attach.all_cpus else 'interval'}:{_rate(attach.period, firings, all_cpus=attach.all_cpus)}"
        )
    if attach.mode != "all" or attach.config not in names:
        raise _refused(
            firings, "this perf event", "it counts events of the kernel and of programs together, by few names"
        )
    return f"{'software' if attach.type else 'hardware'}:{names[attach.config]}:{attach.period}"


def _rate(period: int, firings: Sequence[Firing], *, all_cpus: bool) -> str:
    """A period in nanoseconds."""
    for unit, name in _UNITS:
        if period % unit == 0 and (all_cpus or name != "us"):
            return f"{name}:{period // unit}"
    rate = round(_SECOND / period)
    if rate and _SECOND // rate == period:
        return f"hz:{rate}"
    raise _refused(firings, f"a period of {period} nanoseconds", "it has whole microseconds or rates")


def _refused(firings: Sequence[Firing], what: str, why: str, span: Span | None = None) -> DtransError:
    spans = [clause.span for firing in firings for clause in firing.clauses if clause.span is not None]
    return fail("D_BPFTRACE", f"{what} cannot be said in bpftrace: {why}", span or (spans[0] if spans else None))


# --- system calls -----------------------------------------------------------------------------------------


def _of_calls(script: Script, point: AttachPoint) -> Iterator[Part]:
    entry = point.attach == CALL_ENTRY
    if not entry and _reads_arguments(script, point.firings):
        yield Part(("rawtracepoint:sys_exit",), Place(point.attach, has_registers=True), point.firings)
        return
    wanted: dict[int, list[tuple[int, int]]] | None = {}
    for which, firing in enumerate(point.firings):
        for index, clause in enumerate(firing.clauses):
            calls = calls_of(both(firing.guard, clause.guard))
            if calls is None or wanted is None or len(calls) > _FEW_CALLS:
                wanted = None
                break
            for call in calls:
                wanted.setdefault(call, []).append((which, index))
    groups = None if wanted is None else _grouped(script, wanted, entry=entry)
    if groups is None:
        script.remarks["compat"] = None
        name = f"tracepoint:raw_syscalls:sys_{'enter' if entry else 'exit'}"
        yield Part((name,), Place(point.attach), point.firings)
        return
    for (clauses, _), found in groups.items():
        place = Place(point.attach, frozenset(one.number for one in found), found[0].arguments, found[0].pointers)
        probes = tuple(f"tracepoint:syscalls:{one.event}" for one in found)
        yield Part(probes, place, tuple(_some(point.firings, clauses)))


@dataclass(frozen=True)
class _Call:
    """The tracepoint of one system call, the names of its arguments, and those that are pointers."""

    number: int
    event: str
    arguments: tuple[str, ...]
    pointers: frozenset[str]


_Key = tuple[tuple[tuple[int, int], ...], tuple[str, ...]]


def _grouped(
    script: Script, wanted: dict[int, list[tuple[int, int]]], *, entry: bool
) -> dict[_Key, list[_Call]] | None:
    """The calls that the same clauses want, and whose arguments have the same names; None where a call has no
    tracepoint of its own."""
    groups: dict[_Key, list[_Call]] = {}
    for call, clauses in sorted(wanted.items()):
        found = _tracepoint_of(script, call, entry=entry)
        if found is None:
            return None
        groups.setdefault((tuple(clauses), found.arguments), []).append(found)
    return dict(sorted(groups.items(), key=lambda group: group[0][0]))


def _tracepoint_of(script: Script, call: int, *, entry: bool) -> _Call | None:
    knowledge, facts = script.types.knowledge, script.types.facts
    names = {number: name for name, number in knowledge.numbers[facts.machine].items()}
    linux = names.get(call, "")
    for name in (linux, knowledge.call_functions.get(linux, "")):
        event = f"sys_{'enter' if entry else 'exit'}_{name}"
        fields = facts.tracepoint("syscalls", event) if name else None
        if fields is not None:
            arguments = [field for field in fields if field.name not in ("__syscall_nr", "ret")]
            pointers = frozenset(field.name for field in arguments if "*" in field.type_text)
            return _Call(call, event, tuple(field.name for field in arguments), pointers)
    return None


def _some(firings: Sequence[Firing], wanted: Sequence[tuple[int, int]]) -> Iterator[Firing]:
    for which, firing in enumerate(firings):
        clauses = tuple(clause for index, clause in enumerate(firing.clauses) if (which, index) in wanted)
        if clauses:
            yield Firing(firing.guard, firing.thread, firing.tid, clauses)


def _reads_arguments(script: Script, firings: Sequence[Firing]) -> bool:
    """Whether an argument of a system call is read, be it to tell the probe's name."""
    if _has(firings, CallArg):
        return True
    named = not script.quiet or _has(firings, ProbePart)
    return named and any(_has(clause.probe, CallArg) for firing in firings for clause in firing.clauses)


def _reads_raw(firings: Sequence[Firing]) -> bool:
    """Whether an argument of a raw tracepoint is read: the thread's only where its variables are."""
    for firing in firings:
        own = any(
            _has(clause.body, Variable, of="self") or _has(clause.predicate, Variable, of="self")
            for clause in firing.clauses
        )
        if _has((firing.guard, firing.clauses, firing.tid if own else None), RawArg):
            return True
    return False


def _has(node: object, kind: type, of: str = "") -> bool:
    """Whether a part of a plan has a node of a class, or a variable of a scope."""
    if isinstance(node, kind):
        return not of or getattr(node, "scope", "") == of
    if isinstance(node, tuple | list):
        return any(_has(part, kind, of) for part in node)
    fields = getattr(node, "__dataclass_fields__", None)
    if fields is None or isinstance(node, Span | type):
        return False
    return any(_has(getattr(node, name), kind, of) for name in fields if name not in ("span", "text", "probe"))


# --- processes --------------------------------------------------------------------------------------------


def _in_processes(script: Script, attach: UserCode, firings: Sequence[Firing]) -> Iterator[Part]:
    """One block for the clauses that the same places want."""
    groups: dict[tuple[tuple[str, ...], str], tuple[dict[str, str], list[PlanClause]]] = {}
    (firing,) = firings
    for clause in firing.clauses:
        wants = [want for want in script.plan.wanted if want.attach == attach and _is_of(clause, want)]
        probes = tuple(dict.fromkeys(probe for want in wants for probe in _user_probes(script, attach, want, firings)))
        test = _process_test(script, wants)
        groups.setdefault((probes, test), (_parts(wants), []))[1].append(clause)
    for (probes, test), (parts, clauses) in groups.items():
        yield Part(
            probes, Place(attach, parts=parts), (Firing(firing.guard, firing.thread, firing.tid, tuple(clauses)),), test
        )


def _parts(wants: Sequence[Wanted]) -> dict[str, str]:
    """What all descriptions of a clause say of a probe's name, where they leave nothing open."""
    said = {part: {getattr(want, part) for want in wants} for part in ("module", "function", "name")}
    named = {part: texts.pop() for part, texts in said.items() if len(texts) == 1}
    return {part: text for part, text in named.items() if text and not any(char in text for char in "*?[")}


def _is_of(clause: PlanClause, want: Wanted) -> bool:
    return isinstance(clause.guard, PlaceWanted) and clause.guard.bit == want.clause


def _process_test(script: Script, wants: Sequence[Wanted]) -> str:
    """The processes that the descriptions of a clause name."""
    tests = []
    for want in wants:
        process = split_process(want.provider)[1]
        if process == "$target":
            script.remarks["target"] = None
            tests.append("pid == $1")
        elif process:
            tests.append(f"pid == {int(process)}")
        else:
            return ""
    return " || ".join(dict.fromkeys(tests))


def _user_probes(script: Script, attach: UserCode, want: Wanted, firings: Sequence[Firing]) -> Iterator[str]:
    span = span_of(want.written)
    objects, function, name = want.module, want.function, want.name
    if want.place:
        objects, _, function = want.place.rpartition(":") if attach.moment != "site" else ("", "", want.place)
    files = _files(script, objects, want, firings, span)
    match attach.moment:
        case "entry" | "return":
            kind = "uprobe" if attach.moment == "entry" else "uretprobe"
            if attach.variables:
                raise _refused(firings, "the variables of a file", "it does not know their addresses", span)
            yield from (f"{kind}:{file}:{function or '*'}" for file in files)
        case "offset":
            if any(char in function + name for char in "*?["):
                raise _refused(firings, "an instruction of a function that is not named in full", "it takes one", span)
            yield from (f"uprobe:{file}:{function}+0x{name}" for file in files)
        case "site":
            base = want.base or want.provider.rstrip("*")
            provider, _, site = want.place.partition(":") if want.place else (base, "", name)
            yield from (f"usdt:{file}:{provider}:{site.replace('-', '__')}" for file in files)
        case "exit":
            raise _refused(firings, "arg0 of a function's return", "it does not tell where a function is left", span)


def _files(script: Script, objects: str, want: Wanted, firings: Sequence[Firing], span: Span | None) -> list[str]:
    """The files that hold the places, as bpftrace is told of them: paths, or names of libraries and programs."""
    if objects in ("", "*"):
        if want.files:
            return [_quoted_path(file) for file in want.files]
        if objects == "*":
            raise _refused(firings, "every file that a process has mapped", "it is told one by one", span)
    if objects in ("", "a.out"):
        script.remarks["target"] = script.remarks["program"] = None
        return ["$2"]
    return [_quoted_path(one.split(".so")[0].rstrip("*.") if "/" not in one else one) for one in objects.split(",")]


def _quoted_path(path: str) -> str:
    plain = all(char.isalnum() or char in "/._-+*?@" for char in path)
    return path if plain else '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'
