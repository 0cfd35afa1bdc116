"""No input, however broken, gives another exception than a diagnostic."""

from __future__ import annotations

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from dtrans.errors import DtransError
from dtrans.recorded import RecordedFacts
from tests.conftest import ROOT
from tests.generator.broken import WORDS, broken
from tests.programs import pipeline


@cache
def facts() -> RecordedFacts:
    return RecordedFacts((ROOT / "tests" / "facts" / "refusals.json").read_text())


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
