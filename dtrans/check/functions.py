"""The kernel's functions as probes: found by name or glob without a value for each of the hundred thousand.

table.find(description)      fbt::vfs_read:entry, fbt:ext4::return, fbt::tcp_*:

Ids follow from a function's place in the list of all, so that nothing is made before it is asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from functools import cached_property

from dtrans.facts import KernelFacts
from dtrans.globs import is_glob, pattern
from dtrans.syntax.ast import ProbeDescription
from dtrans.values import dataclass

ENTRY, RETURN = "entry", "return"


@dataclass(frozen=True, slots=True)
class FunctionProbe:
    """Entry or return of a kernel function. `place` names it where it is attached: with its module, ``module:name``,
    where the kernel has several functions of one name."""

    module: str
    name: str
    entry: bool
    place: str


Numbered = tuple[int, FunctionProbe]


class FunctionTable:
    """The functions of one kernel. `first` is the id of the first probe."""

    def __init__(self, facts: KernelFacts, first: int) -> None:
        self._facts = facts
        self._first = first

    @cached_property
    def _functions(self) -> tuple[tuple[str, str], ...]:
        """Module and name of each, once."""
        return tuple((module, name) for module, names in self._facts.functions() for name in dict.fromkeys(names))

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        """Function name -> its places in the list."""
        places: dict[str, list[int]] = {}
        for place, (_, name) in enumerate(self._functions):
            places.setdefault(name, []).append(place)
        return places

    @cached_property
    def _ambiguous(self) -> frozenset[str]:
        """Names that more than one function has."""
        counts = Counter(name for _, names in self._facts.functions() for name in names)
        return frozenset(name for name, count in counts.items() if count > 1)

    @property
    def names(self) -> Collection[str]:
        """The names of all functions that can be traced."""
        return self._places.keys()

    def __contains__(self, name: str) -> bool:
        """Whether a function of this name can be traced, and is the only one of that name."""
        return name in self._places and name not in self._ambiguous

    def all(self) -> Iterator[Numbered]:
        """Every probe, in the order of ids."""
        for place in range(len(self._functions)):
            yield from self._probes(place, entry=True, leave=True)

    def by_id(self, number: int) -> FunctionProbe | None:
        """The probe of an id."""
        place, returns = divmod(number - self._first, 2)
        if not 0 <= place < len(self._functions):
            return None
        return self._probe(place, entry=not returns)

    def find(self, description: ProbeDescription) -> Iterator[Numbered]:
        """The probes that a description's module, function and name mean."""
        name = pattern(description.name)
        entry, leave = name(ENTRY), name(RETURN)
        if not (entry or leave):
            return
        module, function = pattern(description.module), pattern(description.function)
        places = self._places.get(description.function, ())
        if not places and not is_glob(description.function):
            return
        for place in places or range(len(self._functions)):
            where, called = self._functions[place]
            if module(where) and function(called):
                yield from self._probes(place, entry=entry, leave=leave)

    def hint(self, name: str) -> str:
        """What to tell of a name that no function has, or none where it was looked for."""
        from dtrans.knowledge.lookup import nearest

        if name in self.names:
            return "it is a function of another module, or may only be named with 'entry' and 'return'"
        made = sorted(each for each in self.names if each.startswith(f"{name}."))
        if made:
            return f"the compiler has made {' and '.join(made)} of it, which may have other arguments: name that"
        if self._facts.function(name) is not None:
            return "the kernel has it and lets nobody trace it: tracing stands on it, or it runs as the kernel starts"
        close = nearest(name, self.names)
        told = f"did you mean {' or '.join(close)}? " if close else ""
        return f"{told}a function that the compiler has put into its callers, or renamed, cannot be traced"

    def _probes(self, place: int, *, entry: bool, leave: bool) -> Iterator[Numbered]:
        number = self._first + 2 * place
        if entry:
            yield number, self._probe(place, entry=True)
        if leave:
            yield number + 1, self._probe(place, entry=False)

    def _probe(self, place: int, *, entry: bool) -> FunctionProbe:
        module, name = self._functions[place]
        return FunctionProbe(module, name, entry, f"{module}:{name}" if name in self._ambiguous else name)
