"""Aggregations on the real kernel against the same mathematics in Python, over the same values."""

from __future__ import annotations

import random
import shlex
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from fractions import Fraction
from math import isqrt

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from dtrans.errors import DtransError
from dtrans.run import session
from dtrans.run.output import aggregate
from tests.conftest import has
from tests.loads import line
from tests.programs import printed

PHASES = (Phase.explicit, Phase.generate)
VALUES = st.one_of(
    st.integers(-20, 20), st.integers(-(2**31), 2**31), st.sampled_from([0, 1, -1, 2**62, -(2**62), 2**63 - 1])
)


def wrapped(number: int) -> int:
    """A number as 64 bits hold it."""
    return (number + 2**63) % 2**64 - 2**63


def toward_zero(number: int, divisor: int) -> int:
    return int(Fraction(number, divisor))


def expected(function: str, values: Sequence[int]) -> int:
    total = wrapped(sum(values))
    match function:
        case "count":
            return len(values)
        case "sum":
            return total
        case "avg":
            return toward_zero(total, len(values))
        case "min":
            return min(values)
        case "max":
            return max(values)
    mean = toward_zero(total, len(values))
    return isqrt(max(sum(value**2 for value in values) // len(values) - mean**2, 0))


def literal(value: int) -> str:
    return f"(int64_t){value % 2**64:#x}"


@st.composite
def programs(draw: st.DrawFn) -> tuple[str, str]:
    """A program that aggregates constants by two keys in all ways, and what it prints."""
    functions = ("count", "sum", "avg", "min", "max", "stddev")
    pairs = draw(st.lists(st.tuples(st.integers(-3, 3), st.sampled_from("abc"), VALUES), min_size=1, max_size=12))
    normal = draw(st.sampled_from((1, 1, 3, 1000)))
    reverse, by_key, position = draw(st.booleans()), draw(st.booleans()), draw(st.integers(0, 2))
    keep = draw(st.sampled_from((None, 1, 2, -1, 50)))
    lines, shown = [], []
    groups: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    for number, text, value in pairs:
        groups[number, text].append(value)
        for function in functions:
            operand = "" if function == "count" else literal(value)
            lines.append(f'BEGIN {{ @{function}[{number}, "{text}"] = {function}({operand}); }}')
    for function in functions:
        rows = {key: expected(function, values) for key, values in groups.items()}
        kept = sorted(rows, key=lambda key, rows=rows: (rows[key], _order(key, 0)))  # type: ignore[misc]
        if keep is not None:
            lines.append(f"BEGIN {{ trunc(@{function}, {keep}); }}")
            kept = kept[::-1][:keep] if keep > 0 else kept[:-keep]
        if normal != 1:
            lines.append(f"BEGIN {{ normalize(@{function}, {normal}); }}")
        if by_key:
            kept.sort(key=lambda key: _order(key, position), reverse=reverse)
        else:
            kept.sort(key=lambda key, rows=rows: (rows[key], _order(key, position)), reverse=reverse)  # type: ignore[misc]
        lines.append(f'BEGIN {{ printa("%d %s %@d\\n", @{function}); }}')
        shown += [f"{key[0]} {key[1]} {_normalised(function, groups[key], normal)}" for key in kept]
    options = [f"#pragma D option aggsortkeypos={position}"]
    options += ["#pragma D option aggsortrev"] * reverse + ["#pragma D option aggsortkey"] * by_key
    return "\n".join([*options, *lines, "BEGIN { exit(0); }"]), "\n".join(shown)


def _order(key: tuple[int, str], position: int) -> tuple[object, ...]:
    """What a key is sorted by: numbers without their sign, the part that aggsortkeypos names first."""
    parts = (key[0] % 2**32, key[1].encode())
    return parts[::-1] if position == 1 else parts


def _normalised(function: str, values: Sequence[int], normal: int) -> int:
    if function == "stddev":
        mean = toward_zero(toward_zero(wrapped(sum(values)), normal), len(values))
        return isqrt(max(sum(value**2 for value in values) // normal**2 // len(values) - mean**2, 0))
    if function == "avg":
        return toward_zero(toward_zero(wrapped(sum(values)), normal), len(values))
    return toward_zero(expected(function, values), normal)


def _level(size: int, base: int, limit: int, step: int) -> str:
    """The bucket of lquantize()."""
    if size < base:
        return f"< {base}"
    return f">= {limit}" if size >= limit else str((size - base) // step * step + base)


def _magnitude(size: int) -> str:
    """The bucket of llquantize(n, 10, 0, 2, 10)."""
    if size < 1:
        return "< 1"
    unit = 10 ** (len(str(size)) - 1)
    return ">= 1000" if size >= 1000 else str(size // unit * unit)


@settings(max_examples=15, phases=PHASES)
@given(programs())
def test_results_and_their_order_are_those_of_arithmetic(made: tuple[str, str]) -> None:
    text, shown = made
    assert printed(text).rstrip("\n") == shown


def test_distributions_hold_the_very_events_that_were_printed() -> None:
    """Writes of random sizes by another process: each is printed, and aggregated in every way."""
    sizes = random.Random(7).choices([0, 1, 2, 3, 7, 8, 100, 1000, 1024, 5000], k=300)
    child = f"import os\nfd = os.open('/dev/null', 1)\nfor n in {sizes}: os.write(fd, b'x' * n)"
    shown = printed(
        """
        syscall::write:entry /pid == $target/
        {
            printf("%d\\n", arg2);
            @["quantize"] = quantize(arg2); @l["lquantize"] = lquantize(arg2, 2, 1000, 100, 2);
            @ll["llquantize"] = llquantize(arg2, 10, 0, 2, 10); @wide["wide"] = lquantize(arg2, 0, 50000, 10);
            @sum = sum(arg2); @avg = avg(arg2);
        }
        """,
        commands=[shlex.join([sys.executable, "-S", "-E", "-c", child])],
    )
    head, *_ = shown.partition("\n\n")
    traced = [int(line) for line in head.split()]
    assert traced == sizes
    tables = {}
    for name in ("quantize", "lquantize", "llquantize", "wide"):
        table = shown.split(f"  {name} ", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
        rows = (line.split("|") for line in table)
        tables[name] = {label.strip(): int(rest.split()[-1]) for label, rest in rows if int(rest.split()[-1])}
    assert tables["quantize"] == Counter(str(1 << size.bit_length() - 1 if size else 0) for size in traced)
    linear = Counter(_level(size, 2, 902, 100) for size in traced)
    assert tables["lquantize"] == {label: 2 * count for label, count in linear.items()}
    assert tables["llquantize"] == Counter(_magnitude(size) for size in traced)
    assert tables["wide"] == Counter(_level(size, 0, 50000, 10) for size in traced)
    *_, total, mean = shown.split()
    assert (int(total), int(mean)) == (sum(traced), sum(traced) // len(traced))


def test_no_event_is_lost_where_maps_are_emptied_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aggregate, "_FULL", -1.0)
    monkeypatch.setattr(session, "_LONGEST_WAIT", 0.001)
    shown = printed(
        """
        syscall::getppid:entry /pid == $target/ { self->n++; this->key = self->n % 3; }
        syscall::getppid:entry /pid == $target/ { @c[this->key] = count(); @s[this->key] = sum(self->n); }
        syscall::getppid:entry /pid == $target/ { @least[this->key] = min(self->n); @most[this->key] = max(self->n); }
        syscall::getppid:entry /pid == $target/ { @a[this->key] = avg(self->n); @d[this->key] = stddev(self->n); }
        syscall::getppid:entry /pid == $target/ { @q[this->key] = quantize(self->n); }
        syscall::getppid:entry /pid == $target/ { @wide = lquantize(self->n, 0, 10000); }
        END { printa("%d %@d %@d %@d %@d %@d %@d\\n", @c, @s, @least, @most, @a, @d); printa("%@d\\n", @q); }
        END { printa("wide:%@d\\n", @wide); }
        """,
        commands=[line("getppid", 9000)],
    )
    rows, _, distributions = shown.partition("\n\n")
    made = {key: [number for number in range(1, 9001) if number % 3 == key] for key in range(3)}
    expected = {}
    for key, numbers in made.items():
        mean = sum(numbers) // len(numbers)
        deviation = isqrt(sum(number * number for number in numbers) // len(numbers) - mean * mean)
        expected[key] = [len(numbers), sum(numbers), min(numbers), max(numbers), mean, deviation]
    found = [list(map(int, row.split())) for row in rows.splitlines() if row.strip()]
    assert {row[0]: row[1:] for row in found} == expected
    distributions, _, wide = distributions.partition("wide:")
    counts = [int(row.split()[-1]) for row in distributions.splitlines() if "|" in row]
    assert sum(counts) == 9000
    # Each number once, by itself: 1 to 9000, and the empty rows around them.
    counts = [int(row.split()[-1]) for row in wide.splitlines() if "|" in row]
    assert counts == [0, *[1] * 9000, 0]


def test_keys_of_several_strings_are_told_apart_or_refused_by_an_older_kernel() -> None:
    source = 'BEGIN { @["a", "b", "c"] = sum(1); @["a", "b", "d"] = sum(2); exit(0); }'
    if has("release:5.11"):
        found = printed(source)
    else:
        with pytest.raises(DtransError, match=r"keys of the map .* have 768 bytes, and this kernel takes 512"):
            printed(source)
        found = printed(source, options={"quiet": "1", "strsize": "128"})
    assert found.split() == ["a", "b", "c", "1", "a", "b", "d", "2"]
