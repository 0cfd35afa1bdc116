"""Aggregations with one line for each key, drawn: histograms (``agghist``) and packed distributions (``aggpack``).

              key  ------------- Distribution ------------- count
               ls |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@           3
               sh |@@@@@@@@@@                               1

              key  min .------. max  | count
               ls    0 : xX_  : 16   | 7

Source: libdtrace dt_consume.c (dt_print_datum, dt_print_quanthdr_packed and its kin) and dt_aggregate.c
(dt_aggregate_total, dt_aggregate_minmaxbin), to the column.
"""

from __future__ import annotations

from collections.abc import Sequence

from dtrans.run.output.aggregate import AggregationTable, scalar_value
from dtrans.run.output.bars import Look, bar_unit, draw_bar, draw_cell
from dtrans.run.output.entries import Vector
from dtrans.run.output.quantize import DISTRIBUTION_HEAD, QUANTIZE_BUCKETS, QUANTIZE_ZERO, bucket_value

#: Columns of a bound of lquantize().
_BOUND = 8
_HISTOGRAMS = ("count", "sum", "avg", "stddev")


def is_packed(table: AggregationTable, look: Look) -> bool:
    """Whether the options draw this aggregation with one line for each key."""
    function = table.aggregation.function
    return (look.histogram and function in _HISTOGRAMS) or (look.packed and function in ("quantize", "lquantize"))


def packed_lines(
    table: AggregationTable, keys: Sequence[bytes], values: Sequence[Vector], key_width: int, look: Look
) -> list[bytes]:
    """The header, and a line for each row; `keys` are the rows' keys as text, `key_width` the columns they take."""
    if table.scale is None:
        return _histogram(table, keys, values, key_width, look)
    return _distributions(table, keys, values, key_width, look)


def _histogram(
    table: AggregationTable, keys: Sequence[bytes], values: Sequence[Vector], key_width: int, look: Look
) -> list[bytes]:
    raw = [scalar_value(table.aggregation.function, value) for value in values]
    unit = bar_unit(raw, look)
    if look.zoomed:
        # The total of a whole aggregation is a whole number in dtrace.
        unit = unit[0] // unit[1], 1
    positives, negatives = any(value > 0 for value in raw), any(value < 0 for value in raw)
    head = DISTRIBUTION_HEAD % ((key_width, b"key") if key_width else (16, b"value"))
    lines = []
    for key, value, count in zip(keys, values, raw, strict=True):
        bar = draw_bar(count, unit, look, positives=positives, negatives=negatives)
        shown = scalar_value(table.aggregation.function, value, table.normal)
        lines.append(b"%s %s %-9d\n" % (key, bar, shown))
    return [head, *lines]


def _distributions(
    table: AggregationTable, keys: Sequence[bytes], values: Sequence[Vector], key_width: int, look: Look
) -> list[bytes]:
    if table.aggregation.function == "quantize":
        first, last = _taken(values)
        low, high = bucket_value(first), bucket_value(last)
        widths = _columns(low), _columns(high)
        # The bound stands one blank apart from the key, as the title does.
        left, right = b" %*d" % (widths[0], low), b"%-*d" % (widths[1], high)
    else:
        assert table.scale is not None
        first, last = 0, len(table.scale.labels) - 1
        widths = _BOUND - 1, _BOUND
        left, right = (
            b"%*s" % (_BOUND, table.scale.labels[first].encode()),
            b"%-*s" % (_BOUND, table.scale.labels[last].encode()),
        )
    dashes = b"-" * (last - first + 1)
    title = b"key" if key_width else b""
    lines = [b"\n%*s %*s .%s. %-*s | count\n" % (key_width, title, widths[0], b"min", dashes, widths[1], b"max")]
    for key, value in zip(keys, values, strict=True):
        shown = value[first : last + 1]
        unit = bar_unit(shown, look)
        cells = b"".join(draw_cell(count, unit, look) for count in shown)
        lines.append(b"%s%s :%s: %s | %d\n" % (key, left, cells, right, sum(shown)))
    return lines


def _taken(values: Sequence[Vector]) -> tuple[int, int]:
    """The buckets to show: those that any row has, and one more on each side."""
    taken = [bucket for value in values for bucket, count in enumerate(value) if count]
    # A row without data counts for the bucket of 0.
    taken += [QUANTIZE_ZERO for value in values if not any(value)]
    first, last = min(taken, default=QUANTIZE_ZERO), max(taken, default=QUANTIZE_ZERO)
    if first not in (0, QUANTIZE_ZERO):
        first -= 1
    return first, min(last + 1, QUANTIZE_BUCKETS - 1)


def _columns(bound: int) -> int:
    """The room for a bound, at least 4 (dt_ndigits: 10, 100 ... count as one digit less)."""
    size = abs(bound)
    digits = 1 + (bound < 0)
    while size > 10:
        size = -(-size // 10)
        digits += 1
    return max(digits, 4)
