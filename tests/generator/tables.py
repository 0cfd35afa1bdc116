"""Aggregations as a model has them: what each function keeps, the order of rows, and how distributions are drawn
(Guide, "Aggregations").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from math import isqrt
from typing import TypeVar

from hypothesis import strategies as st

Key = tuple[int | str, ...]
T = TypeVar("T")


@dataclass
class Table:
    """An aggregation: the kinds of its keys ("i" a number, "s" a string) and, by key, all values that were added."""

    function: str
    keys: str
    bounds: str = ""
    values: dict[Key, list[int]] = field(default_factory=dict)

    @property
    def wide(self) -> bool:
        """Whether any value will do: distributions of few buckets are easier to read."""
        return self.function in ("count", "sum", "avg", "min", "max", "stddev")

    def endings(self, draw: st.DrawFn, name: str) -> Iterator[tuple[str, Callable[[Shown], str]]]:
        """Actions on it, with what each prints."""
        show = f'printa("{name} {words_of(self.keys)}%@d\\n", @{name})'
        yield show, lambda shown: shown.alone(name)
        if self.function in ("count", "sum", "avg") and draw(st.booleans()):
            factor = draw(st.sampled_from((1, 2, 7, 1000)))
            yield f"normalize(@{name}, {factor})", lambda shown: shown.normalize(name, factor)
            yield show, lambda shown: shown.alone(name)
            yield f"denormalize(@{name})", lambda shown: shown.normalize(name, 1)
        if self.wide and draw(st.booleans()):
            count = draw(st.integers(-3, 3))
            yield f"trunc(@{name}, {count})", lambda shown: shown.truncate(name, count)
            yield show, lambda shown: shown.alone(name)
        if self.function in ("count", "sum", "avg") and draw(st.booleans()):
            yield f"clear(@{name})", lambda shown: shown.clear(name)
            yield show, lambda shown: shown.alone(name)


def words_of(keys: str) -> str:
    """The words by which printa() shows keys."""
    return "".join("%d " if key == "i" else "%s|" for key in keys)


def _written(key: Key) -> str:
    return "".join(f"{part} " if isinstance(part, int) else f"{part}|" for part in key)


def add(table: Table, key: Key, value: int) -> None:
    table.values.setdefault(key, []).append(value)


@dataclass
class Shown:
    """The aggregations as the reader has them, and the options by which it sorts."""

    tables: dict[str, Table]
    by_key: bool
    reverse: bool
    #: Which key, and of several aggregations which, comes first (aggsortkeypos, aggsortpos): 0 where there are fewer.
    key_place: int = 0
    place: int = 0
    normals: dict[str, int] = field(default_factory=dict)

    def alone(self, name: str) -> str:
        rows = self._sorted((name,), by_key=self.by_key, reverse=self.reverse)
        return "".join(f"{name} {_written(key)}{self._text(name, key)}\n" for key in rows)

    def joined(self, names: tuple[str, ...]) -> str:
        """Several with the same keys: 0 where one lacks a key."""
        rows = self._sorted(names, by_key=self.by_key, reverse=self.reverse)
        return "".join(" ".join([_written(key), *(self._text(name, key) for name in names)]) + "\n" for key in rows)

    def normalize(self, name: str, factor: int) -> str:
        self.normals[name] = factor
        return ""

    def truncate(self, name: str, count: int) -> str:
        order = self._sorted((name,), by_key=False, reverse=False)
        table = self.tables[name]
        table.values = {key: table.values[key] for key in (order[-count:] if count > 0 else order[: -count or 0])}
        return ""

    def clear(self, name: str) -> str:
        self.tables[name].values = {key: [] for key in self.tables[name].values}
        return ""

    def _sorted(self, names: tuple[str, ...], *, by_key: bool, reverse: bool) -> list[Key]:
        def rank(key: Key) -> tuple[object, object]:
            turned = _turned(names, self.place)
            ranks = [_rank(self.tables[name], self.tables[name].values.get(key, [])) for name in turned]
            keys = _turned(_unsigned(key), self.key_place)
            return (keys, ranks) if by_key else (ranks, keys)

        return sorted({key for name in names for key in self.tables[name].values}, key=rank, reverse=reverse)

    def _text(self, name: str, key: Key) -> str:
        table = self.tables[name]
        values = table.values.get(key, [])
        if table.wide:
            return str(_scalar(table.function, values, self.normals.get(name, 1)))
        return _drawn(_buckets(table, values))


def _rank(table: Table, values: list[int]) -> tuple[int, ...]:
    """What rows are sorted by."""
    if table.wide:
        return (_scalar(table.function, values, 1),)
    buckets = _buckets(table, values)
    return sum(low * count for low, _, count in buckets), sum(count for low, _, count in buckets if low == 0)


def _unsigned(key: Key) -> tuple[int | bytes, ...]:
    return tuple(part & 2**64 - 1 if isinstance(part, int) else part.encode() for part in key)


def _turned(some: tuple[T, ...], first: int) -> tuple[T, ...]:
    """With one of them at the front, and those before it at the end."""
    return some[first:] + some[:first] if first < len(some) else some


def _wrapped(value: int) -> int:
    return (value + 2**63) % 2**64 - 2**63


def _divided(value: int, by: int) -> int:
    quotient = abs(value) // abs(by)
    return quotient if (value < 0) == (by < 0) else -quotient


def _scalar(function: str, values: list[int], normal: int) -> int:
    match function:
        case "count":
            return len(values) // normal
        case "sum":
            return _divided(_wrapped(sum(values)), normal)
        case "avg":
            return _divided(_divided(_wrapped(sum(values)), normal), len(values)) if values else 0
        case "min":
            return min(values, default=0)
        case "max":
            return max(values, default=0)
    return _deviation(values)


def _deviation(values: list[int]) -> int:
    """As libdtrace has it: of whole averages (dt_aggregate.c, dt_stddev)."""
    if not values:
        return 0
    average = abs(_divided(_wrapped(sum(values)), len(values)))
    squares = sum(value * value for value in values) % 2**128 // len(values)
    return isqrt(squares - average * average)


# --- distributions ---------------------------------------------------------------------------------------------------

#: (what it is called by a number, its label, count)
Bucket = tuple[int, str, int]


def _buckets(table: Table, values: list[int]) -> list[Bucket]:
    """Those that are shown: one before the first that holds something, one behind the last."""
    match table.function:
        case "quantize":
            all_ = _powers(values)
        case "lquantize":
            base, limit, step = map(int, table.bounds.split(","))
            all_ = _steps([*range(base, limit, step), limit], values)
        case _:
            # Each order of magnitude, from 10^0 to 10^2, in steps.
            all_ = _steps([step * 10**order for order in range(3) for step in range(1, 10)] + [1000], values)
    held = [index for index, bucket in enumerate(all_) if bucket[2]]
    return all_[max(held[0] - 1, 0) : held[-1] + 2]


def _powers(values: list[int]) -> list[Bucket]:
    """-2^63 ... -1, 0, 1 ... 2^62; a negative one holds those down to it, a positive one those from it on."""
    lows = [-(2**power) for power in range(63, -1, -1)] + [0] + [2**power for power in range(63)]
    counts = dict.fromkeys(lows, 0)
    for value in values:
        counts[0 if not value else (1 if value > 0 else -1) * 2 ** (abs(value).bit_length() - 1)] += 1
    return [(low, str(low), count) for low, count in counts.items()]


def _steps(lows: list[int], values: list[int]) -> list[Bucket]:
    """Below the first, from each to the next, from the last on."""
    made = [(lows[0] - 1, f"< {lows[0]}", sum(value < lows[0] for value in values))]
    for low, high in pairwise(lows):
        made.append((low, str(low), sum(low <= value < high for value in values)))
    return [*made, (lows[-1], f">= {lows[-1]}", sum(value >= lows[-1] for value in values))]


def _drawn(buckets: list[Bucket]) -> str:
    total = sum(count for _, _, count in buckets)
    lines = [f"\n{'value':>16} {'------------- Distribution -------------':>41} {'count':<9}\n"]
    for _, label, count in buckets:
        bar = "@" * int(count * 40 / total + 0.5)
        lines.append(f"{label:>16} |{bar:<40} {count:<9}\n")
    return "".join(lines)


#: An aggregation of every function, with keys of several kinds.
MAKERS: dict[str, Callable[[], Table]] = {
    "n": lambda: Table("count", "i"),
    "n2": lambda: Table("count", "si"),
    "s": lambda: Table("sum", ""),
    "s2": lambda: Table("sum", "is"),
    "n3": lambda: Table("count", "is"),
    "a3": lambda: Table("avg", "is"),
    "hi5": lambda: Table("max", "isisi"),
    "a": lambda: Table("avg", "i"),
    "lo": lambda: Table("min", "s"),
    "hi": lambda: Table("max", "ii"),
    "d": lambda: Table("stddev", "i"),
    "q": lambda: Table("quantize", "s"),
    "l": lambda: Table("lquantize", "i", "0, 30, 10"),
    "ll": lambda: Table("llquantize", "", "10, 0, 2, 10"),
}
