"""The bars of distributions and histograms, and the cells of packed ones.

    draw_bar(3, bar_unit([3, 1], Look()), ...)   ->  b"|@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@          "
    draw_cell(3, bar_unit([3, 1], Look()), ...)  ->  b"x"

Source: libdtrace dt_consume.c (dt_quantize_total, dt_print_quantline, dt_print_packed), to the column. Lengths are made
in whole numbers: libdtrace's long double is as exact.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from dtrans.options import Options
from dtrans.values import dataclass

#: What a whole bar stands for, as a fraction: numerator and denominator.
Unit = tuple[int, int]

BAR = 40
#: With aggzoom the highest bar takes 95 % of the room (DTRACE_AGGZOOM_MAX): what the whole bar is of the highest value.
_ZOOMED = (1 / 0.95).as_integer_ratio()
_MARKS, _RISING, _FALLING = b"@", b"__xxxxXX", b"vvvvVV"
#: Unicode's block elements: full, then seven eighths down to one; and from one eighth high to full.
_EIGHTHS_WIDE = tuple(chr(0x258F - eighths + 1).encode() for eighths in range(1, 9))
_EIGHTHS_HIGH = tuple(chr(0x2581 + eighths).encode() for eighths in range(8))
#: Terminals that draw no Unicode, as libdtrace names them.
_PLAIN_TERMINALS = ("sun", "sun-color", "dumb")


@dataclass(frozen=True, slots=True)
class Look:
    """How bars are drawn: `histogram` (agghist), `packed` (aggpack) and `zoomed` (aggzoom) say whether; `blocks` draws
    bars with Unicode's block elements, `packed_blocks` the cells of packed ones."""

    histogram: bool = False
    packed: bool = False
    zoomed: bool = False
    blocks: bool = False
    packed_blocks: bool = False

    @staticmethod
    def of(options: Options) -> Look:
        encoding = options.text("encoding")
        blocks = encoding == "utf8"
        plain = encoding == "ascii" or os.environ.get("TERM") in _PLAIN_TERMINALS
        return Look(
            options.flag("agghist"), options.flag("aggpack"), options.flag("aggzoom"), blocks, blocks or not plain
        )


def bar_unit(counts: Sequence[int], look: Look) -> Unit:
    """What a whole bar stands for: all counts together, or with aggzoom a little more than the greatest."""
    if not look.zoomed:
        return sum(map(abs, counts)), 1
    numerator, denominator = _ZOOMED
    return max(map(abs, counts), default=0) * numerator, denominator


def _rounded(count: int, room: int, unit: Unit) -> int:
    """`count` as a part of `room`, to the nearest."""
    whole, scale = unit
    return (2 * abs(count) * room * scale + whole) // (2 * whole) if whole else 0


def draw_bar(count: int, unit: Unit, look: Look, *, positives: bool, negatives: bool) -> bytes:
    """The bar and its axis: at the left for positive counts, at the right for negative ones, in the middle for both."""
    if not negatives:
        if look.blocks and positives:
            return b"|" + _draw_blocks(count, unit)
        return b"|" + (_MARKS * _rounded(count, BAR, unit)).ljust(BAR)
    length = BAR // 2 if positives else BAR
    marks = _MARKS * _rounded(count, length, unit)
    if not positives:
        return marks.rjust(length) + b"|"
    if count <= 0:
        return marks.rjust(length) + b"|" + b" " * length
    return b" " * length + b"|" + marks.ljust(length)


def _draw_blocks(count: int, unit: Unit) -> bytes:
    """A bar to an eighth of a column."""
    whole, scale = unit
    eighths = abs(count) * BAR * 8 * scale // whole if whole else 0
    full, part = divmod(eighths, 8)
    columns = full + (part > 0)
    return _EIGHTHS_WIDE[7] * full + (_EIGHTHS_WIDE[part - 1] if part else b"") + b" " * (BAR - columns)


def draw_cell(count: int, unit: Unit, look: Look) -> bytes:
    """One bucket in one column: a blank for none, else one of eight heights."""
    if count == 0:
        return b" "
    if count < 0:
        place = _rounded(count, len(_FALLING) - 1, unit)
        return _FALLING[place : place + 1]
    if look.packed_blocks:
        return _EIGHTHS_HIGH[_rounded(count, len(_EIGHTHS_HIGH) - 1, unit)]
    place = _rounded(count, len(_RISING) - 1, unit)
    return _RISING[place : place + 1]
