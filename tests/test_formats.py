from __future__ import annotations

import pytest

from dtrans.errors import DtransError
from dtrans.formats import CONVERSIONS, VALUE_CLASSES, Conversion, accepts, fits, parse_format


def conversion_of(text: str) -> Conversion:
    (piece,) = parse_format(text)
    assert isinstance(piece, Conversion)
    return piece


def test_a_format_is_split_into_texts_and_conversions() -> None:
    pieces = parse_format("%d: %-20s|\n")
    assert [piece if isinstance(piece, str) else piece.name for piece in pieces] == ["d", ": ", "s", "|\n"]
    assert pieces[2] == Conversion("-", 20, None, "", "s", index=4, number=2)


def test_percent_percent_is_text_and_counts_as_a_conversion() -> None:
    assert parse_format("100%% of %d")[0] == "100% of "
    assert parse_format("100%% of %d")[1] == Conversion("", None, None, "", "d", index=9, number=2)


@pytest.mark.parametrize("text", ["%@8d", "%8@d", "%8d@", "%@-8lld", "%-8@lld"])
def test_at_may_stand_anywhere_before_the_letter(text: str) -> None:
    pieces = parse_format(text)
    conversion = pieces[0]
    assert isinstance(conversion, Conversion)
    assert conversion.is_aggregation == (text != "%8d@")
    assert conversion.width == 8


def test_question_mark_is_the_width_of_a_pointer() -> None:
    assert conversion_of("%?p").width == 16
    assert conversion_of("%0?p").flags == "0"


@pytest.mark.parametrize(("text", "flags"), [("%-05d", "0"), ("%0-5d", "-"), ("%-5d", "-"), ("%+ #'d", "#+ '")])
def test_the_last_of_zero_and_minus_wins(text: str, flags: str) -> None:
    assert conversion_of(text).flags == flags


def test_stars_take_arguments_before_the_value() -> None:
    assert conversion_of("%*.*s").dynamic == ("*", ".*")
    assert conversion_of("%.*d").dynamic == (".*",)
    assert conversion_of("%@*d").dynamic == ("*",)
    assert not conversion_of("%@*d").takes_value


def test_precision_may_be_empty() -> None:
    assert conversion_of("%.s").precision is None
    assert conversion_of("%12.3s").precision == 3


@pytest.mark.parametrize(
    ("text", "tag", "word"),
    [
        ("", "D_PRINTF_FMT_EMPTY", "empty"),
        ("%", "D_SYNTAX", "no name"),
        ("abc %-5", "D_SYNTAX", "no name"),
        ("%5%", "D_SYNTAX", "takes no flags"),
        ("%1$d", "D_SYNTAX", "positional"),
        ("%..3d", "D_SYNTAX", "more than one '.'"),
        ("%**d", "D_SYNTAX", "'*' for its width"),
        ("%.**d", "D_SYNTAX", "'*' for its precision"),
        ("%q", "D_SYNTAX", "unknown: %q"),
        ("%d %llls", "D_SYNTAX", "#2"),
    ],
)
def test_what_is_not_a_format_is_told(text: str, tag: str, word: str) -> None:
    with pytest.raises(DtransError) as caught:
        parse_format(text)
    assert caught.value.diagnostic.tag == tag
    assert word in caught.value.diagnostic.message


def test_each_conversion_takes_its_classes_of_values() -> None:
    assert accepts(conversion_of("%d"), "int")
    assert not accepts(conversion_of("%d"), "str")
    assert not accepts(conversion_of("%s"), "int")
    assert accepts(conversion_of("%s"), "chars")
    assert accepts(conversion_of("%p"), "pointer")
    assert accepts(conversion_of("%a"), "sym")
    assert not accepts(conversion_of("%a"), "usym")
    assert accepts(conversion_of("%A"), "usym")
    assert accepts(conversion_of("%k"), "stack")
    assert accepts(conversion_of("%Lf"), "float")


def test_times_are_wide_and_characters_narrow() -> None:
    assert fits(conversion_of("%Y"), 8)
    assert not fits(conversion_of("%Y"), 4)
    assert fits(conversion_of("%c"), 4)
    assert not fits(conversion_of("%c"), 8)
    assert fits(conversion_of("%d"), 2)


def test_every_conversion_but_percent_takes_a_value_that_a_field_can_hold_or_a_float() -> None:
    classes = {*VALUE_CLASSES.values(), "pointer", "wchars", "float"}
    for name, taken in CONVERSIONS.items():
        assert taken <= classes
        assert bool(taken) == (name != "%")
