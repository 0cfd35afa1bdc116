from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtrans.options import Options
from dtrans.run.output.bars import Look, bar_unit, draw_bar, draw_cell

COUNTS = st.lists(st.integers(1, 2**50), min_size=1, max_size=20)


def test_the_encoding_and_the_terminal_say_which_characters_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    assert Look.of(Options({})) == Look(packed_blocks=True)
    assert Look.of(Options({"encoding": "ascii"})) == Look()
    monkeypatch.setenv("TERM", "dumb")
    assert Look.of(Options({})) == Look()
    assert Look.of(Options({"encoding": "utf8"})) == Look(blocks=True, packed_blocks=True)


@given(COUNTS)
def test_zoomed_bars_leave_a_twentieth_of_the_room_to_the_greatest(counts: list[int]) -> None:
    look = Look(zoomed=True)
    unit = bar_unit(counts, look)
    for count in counts:
        marks = draw_bar(count, unit, look, positives=True, negatives=False).count(b"@")
        assert abs(marks - Fraction(38 * count, max(counts))) <= Fraction(1, 2) + Fraction(1, 10**9)


@given(COUNTS)
def test_blocks_draw_a_bar_to_an_eighth_and_forty_columns_in_all(counts: list[int]) -> None:
    look = Look(blocks=True)
    unit = bar_unit(counts, look)
    for count in counts:
        bar = draw_bar(count, unit, look, positives=True, negatives=False).decode()
        assert len(bar) == 41
        assert bar[0] == "|"
        drawn = sum(8 - (ord(char) - 0x2588) for char in bar[1:].rstrip())
        assert drawn == 320 * count // sum(counts)


def test_a_cell_is_blank_for_nothing_and_highest_for_all() -> None:
    unit = bar_unit([1, 99], Look())
    blocks = Look(packed_blocks=True)
    assert b"".join(draw_cell(count, unit, Look()) for count in (0, 1, 50, 100, -1, -100)) == b" _xXvV"
    assert b"".join(draw_cell(count, unit, blocks) for count in (0, 1, 50, 100)).decode() == " ▁▅█"
