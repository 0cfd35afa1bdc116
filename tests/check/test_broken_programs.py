"""No input, however broken, gives another exception than a diagnostic."""

from __future__ import annotations

from functools import cache

import pytest
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


@pytest.mark.parametrize(
    "text",
    [
        "BEGIN { trace(NNN); }", "BEGIN { trace(0xNNN); }", "BEGIN { trace(0NNN); }", "BEGIN { trace($NNN); }",
        "BEGIN { trace(argNNN); }", "BEGIN { trace(args[NNN]); }", 'BEGIN { printf("%NNNd", 1); }',
        'BEGIN { printf("%.NNNd", 1); }', "BEGIN { stack(NNN); }", "int x[NNN]; BEGIN { }",
        "struct s { int x:NNN; }; BEGIN { }",
        "profile-NNN { }", "profile-NNNhz { }", "cpc:::cycles-all-NNN { }", "#pragma D option bufsize=NNN\nBEGIN { }",
        "#pragma D option aggrate=NNN\nBEGIN { }", "#pragma D option nspec=NNN\nBEGIN { }", '# NNN "x.d"\nBEGIN { }',
        "#line NNN\nBEGIN { }", "BEGIN { trace('NNN'); }", "BEGIN { @ = lquantize(1, 0, NNN); }", "NNN { }",
    ],
)  # fmt: skip
def test_a_number_of_any_length_is_refused_or_has_its_meaning(text: str) -> None:
    for digit in "79":
        compiles(text.replace("NNN", digit * 5000))
