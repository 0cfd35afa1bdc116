"""Aggregations as the program's reader sees them: snapshots of the kernel's maps, with clear() and trunc() applied.

The kernel only ever adds. A snapshot sums the CPUs; what clear() and trunc() took away is kept here and subtracted, so
that no event between two snapshots is lost:

    map: {"sh": 7}            rows: {"sh": 7}
    clear(@)                  rows: {"sh": 0}      taken away: {"sh": 7}
    map: {"sh": 9, "ls": 1}   rows: {"sh": 2, "ls": 1}

A minimum cannot be subtracted. Its values carry the epoch in which they were made, and clear() begins a new one.

Order and arithmetic are those of libdtrace dt_aggregate.c.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from math import isqrt

from dtrans.artifact import Aggregation, Artifact, Field
from dtrans.options import Options
from dtrans.run.output.decode import Names, c_string, unpacker
from dtrans.run.output.quantize import Scale, quotient, scale_of
from dtrans.typed import Any, Protocol
from dtrans.values import dataclass

Vector = tuple[int, ...]
_EXTREMES = ("min", "max")
_DISTRIBUTIONS = ("quantize", "lquantize", "llquantize")
_MASK = (1 << 64) - 1


class AggregationMaps(Protocol):
    """What the loader does for the reader. Values are given for each CPU, laid out as `Aggregation` says."""

    def read(self, aggregation: int) -> Iterable[tuple[bytes, Sequence[bytes]]]:
        """All entries of map ``agg_N``: the packed key, and the value on each CPU."""
        ...

    def take(self, aggregation: int, key: bytes) -> Sequence[bytes] | None:
        """Remove an entry, and give its last values; None when there is none (any more)."""
        ...

    def set_epoch(self, aggregation: int, epoch: int) -> None:
        """Write the slot of an aggregation in map ``epochs``; it is 0 before."""
        ...


@dataclass(slots=True)
class Row:
    """One line of an aggregation. `key` is the packed key of one of the entries that it sums.

    `order` is what the key is sorted by, element by element.
    """

    key: bytes
    order: tuple[Any, ...]
    value: Vector


def signed64(number: int) -> int:
    """A number modulo 2**64, as C's int64_t."""
    number &= _MASK
    return number - (1 << 64) if number >> 63 else number


def zero_value(aggregation: Aggregation) -> Vector:
    """The value of a row that has none: as long as what `combine_cpus` makes, one number for a minimum or maximum."""
    if aggregation.function in _EXTREMES:
        return (0,)
    return (0,) * (3 if aggregation.function == "stddev" else aggregation.value_size // 8)


def combine_cpus(function: str, values: Sequence[bytes]) -> Vector:
    """The sum over the CPUs: as many numbers as the value has words; three for stddev (count, sum, sum of squares)."""
    words = struct.Struct(f"<{len(values[0]) // 8}q")
    zero = bytes(words.size)
    parts: list[Vector] = [words.unpack(value) for value in values if value != zero]
    if function == "stddev":
        parts = [(count, total, (low & _MASK) | (high & _MASK) << 64) for count, total, low, high in parts]
    if not parts:
        return (0,) * (3 if function == "stddev" else words.size // 8)
    return parts[0] if len(parts) == 1 else tuple(map(sum, zip(*parts, strict=True)))


def scalar_value(function: str, value: Vector, normal: int = 1) -> int:
    """The number of an aggregation that is not a distribution, normalised as dtrace does it."""
    match function:
        case "avg":
            return quotient(quotient(signed64(value[1]), normal), value[0]) if value[0] else 0
        case "stddev":
            return _standard_deviation(value, normal)
        case _:
            return quotient(signed64(value[0]), normal)


def _standard_deviation(value: Vector, normal: int) -> int:
    """sqrt(average(x**2) - average(x)**2) in whole numbers (libdtrace dt_stddev)."""
    count, total, squares = value
    if not count:
        return 0
    average = quotient(quotient(signed64(total), normal), count)
    return isqrt(max(squares // normal**2 // count - average**2, 0))


def value_order(function: str, scale: Scale | None, value: Vector) -> tuple[int, ...]:
    """What rows are sorted by: a distribution by the weighted sum of its buckets, then by the weight at zero."""
    if scale is None:
        return (scalar_value(function, value),)
    weighted = sum(weight * count for weight, count in zip(scale.weights, value, strict=True) if count)
    return weighted, value[scale.zero] if scale.zero is not None else 0


def event_value(aggregation: Aggregation, scale: Scale | None, operand: int, weight: int) -> Vector:
    """The value of an entry to which one event was added."""
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


class KeyReader:
    """Packed keys of one aggregation to what identifies a row, and to what sorts it.

    Different entries can be one row: two probes of one function, two addresses in it.
    """

    def __init__(self, fields: Sequence[Field], names: Names) -> None:
        self._read = unpacker(fields)
        self._parts = [self._readers(field, names) for field in fields]

    def read(self, key: bytes) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """(identity, order), element by element."""
        items = self._read(key, 0)
        identity = tuple([part[0](item) for part, item in zip(self._parts, items, strict=True)])
        order = tuple([part[1](item) for part, item in zip(self._parts, items, strict=True)])
        return identity, order

    @staticmethod
    def _readers(field: Field, names: Names) -> tuple[Any, Any]:
        match field.kind:
            case "int" | "uint":
                # dtrace compares all numbers as unsigned ones of their size.
                mask = (1 << field.size * 8) - 1
                return (lambda item: item), (lambda item: item & mask)
            case "str":
                return c_string, c_string
            case "literal" | "probeprov" | "probemod" | "probefunc" | "probename":
                text_of = names.text_of(field)
                return text_of, text_of
            case "stack" | "ustack":
                # Room behind the last frame does not count: aggregations printed together may differ in it.
                return (lambda item: item.rstrip(b"\0")), (lambda item: item)
            case "bytes":
                return (lambda item: item), (lambda item: item)
        name, order = names.place_of(field, offsets=field.kind in ("kaddr", "uaddr")), names.place_order(field)
        if field.size == 8:
            return name, order
        return (lambda item: (item[:4], name(item))), order


class SummedEntries:
    """The entries of an aggregation whose values add up, with a vector to take away from each."""

    def __init__(self, number: int, aggregation: Aggregation, maps: AggregationMaps) -> None:
        self._number = number
        self._function = aggregation.function
        self._maps = maps
        self._zero = zero_value(aggregation)
        self._current: dict[bytes, Vector] = {}
        self._taken: dict[bytes, Vector] = {}
        self._hidden: set[bytes] = set()

    def refresh(self) -> None:
        """Read the map anew. Entries that trunc() hid, and that no event has touched since, leave the map."""
        read = self._maps.read(self._number)
        self._current = {bytes(key): combine_cpus(self._function, values) for key, values in read}
        for key in [key for key in self._hidden if key in self._current]:
            if self._value(key) == self._zero:
                self._remove(key)
            else:
                self._hidden.discard(key)

    def _remove(self, key: bytes) -> None:
        last = self._maps.take(self._number, key)
        self._hidden.discard(key)
        del self._current[key]
        before = self._taken.pop(key, self._zero)
        # Events may have come between the reading and the removing: they stay, as a negative amount taken away.
        late = _minus(combine_cpus(self._function, last), before) if last else self._zero
        if late != self._zero:
            self._taken[key] = _minus(self._zero, late)

    def _value(self, key: bytes) -> Vector:
        current = self._current.get(key, self._zero)
        taken = self._taken.get(key)
        return current if taken is None else _minus(current, taken)

    def values(self) -> dict[bytes, Vector]:
        """Visible entries by packed key."""
        keys = self._current.keys() | self._taken.keys()
        return {key: self._value(key) for key in keys if key not in self._hidden}

    def add(self, key: bytes, value: Vector) -> None:
        """Counts what the map lacks: a negative amount taken away."""
        self._hidden.discard(key)
        self._taken[key] = _minus(self._taken.get(key, self._zero), value)

    def clear(self) -> None:
        """All visible entries show 0 from now on."""
        for key in self.values():
            self._taken[key] = self._current.get(key, self._zero)

    def remove(self, keys: Iterable[bytes]) -> None:
        """The entries are not shown until something is added to them."""
        for key in keys:
            if key in self._current:
                self._taken[key] = self._current[key]
                self._hidden.add(key)
            else:
                self._taken.pop(key, None)


def _minus(left: Vector, right: Vector) -> Vector:
    return tuple([one - other for one, other in zip(left, right, strict=True)])


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
        self._cleared: set[bytes] = set()

    def refresh(self) -> None:
        """Read the map anew."""
        self._current = {}
        for key, values in self._maps.read(self._number):
            made = [number for number, epoch in map(_VALUE_AND_EPOCH.unpack, values) if epoch == self._epoch + 1]
            if made:
                self._current[bytes(key)] = (self._best(made),)

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
        for key in keys:
            self._maps.take(self._number, key)
            self._current.pop(key, None)
            self._added.pop(key, None)
            self._cleared.discard(key)


_VALUE_AND_EPOCH = struct.Struct("<qQ")


class AggregationTable:
    """One aggregation: its entries, and their rows by identity."""

    def __init__(self, number: int, aggregation: Aggregation, names: Names, maps: AggregationMaps) -> None:
        self.aggregation = aggregation
        self.number = number
        self.scale = scale_of(aggregation) if aggregation.function in _DISTRIBUTIONS else None
        self.normal = 1
        self.printed = False
        self.stale = True
        kind = ExtremeEntries if aggregation.function in _EXTREMES else SummedEntries
        self.entries: SummedEntries | ExtremeEntries = kind(number, aggregation, maps)
        self.zero = zero_value(aggregation)
        assert self.scale is None or len(self.scale.labels) == len(self.zero), "value_size does not fit the parameters"
        self._keys = KeyReader(aggregation.keys, names)
        #: What a packed key stood for when it was first seen: the process of a usym() key may be gone when it prints.
        self._known: dict[bytes, tuple[tuple[Any, ...], tuple[Any, ...]]] = {}

    def rows(self) -> dict[tuple[Any, ...], Row]:
        """The rows of the newest snapshot. Entries whose keys look the same are one row."""
        if self.stale:
            self.entries.refresh()
            self.stale = False
        values = self.entries.values()
        if len(self._known) > 2 * len(values) + 64:
            self._known = {key: known for key, known in self._known.items() if key in values}
        rows: dict[tuple[Any, ...], Row] = {}
        for key, value in values.items():
            known = self._known.get(key)
            if known is None:
                known = self._known[key] = self._keys.read(key)
            identity, order = known
            row = rows.get(identity)
            if row is None:
                rows[identity] = Row(key, order, value)
            else:
                row.value = self._merged(row.value, value)
        return rows

    def _merged(self, left: Vector, right: Vector) -> Vector:
        if self.aggregation.function in _EXTREMES:
            return (min if self.aggregation.function == "min" else max)(left, right)
        return tuple(map(sum, zip(left, right, strict=True)))

    def remove(self, identities: Iterable[tuple[Any, ...]]) -> None:
        """trunc(): these rows are not shown until something is added to them."""
        gone = set(identities)
        keys = [key for key in self.entries.values() if self._known[key][0] in gone]
        self.entries.remove(keys)

    def order_of(self, value: Vector) -> tuple[int, ...]:
        return value_order(self.aggregation.function, self.scale, value)


@dataclass(frozen=True, slots=True)
class JoinedRow:
    """One line of a ``printa``: `values` in the order of the aggregations, zeroes where one lacks the key.

    `owner` is the place of the aggregation whose layout the packed key has.
    """

    owner: int
    key: bytes
    values: tuple[Vector, ...]


class AggregationState:
    """All aggregations of a running program.

    A map is read once a batch, when it is first needed: `new_batch` begins the next. So all actions of one batch of
    records see one snapshot, as in dtrace: ``printa(@a); trunc(@a)`` loses nothing.
    """

    def __init__(self, artifact: Artifact, names: Names, maps: AggregationMaps, options: Options) -> None:
        self._options = options
        self.tables = tuple(
            AggregationTable(number, aggregation, names, maps)
            for number, aggregation in enumerate(artifact.aggregations)
        )

    def new_batch(self) -> None:
        """The next look at any aggregation reads its map anew."""
        for table in self.tables:
            table.stale = True

    def add(self, number: int, key: bytes, operand: int, weight: int) -> None:
        """Counts an event that the kernel's map lacks, by its packed key."""
        table = self.tables[number]
        table.rows()
        table.entries.add(key, event_value(table.aggregation, table.scale, operand, weight))

    def clear(self, number: int) -> None:
        """clear(): keys stay, values are 0."""
        table = self.tables[number]
        table.rows()
        table.entries.clear()

    def trunc(self, number: int, count: int | None) -> None:
        """trunc(): keep the `count` greatest values, or with a negative count the least; None removes all."""
        table = self.tables[number]
        rows = table.rows()
        kept = count or 0
        # Always by value, whatever the sorting options say (libdtrace dt_trunc).
        ordered = sorted(rows, key=lambda identity: (table.order_of(rows[identity].value), rows[identity].order))
        if kept >= 0:
            ordered.reverse()
        table.remove(ordered[abs(kept) :])

    def normalize(self, number: int, factor: int) -> None:
        """normalize(): divide by `factor` when printing. Raises ZeroDivisionError for 0."""
        if not factor:
            raise ZeroDivisionError
        self.tables[number].normal = factor

    def denormalize(self, number: int) -> None:
        self.tables[number].normal = 1

    def rows(self, numbers: Sequence[int]) -> list[JoinedRow]:
        """What a ``printa()`` of one aggregation or of several prints, in order."""
        if len(numbers) == 1:
            return [JoinedRow(0, row.key, (row.value,)) for row in self.sorted_rows(numbers[0])]
        return self.joined_rows(numbers)

    def sorted_rows(self, number: int) -> list[Row]:
        """The rows in the order of printing, by the sorting options as they are now."""
        table = self.tables[number]
        by_key, turned = self._options.flag("aggsortkey"), self._turn(len(table.aggregation.keys))
        if by_key:
            return self._ordered((turned(row.order), row) for row in table.rows().values())
        return self._ordered((table.order_of(row.value) + turned(row.order), row) for row in table.rows().values())

    def joined_rows(self, numbers: Sequence[int]) -> list[JoinedRow]:
        """The rows of several aggregations with keys in common, sorted by the one that ``aggsortpos`` names."""
        tables = [self.tables[number] for number in numbers]
        all_rows = [table.rows() for table in tables]
        owners: dict[tuple[Any, ...], int] = {}
        for place, rows in enumerate(all_rows):
            for identity in rows:
                owners.setdefault(identity, place)
        position = self._options.count("aggsortpos") or 0
        position = position if position < len(tables) else 0
        by_key, turned = self._options.flag("aggsortkey"), self._turn(len(tables[0].aggregation.keys))
        found: list[tuple[tuple[Any, ...], JoinedRow]] = []
        for identity, owner in owners.items():
            first = all_rows[owner][identity]
            values = tuple(
                rows[identity].value if identity in rows else table.zero
                for table, rows in zip(tables, all_rows, strict=True)
            )
            orders = [table.order_of(value) for table, value in zip(tables, values, strict=True)]
            by_value = sum(orders[position:] + orders[:position], ())
            key = turned(first.order)
            found.append((key + by_value if by_key else by_value + key, JoinedRow(owner, first.key, values)))
        return self._ordered(found)

    def unprinted(self) -> list[AggregationTable]:
        """The aggregations that no printa() has shown, in the order in which they print at the end."""
        tables = [table for table in self.tables if not table.printed]
        return tables[::-1] if self._options.flag("aggsortrev") else tables

    def _ordered(self, found: Iterable[tuple[tuple[Any, ...], Any]]) -> list[Any]:
        ordered = sorted(found, key=lambda pair: pair[0], reverse=self._options.flag("aggsortrev"))
        return [row for _, row in ordered]

    def _turn(self, keys: int) -> Any:
        """A function that puts the key element named by ``aggsortkeypos`` first."""
        position = self._options.count("aggsortkeypos") or 0
        position = position if position < keys else 0
        return lambda order: order[position:] + order[:position]
