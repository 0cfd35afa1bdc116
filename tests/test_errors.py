"""Diagnostics as people see them."""

from __future__ import annotations

import pytest

from dtrans.errors import fail
from dtrans.source import Source, Span


def shown(text: str, start: int, end: int) -> list[str]:
    return fail("D_SYNTAX", "wrong", Span(Source("x.d", text), start, end)).diagnostic.render().split("\n")


def test_the_caret_stands_under_what_is_wrong() -> None:
    assert shown("BEGIN\n{\n\tx = yy;\n}", 13, 15) == [
        "x.d:3:6: error: wrong [D_SYNTAX]",
        "    \tx = yy;",
        "    \t    ^~",
    ]


@pytest.mark.parametrize("before", [0, 100, 5000, 69_990, 70_000])
def test_of_a_very_long_line_the_part_around_the_caret_is_shown(before: int) -> None:
    place, line, caret = shown("a" * before + "WRONG" + "a" * (70_000 - before), before, before + 5)
    assert place == f"x.d:1:{before + 1}: error: wrong [D_SYNTAX]"
    assert len(line) < 300
    assert line[caret.index("^") :].startswith("WRONG")
    assert caret.count("~") == 4
    assert (line.startswith("    ..."), line.endswith("...")) == (before > 200, before < 69_000)
