"""Distributions as dtrace draws them: quantize(), lquantize() and llquantize().

    {0: 1, 1: 0, 2: 3}  ->             value  ------------- Distribution ------------- count
                                          -1 |                                         0
                                           0 |@@@@@@@@@@                               1
    ...

Source: libdtrace dt_consume.c (dt_print_quantize and its kin), to the column.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from dtrans.artifact import Aggregation
from dtrans.run.output.bars import Look, bar_unit, draw_bar
from dtrans.values import dataclass

QUANTIZE_ZERO = 63
QUANTIZE_BUCKETS = 127
#: Takes the width of the first column and its title.
DISTRIBUTION_HEAD = b"\n%*s  ------------- Distribution ------------- count    \n"
PLAIN = Look()


def quotient(value: int, divisor: int) -> int:
    """C's division: toward zero."""
    return abs(value) // abs(divisor) * (1 if (value < 0) == (divisor < 0) else -1)


def bucket_value(bucket: int) -> int:
    """The value of a quantize() bucket: 0 in the middle, powers of two around it (DTRACE_QUANTIZE_BUCKETVAL)."""
    if bucket < QUANTIZE_ZERO:
        return -(1 << (QUANTIZE_ZERO - 1 - bucket))
    return 0 if bucket == QUANTIZE_ZERO else 1 << (bucket - QUANTIZE_ZERO - 1)


def log_linear_values(parameters: Sequence[int]) -> Iterator[int]:
    """The lower bounds of the buckets of llquantize(factor, low, high, steps), and last the value above them all."""
    factor, low, high, steps = parameters
    value = factor**low
    for order in range(low, high + 1):
        following = factor ** (order + 1)
        # With fewer values than steps in an order of magnitude, each value gets its own bucket.
        step = following // steps if following > steps else 1
        while value < following:
            yield value
            value += step
    yield value


@dataclass(frozen=True, slots=True)
class Scale:
    """The buckets of one distribution: for each a label, a weight (the value it stands for in sorting), and its bounds
    (the least and the greatest value, None where it has none).

    `zero` is the bucket that breaks ties in sorting, None when no bucket stands for 0. `empty` is the first and last
    bucket to show when all are 0.
    """

    labels: tuple[str, ...]
    weights: tuple[int, ...]
    zero: int | None
    empty: tuple[int, int]
    bounds: tuple[tuple[int | None, int | None], ...]


def scale_of(aggregation: Aggregation) -> Scale:
    """The scale of an aggregation whose function is one of the three."""
    match aggregation.function:
        case "quantize":
            values = tuple(bucket_value(bucket) for bucket in range(QUANTIZE_BUCKETS))
            bounds = tuple((min(2 * value + 1, value), max(2 * value - 1, value)) for value in values)
            around_zero = (QUANTIZE_ZERO - 1, QUANTIZE_ZERO + 1)
            return Scale(tuple(map(str, values)), values, QUANTIZE_ZERO, around_zero, bounds)
        case "lquantize":
            base, limit, step = aggregation.parameters
            levels = (limit - base) // step
            starts = [base + level * step for level in range(levels)]
            above = base + levels * step
            labels = (f"< {base}", *map(str, starts), f">= {above}")
            weights = (base - 1, *starts, above + 1)
            zero = weights.index(0) if 0 in weights else None
            return Scale(labels, weights, zero, (0, 2), _bounds([*starts, above]))
        case _:
            *starts, above = log_linear_values(aggregation.parameters)
            labels = (f"< {starts[0]}", *map(str, starts), f">= {above}")
            # dtrace takes the bucket below the range for "zero" here, and the one above it for its lower bound.
            return Scale(labels, (starts[0] - 1, *starts, above), 0, (0, 1), _bounds([*starts, above]))


def _bounds(starts: Sequence[int]) -> tuple[tuple[int | None, int | None], ...]:
    """The bounds of buckets that begin at `starts`, with the one below them all."""
    inner = ((start, following - 1) for start, following in pairwise(starts))
    return ((None, starts[0] - 1), *inner, (starts[-1], None))


def draw_distribution(scale: Scale, counts: Sequence[int], normal: int, look: Look = PLAIN) -> bytes:
    """The table: from one row before the first bucket that is not 0 to one behind the last."""
    taken = [bucket for bucket, count in enumerate(counts) if count]
    last = len(counts) - 1
    first, last = (max(taken[0] - 1, 0), min(taken[-1] + 1, last)) if taken else scale.empty
    shown = counts[first : last + 1]
    unit = bar_unit(shown, look)
    positives, negatives = any(count > 0 for count in shown), any(count < 0 for count in shown)
    lines = [DISTRIBUTION_HEAD % (16, b"value")]
    for label, count in zip(scale.labels[first : last + 1], shown, strict=True):
        bar = draw_bar(count, unit, look, positives=positives, negatives=negatives)
        lines.append(b"%16s %s %-9d\n" % (label.encode(), bar, quotient(count, normal)))
    return b"".join(lines)
