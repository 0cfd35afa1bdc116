"""The kernel's tracepoints as probes: their records under one provider, what they are called with under another.

    sdt:sched::sched_wakeup      TracepointProbe: args[] are the fields of tracefs' format file
    rawtp:sched::sched_wakeup    RawProbe: args[0] is the struct task_struct *

A raw tracepoint that has no event in tracefs has the module that it is of: rawtp:vmlinux::pelt_cfs_tp. They are found
when a description asks for them, so that they cost a start nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from dtrans.facts import KernelFacts
from dtrans.globs import is_glob, pattern
from dtrans.syntax.ast import ProbeDescription
from dtrans.values import dataclass


@dataclass(frozen=True, slots=True)
class TracepointProbe:
    """A kernel tracepoint, by its event in tracefs."""

    group: str
    event: str


@dataclass(frozen=True, slots=True)
class RawProbe:
    """A kernel tracepoint with the arguments that it is called with. `module` is what D calls its module."""

    module: str
    event: str


class RawTable:
    """The raw tracepoints whose arguments BTF tells. `first` is the id of the first."""

    def __init__(self, facts: KernelFacts, first: int) -> None:
        self._facts = facts
        self._first = first

    @cached_property
    def _probes(self) -> dict[str, RawProbe]:
        groups = {event: group for group, _, event in (one.partition(":") for one in self._facts.tracepoints())}
        return {
            event: RawProbe(groups.get(event, module), event)
            for module, events in self._facts.raw_tracepoints()
            for event in events
        }

    @cached_property
    def _places(self) -> dict[str, int]:
        return {event: place for place, event in enumerate(self._probes)}

    def __contains__(self, event: str) -> bool:
        return event in self._events

    @cached_property
    def _events(self) -> frozenset[str]:
        return frozenset(event for _, events in self._facts.raw_tracepoints() for event in events)

    def all(self) -> Iterator[tuple[int, RawProbe]]:
        """Every probe, in the order of ids."""
        return enumerate(self._probes.values(), self._first)

    def by_id(self, number: int) -> RawProbe | None:
        """The probe of an id."""
        return next((probe for known, probe in self.all() if known == number), None)

    def find(self, description: ProbeDescription) -> Iterator[tuple[int, RawProbe]]:
        """The probes that a description's module, function and name mean."""
        module, name = pattern(description.module), pattern(description.name)
        if not pattern(description.function)(""):
            return
        if description.name and not is_glob(description.name):
            place = self._places.get(description.name)
            named = [] if place is None else [(self._first + place, self._probes[description.name])]
        else:
            named = [found for found in self.all() if name(found[1].event)]
        yield from (found for found in named if module(found[1].module))
