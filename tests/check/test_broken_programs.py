"""No input, however broken, gives another exception than a diagnostic."""

from __future__ import annotations

import re
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from dtrans.errors import DtransError
from dtrans.recorded import RecordedFacts
from tests.conftest import ROOT
from tests.programs import pipeline

PROGRAMS = [path.read_text() for path in sorted((ROOT / "tests" / "cases").glob("*.d"))]
PROGRAMS += [path.read_text() for path in sorted((ROOT / "examples").glob("*.d"))]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|/\*.*?\*/|\w+|->|\+\+|--|<<|>>|[<>=!]=|&&|\|\||\s+|.', re.DOTALL)


def tokens(text: str) -> list[str]:
    return _TOKEN.findall(text)


WORDS = sorted({token for text in PROGRAMS for token in tokens(text) if not token.isspace() and "/*" not in token})


@cache
def facts() -> RecordedFacts:
    return RecordedFacts((ROOT / "tests" / "facts" / "refusals.json").read_text())


@st.composite
def broken(draw: st.DrawFn) -> str:
    """A program with some tokens lost, doubled, replaced by others or taken from another program."""
    parts = tokens(draw(st.sampled_from(PROGRAMS)))
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, max(0, len(parts) - 1)))
        match draw(st.sampled_from(("replace", "insert", "remove", "repeat", "cut"))):
            case "replace":
                parts[at : at + 1] = [draw(st.sampled_from(WORDS))]
            case "insert":
                parts.insert(at, " " + draw(st.sampled_from(WORDS)) + " ")
            case "remove":
                del parts[at]
            case "repeat":
                parts[at:at] = parts[at : at + draw(st.integers(1, 6))]
            case "cut":
                del parts[at:]
        if not parts:
            break
    return "".join(parts)


def compiles(text: str) -> bool:
    """Whether a text is a program; anything but a diagnostic for one that is not fails the test."""
    try:
        return bool(pipeline(text, ("41", "word") if "$" in text else (), facts=facts()).artifact.c_text)
    except DtransError as error:
        return not error.diagnostic.render()


@settings(max_examples=600)
@given(broken())
def test_a_broken_program_is_refused_with_a_diagnostic(text: str) -> None:
    compiles(text)


@settings(max_examples=200)
@given(st.text(max_size=60))
def test_any_text_is_compiled_or_refused(text: str) -> None:
    compiles(text)


@settings(max_examples=200)
@given(st.lists(st.sampled_from(WORDS), max_size=20))
def test_any_words_in_a_clause_are_compiled_or_refused(words: list[str]) -> None:
    compiles(f"BEGIN {{ {' '.join(words)} }}")
