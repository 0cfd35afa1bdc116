"""Tracepoints that share a program: as many as a clause names, and of which it reads no argument.

    sdt::: { @[probename] = count(); }    ->    one program at all raw tracepoints, and one at the other events

The attach cookie tells the program which of them fires. A few have programs of their own: the kernel leaves a program
out where it would run inside of itself, and an interrupt may come at any time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass

from dtrans.attach import Tracepoints
from dtrans.check.program import TypedClause
from dtrans.check.tracepoints import RawProbe, TracepointProbe
from dtrans.check.tree import Arg, Args
from dtrans.check.universe import ProbeRef, Universe
from dtrans.source import Span

#: So many with the same clauses get a program each.
_OWN_PROGRAMS = 16


@dataclass(frozen=True)
class Alike:
    """Tracepoints that have the same clauses, by name (``group:event``, or that of the raw one if they are `raw`)."""

    raw: bool
    clauses: tuple[TypedClause, ...]
    probes: tuple[tuple[str, ProbeRef], ...]

    def attach(self, numbers: Sequence[int]) -> Tracepoints:
        """Where the program attaches that serves them; `numbers` are those of the probes."""
        return Tracepoints(self.raw, tuple(zip((name for name, _ in self.probes), numbers, strict=True)))


def alike(clauses: Sequence[TypedClause], universe: Universe) -> Iterator[Alike]:
    """The tracepoints that can share programs: many with the same clauses, all of which do without arguments."""
    wanted: dict[int, tuple[ProbeRef, list[TypedClause]]] = {}
    for clause in clauses:
        for ref in clause.probes:
            if isinstance(ref.served, TracepointProbe | RawProbe):
                wanted.setdefault(ref.id, (ref, []))[1].append(clause)
    if len(wanted) <= _OWN_PROGRAMS:
        return
    groups: dict[tuple[bool, tuple[int, ...]], list[tuple[str, ProbeRef]]] = {}
    for ref, found in wanted.values():
        raw, name = _event(ref, universe)
        groups.setdefault((raw, tuple(clause.number for clause in found)), []).append((name, ref))
    by_number = {clause.number: clause for clause in clauses}
    for (raw, numbers), probes in groups.items():
        its = tuple(by_number[number] for number in numbers)
        can_tell = len(probes) > _OWN_PROGRAMS and universe.facts.feature("raw_cookie" if raw else "attach_cookie")
        if can_tell and not any(_reads_arguments((clause.predicate, clause.body)) for clause in its):
            yield Alike(raw, its, tuple(probes))


def _event(ref: ProbeRef, universe: Universe) -> tuple[bool, str]:
    """Whether a tracepoint is attached to as a raw one, and its name."""
    match ref.served:
        case RawProbe(_, event):
            return True, event
        case TracepointProbe(group, event):
            return (True, event) if event in universe.raw else (False, f"{group}:{event}")
    raise AssertionError(ref)


def _reads_arguments(node: object) -> bool:
    match node:
        case tuple():
            return any(map(_reads_arguments, node))
        case Arg() | Args():
            return True
    if not is_dataclass(node) or isinstance(node, Span):
        return False
    return any(_reads_arguments(getattr(node, part.name)) for part in fields(node))
