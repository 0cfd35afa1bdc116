"""The entries of aggregations, by packed key: snapshots of the kernel's maps, with clear() and trunc() applied.

The kernel only ever adds. A snapshot sums the CPUs; what clear() and trunc() took away is kept here and subtracted, so
that no event between two snapshots is lost. A map that fills up is emptied: what it had is kept here as well, so that
there may be more keys than the kernel has room for.

    map: {"sh": 7}            entries: {"sh": 7}
    clear(@)                  entries: {"sh": 0}      added: {"sh": -7}
    map: {"sh": 9, "ls": 1}   entries: {"sh": 2, "ls": 1}
    the map is emptied        entries: {"sh": 2, "ls": 1}      added: {"sh": 2, "ls": 1}

A minimum cannot be subtracted. Its values carry the epoch in which they were made, and clear() begins a new one.
"""

from __future__ import annotations

import operator
from array import array
from collections.abc import Iterable, Iterator, Sequence

from dtrans.artifact import Aggregation
from dtrans.run.kernel.tables import Entries
from dtrans.run.output.quantize import Scale
from dtrans.typed import Protocol

#: The value of an entry or of a row: as many numbers as `zero_value` has.
Vector = tuple[int, ...]
EXTREMES = ("min", "max")
_WORD_MASK = (1 << 64) - 1
#: Hidden entries that are worth a new map.
_MANY_HIDDEN = 256


class AggregationMaps(Protocol):
    """What the loader does for the reader. Values are given for each CPU, laid out as `Aggregation` says."""

    def read(self, aggregation: int) -> Entries:
        """All entries of map ``agg_N``."""
        ...

    def drain(self, aggregation: int) -> Entries:
        """Remove all entries, and give them with their last values: what programs add meanwhile goes to others."""
        ...

    def fill(self, aggregation: int) -> float:
        """The share of the map's room that keys took since it was last drained; 0 where there can be but one."""
        ...

    def set_epoch(self, aggregation: int, epoch: int) -> None:
        """Write the slot of an aggregation in map ``epochs``; it is 0 before."""
        ...


def zero_value(aggregation: Aggregation) -> Vector:
    """The value of a row that has none: as long as what `combine_cpus` makes, one number for a minimum or maximum."""
    if aggregation.function in EXTREMES:
        return (0,)
    return (0,) * (3 if aggregation.function == "stddev" else aggregation.value_size // 8)


def combine_cpus(function: str, entries: Entries) -> list[Vector]:
    """For each entry the sum over the CPUs: as many numbers as the value has words; three for stddev (count, sum, sum
    of squares)."""
    if not entries.keys:
        return []
    words, cpus = array("q", entries.values), entries.cpus
    width = len(words) // len(entries.keys)
    size = width // cpus
    # Word by word over all entries: a map may have tens of thousands.
    by_cpu: list[list[Sequence[int]]] = [
        [words[cpu * size + word :: width] for word in range(size)] for cpu in range(cpus)
    ]
    if function == "stddev":
        by_cpu = [[count, total, list(map(_wide, low, high))] for count, total, low, high in by_cpu]
    columns = by_cpu[0]
    for more in by_cpu[1:]:
        columns = [list(map(operator.add, one, other)) for one, other in zip(columns, more, strict=True)]
    return list(zip(*columns, strict=True))


def _wide(low: int, high: int) -> int:
    """A number of 128 bits by its two words."""
    return (low & _WORD_MASK) | (high & _WORD_MASK) << 64


def event_value(aggregation: Aggregation, scale: Scale | None, operand: int, weight: int) -> Vector:
    """The value of an entry of the map to which one event was added."""
    if aggregation.by_bucket:
        return (weight,)
    match aggregation.function:
        case "count":
            return (1,)
        case "avg":
            return 1, operand
        case "stddev":
            return 1, operand, operand**2
    if scale is None:
        return (operand,)
    bucket = next(bucket for bucket, (_, most) in enumerate(scale.bounds) if most is None or operand <= most)
    return tuple(weight if number == bucket else 0 for number in range(len(scale.bounds)))


class SummedEntries:
    """The entries of an aggregation whose values add up, with a vector to add to each: what the map had before it was
    emptied, less what was taken away."""

    def __init__(self, number: int, aggregation: Aggregation, maps: AggregationMaps) -> None:
        self._number = number
        self._function = aggregation.function
        self._maps = maps
        self._zero = (0,) if aggregation.by_bucket else zero_value(aggregation)
        self._current: dict[bytes, Vector] = {}
        self._added: dict[bytes, Vector] = {}
        self._hidden: set[bytes] = set()
        self._drained: list[Entries] = []

    def refresh(self) -> None:
        """Read the map anew. Entries that trunc() hid, and that no event has touched since, leave the map when they are
        many."""
        self._read()
        if len(self._hidden) > _MANY_HIDDEN and 2 * len(self._hidden) > len(self._current):
            self.drain()
            self._read()

    def _read(self) -> None:
        self.settle()
        read = self._maps.read(self._number)
        self._current = dict(zip(read.keys, combine_cpus(self._function, read), strict=True))
        self._hidden = {key for key in self._hidden if self._value(key) == self._zero}

    def drain(self) -> None:
        """Empty the map. What it had counts from the next `refresh` or `settle` on."""
        self._drained.append(self._maps.drain(self._number))

    def settle(self) -> None:
        """Add what the map had when it was emptied to what is kept here."""
        added = self._added
        for entries in self._drained:
            for key, value in zip(entries.keys, combine_cpus(self._function, entries), strict=True):
                before = added.get(key)
                if before is None:
                    added[key] = value
                    continue
                now = _plus(before, value)
                if now == self._zero and key in self._hidden:
                    del added[key]
                else:
                    added[key] = now
                self._hidden.discard(key)
        self._drained.clear()

    def _value(self, key: bytes) -> Vector:
        current = self._current.get(key)
        added = self._added.get(key)
        if current is None:
            return added or self._zero
        return current if added is None else _plus(current, added)

    def values(self) -> dict[bytes, Vector]:
        """Visible entries by packed key, not to be changed."""
        if not self._added and not self._hidden:
            return self._current
        keys = self._current.keys() | self._added.keys()
        return {key: self._value(key) for key in keys if key not in self._hidden}

    def add(self, key: bytes, value: Vector) -> None:
        """Counts what the map lacks."""
        self._hidden.discard(key)
        self._added[key] = _plus(self._added.get(key, self._zero), value)

    def clear(self) -> None:
        """All visible entries show 0 from now on."""
        for key in self.values():
            self._added[key] = _negative(self._current.get(key, self._zero))

    def remove(self, keys: Iterable[bytes]) -> None:
        """The entries are not shown until something is added to them."""
        for key in keys:
            if key in self._current:
                self._added[key] = _negative(self._current[key])
                self._hidden.add(key)
            else:
                self._added.pop(key, None)


def _plus(left: Vector, right: Vector) -> Vector:
    return tuple(map(operator.add, left, right))


def _negative(value: Vector) -> Vector:
    return tuple(map(operator.neg, value))


class ExtremeEntries:
    """The entries of min() or max(): a value counts when it was made in the aggregation's epoch.

    Programs store the epoch plus 1, so that the zeroes of a CPU that never touched an entry count for nothing.
    """

    def __init__(self, number: int, aggregation: Aggregation, maps: AggregationMaps) -> None:
        self._number = number
        self._best = min if aggregation.function == "min" else max
        self._maps = maps
        self._epoch = 0
        self._current: dict[bytes, Vector] = {}
        #: What the map lacks.
        self._added: dict[bytes, Vector] = {}
        self._drained: list[Entries] = []
        self._cleared: set[bytes] = set()

    def refresh(self) -> None:
        """Read the map anew."""
        self.settle()
        self._current = dict(self._made(self._maps.read(self._number)))

    def drain(self) -> None:
        """Empty the map. What it had counts from the next `refresh` or `settle` on."""
        self._drained.append(self._maps.drain(self._number))

    def settle(self) -> None:
        """Add what the map had when it was emptied to what is kept here."""
        for entries in self._drained:
            for key, made in self._made(entries):
                self.add(key, made)
        self._drained.clear()

    def _made(self, entries: Entries) -> Iterator[tuple[bytes, Vector]]:
        """The best value of each entry that has one of this epoch."""
        words, now = array("q", entries.values), self._epoch + 1
        pairs = list(zip(words[::2], words[1::2], strict=True))
        for place, key in enumerate(entries.keys):
            made = [value for value, epoch in pairs[place * entries.cpus : (place + 1) * entries.cpus] if epoch == now]
            if made:
                yield key, (self._best(made),)

    def values(self) -> dict[bytes, Vector]:
        """Visible entries by packed key; 0 for those that clear() left without a value."""
        found = {**dict.fromkeys(self._cleared, (0,)), **self._current}
        for key, value in self._added.items():
            found[key] = self._best(found[key], value) if key in self._current else value
        return found

    def add(self, key: bytes, value: Vector) -> None:
        """Counts what the map lacks."""
        self._added[key] = self._best(self._added.get(key, value), value)

    def clear(self) -> None:
        """All entries show 0 until the next value."""
        self._cleared |= self._current.keys() | self._added.keys()
        self._current = {}
        self._added = {}
        self._epoch += 1
        self._maps.set_epoch(self._number, self._epoch)

    def remove(self, keys: Iterable[bytes]) -> None:
        """The entries begin anew with the next value."""
        self.drain()
        self.settle()
        self._current = {}
        for key in keys:
            self._added.pop(key, None)
            self._cleared.discard(key)
