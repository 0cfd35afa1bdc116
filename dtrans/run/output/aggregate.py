"""Aggregations as the program's reader sees them: rows of the entries of the kernel's maps, in the order of printing.

    entries: {b"sh": 7, b"ls": 9}    rows: sh 7, ls 9    after trunc(@, 1): ls 9

What clear() and trunc() do to entries is said in `dtrans.run.output.entries`. Order and arithmetic are those of
libdtrace dt_aggregate.c.
"""

from __future__ import annotations

import operator
import struct
from collections.abc import Iterable, Sequence
from math import isqrt

from dtrans.artifact import Aggregation, Artifact, Field
from dtrans.options import Options
from dtrans.run.output.decode import Names, c_string, read_all
from dtrans.run.output.entries import (
    EXTREMES,
    AggregationMaps,
    ExtremeEntries,
    SummedEntries,
    Vector,
    event_value,
    zero_value,
)
from dtrans.run.output.quantize import Scale, quotient, scale_of
from dtrans.typed import Any
from dtrans.values import dataclass

_LASTING = frozenset({"int", "uint", "str", "literal", "probeprov", "probemod", "probefunc", "probename", "bytes"})
_DISTRIBUTIONS = ("quantize", "lquantize", "llquantize")
_MASK, _SIGN = (1 << 64) - 1, 1 << 63
_BUCKET = struct.Struct("=Q")
#: The share of a map that is filled when it is emptied.
_FULL = 0.25
#: The share that is filled between two looks when there is time for other work.
_QUIET = 1 / 64


@dataclass(slots=True)
class Row:
    """One line of an aggregation. `key` is the packed key of one of the entries that it sums.

    `order` is what the key is sorted by, element by element.
    """

    key: bytes
    order: tuple[Any, ...]
    value: Vector

    # There may be a million, and the one that `dataclass` makes takes thrice the time.
    def __init__(self, key: bytes, order: tuple[Any, ...], value: Vector) -> None:
        self.key = key
        self.order = order
        self.value = value


def signed64(number: int) -> int:
    """A number modulo 2**64, as C's int64_t."""
    if -_SIGN <= number < _SIGN:
        return number
    number &= _MASK
    return number - (1 << 64) if number >> 63 else number


def scalar_value(function: str, value: Vector, normal: int = 1) -> int:
    """The number of an aggregation that is not a distribution, normalised as dtrace does it."""
    match function:
        case "avg":
            return quotient(quotient(signed64(value[1]), normal), value[0]) if value[0] else 0
        case "stddev":
            return _standard_deviation(value, normal)
        case _:
            return signed64(value[0]) if normal == 1 else quotient(signed64(value[0]), normal)


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


class KeyReader:
    """Packed keys of one aggregation to what identifies a row, and to what sorts it.

    Different entries can be one row: two probes of one function, two addresses in it.
    """

    def __init__(self, fields: Sequence[Field], names: Names) -> None:
        self._fields = fields
        self._parts = [self._readers(field, names) for field in fields]
        #: Whether what a key stands for is the same whenever one asks: names of addresses may be gone later.
        self.lasting = all(field.kind in _LASTING for field in fields)

    def read(self, keys: Sequence[bytes]) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        """For each key its identity, and its order, element by element."""
        if not self._fields or not keys:
            return [()] * len(keys), [()] * len(keys)
        # Field by field over all keys: there may be a million.
        items, width = read_all(self._fields, keys), len(self._fields)
        columns = [items[place::width] for place in range(width)]
        identities, orders = [], []
        for column, (identity, order) in zip(columns, self._parts, strict=True):
            identities.append(column if identity is None else list(map(identity, column)))
            orders.append(identities[-1] if order is identity else list(map(order, column)))
        made = list(zip(*identities, strict=True))
        return made, made if orders == identities else list(zip(*orders, strict=True))

    @staticmethod
    def _readers(field: Field, names: Names) -> tuple[Any, Any]:
        match field.kind:
            case "uint":
                return None, None
            case "int":
                # dtrace compares all numbers as unsigned ones of their size.
                return None, ((1 << field.size * 8) - 1).__and__
            case "str":
                return c_string, c_string
            case "literal" | "probeprov" | "probemod" | "probefunc" | "probename":
                text_of = names.text_of(field)
                return text_of, text_of
            case "stack":
                # Room behind the last frame does not count: aggregations printed together may differ in it.
                return (lambda item: item.rstrip(b"\0")), (lambda item: item)
            case "ustack":
                return (lambda item: item[: 8 + 8 * len(names.user_stack(item))]), (lambda item: item)
            case "bytes":
                return (lambda item: item), (lambda item: item)
        name, order = names.place_of(field, offsets=field.kind in ("kaddr", "uaddr")), names.place_order(field)
        if field.size == 8:
            return name, order
        return (lambda item: (item[:4], name(item))), order


class AggregationTable:
    """One aggregation: its entries, and their rows by identity."""

    def __init__(self, number: int, aggregation: Aggregation, names: Names, maps: AggregationMaps) -> None:
        self.aggregation = aggregation
        self.number = number
        self.scale = scale_of(aggregation) if aggregation.function in _DISTRIBUTIONS else None
        self.normal = 1
        self.printed = False
        self.stale = True
        #: The share of its map that keys took, when it was last looked at.
        self.filled = 0.0
        kind = ExtremeEntries if aggregation.function in EXTREMES else SummedEntries
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
        if self.aggregation.by_bucket:
            values = self._gathered(values)
        if len(self._known) > 2 * len(values) + 64:
            self._known = {key: known for key, known in self._known.items() if key in values}
        identities, orders = self._read_keys(list(values))
        rows = dict(zip(identities, map(Row, values, orders, values.values()), strict=True))
        if len(rows) == len(values):
            return rows
        rows.clear()
        for identity, order, (key, value) in zip(identities, orders, values.items(), strict=True):
            row = rows.setdefault(identity, Row(key, order, value))
            if row.key != key:
                row.value = self._merged(row.value, value)
        return rows

    def _gathered(self, values: dict[bytes, Vector]) -> dict[bytes, Vector]:
        """The values of whole distributions, of which the map has each bucket by itself."""
        found: dict[bytes, list[int]] = {}
        size, unpack = self.aggregation.key_size, _BUCKET.unpack_from
        for key, (count,) in values.items():
            stem = key[:size]
            if stem not in found:
                found[stem] = list(self.zero)
            found[stem][unpack(key, size)[0]] = count
        return {key: tuple(counts) for key, counts in found.items()}

    def _read_keys(self, keys: Sequence[bytes]) -> tuple[Sequence[tuple[Any, ...]], Sequence[tuple[Any, ...]]]:
        """What `KeyReader.read` gives, by what each key stood for when it was first seen."""
        if self._keys.lasting:
            return self._keys.read(keys)
        fresh = [key for key in keys if key not in self._known]
        self._known.update(zip(fresh, zip(*self._keys.read(fresh), strict=True), strict=True))
        known = [self._known[key] for key in keys]
        return [identity for identity, _ in known], [order for _, order in known]

    def _merged(self, left: Vector, right: Vector) -> Vector:
        if self.aggregation.function in EXTREMES:
            return (min if self.aggregation.function == "min" else max)(left, right)
        return tuple(map(sum, zip(left, right, strict=True)))

    def remove(self, identities: Iterable[tuple[Any, ...]]) -> None:
        """trunc(): these rows are not shown until something is added to them."""
        gone, keys, size = set(identities), list(self.entries.values()), self.aggregation.key_size
        # What stands behind a key is the bucket.
        stems = [key[:size] for key in keys] if self.aggregation.by_bucket else keys
        self.entries.remove(
            [key for key, identity in zip(keys, self._read_keys(stems)[0], strict=True) if identity in gone]
        )

    def order_of(self, value: Vector) -> tuple[int, ...]:
        return value_order(self.aggregation.function, self.scale, value)


@dataclass(slots=True)
class JoinedRow:
    """One line of a ``printa``: `values` in the order of the aggregations, zeroes where one lacks the key.

    `owner` is the place of the aggregation whose layout the packed key has.
    """

    owner: int
    key: bytes
    values: tuple[Vector, ...]

    def __init__(self, owner: int, key: bytes, values: tuple[Vector, ...]) -> None:  # As of a `Row`.
        self.owner = owner
        self.key = key
        self.values = values


class AggregationState:
    """All aggregations of a running program.

    A map is read once a batch, when it is first needed: `new_batch` begins the next. So all actions of one batch of
    records see one snapshot, as in dtrace: ``printa(@a); trunc(@a)`` loses nothing.
    """

    def __init__(self, artifact: Artifact, names: Names, maps: AggregationMaps, options: Options) -> None:
        self._options = options
        self._maps = maps
        self.tables = tuple(
            AggregationTable(number, aggregation, names, maps)
            for number, aggregation in enumerate(artifact.aggregations)
        )

    def new_batch(self) -> None:
        """The next look at any aggregation reads its map anew."""
        for table in self.tables:
            table.stale = True

    def relieve(self) -> float:
        """Empties the maps that fill up, so that a flood of keys finds room. Gives the greatest share that was filled
        since the last time."""
        grown = 0.0
        for table in self.tables:
            filled = self._maps.fill(table.number)
            grown = max(grown, filled - table.filled)
            if filled > _FULL:
                table.entries.drain()
                table.stale = True
                filled = 0.0
            elif filled - table.filled < _QUIET:
                table.entries.settle()
            table.filled = filled
        return grown

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
        ordered = sorted(found, key=operator.itemgetter(0), reverse=self._options.flag("aggsortrev"))
        return [row for _, row in ordered]

    def _turn(self, keys: int) -> Any:
        """A function that puts the key element named by ``aggsortkeypos`` first."""
        position = self._options.count("aggsortkeypos") or 0
        if not position or position >= keys:
            return lambda order: order
        return lambda order: order[position:] + order[:position]
