"""Numbers of any length, and of which digits."""

from __future__ import annotations

import pytest

from dtrans.numerals import BEYOND, c_numeral, is_numeral, numeral


def test_a_numeral_has_its_value_in_its_base() -> None:
    assert [numeral("0"), numeral("007"), numeral("777", 8), numeral("fF", 16)] == [0, 7, 511, 255]
    assert numeral("0" * 10_000 + "9") == 9


@pytest.mark.parametrize("base", [8, 10, 16])
def test_a_numeral_of_any_length_is_beyond_64_bits(base: int) -> None:
    assert numeral("7" * 60, base) > 1 << 64
    assert numeral("7" * 10_000, base) == BEYOND


def test_only_ascii_digits_are_a_numeral() -> None:
    assert [is_numeral(text) for text in ("12", "0", "", "-1", " 1", "\u0663", "\u00b2")] == [True, True, *[False] * 5]


def test_an_integer_of_c_says_its_base_by_its_beginning() -> None:
    assert [c_numeral(text) for text in ("0", "17", "017", "0x1F", "0Xff")] == [0, 17, 15, 31, 255]
    assert c_numeral("9" * 100) == BEYOND
    assert {c_numeral(text) for text in ("", "0x", "08", "1_0", "-1", " 1", "0b1", "9" * 100 + "a", "\u0663")} == {None}
