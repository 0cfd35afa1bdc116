"""The catalogue of errors is complete, and its examples are what they say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from dtrans.cli.tags import Tag, find_tag, tags, unraised
from dtrans.errors import DtransError
from tests.conftest import ROOT
from tests.programs import pipeline

_TAG = re.compile(r"D_[A-Z0-9_]+")


def raised() -> Iterator[str]:
    """Every tag that stands as a string in the code."""
    for path in (ROOT / "dtrans").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _TAG.fullmatch(node.value):
                yield node.value


def test_every_tag_that_is_raised_is_explained_and_no_other() -> None:
    assert set(raised()) == set(tags())


def test_every_tag_of_libdtrace_is_raised_or_has_a_reason_why_not() -> None:
    known = set((ROOT / "tests" / "cli" / "libdtrace_tags.txt").read_text().split())
    assert known - set(tags()) == set(unraised())


def test_a_tag_is_found_in_any_case_and_a_slip_gets_a_hint() -> None:
    assert find_tag("d_syntax").name == "D_SYNTAX"
    with pytest.raises(DtransError) as caught:
        find_tag("D_SINTAX")
    assert "D_SYNTAX" in caught.value.diagnostic.hint


@pytest.mark.needs("root", "btf", "tracefs")
@pytest.mark.parametrize("tag", [tag for tag in tags().values() if tag.wrong], ids=lambda tag: tag.name)
def test_the_wrong_example_fails_with_its_tag(tag: Tag) -> None:
    with pytest.raises(DtransError) as caught:
        _ = pipeline(tag.wrong).artifact
    assert caught.value.diagnostic.tag == tag.name


@pytest.mark.needs("root", "btf", "tracefs")
@pytest.mark.parametrize("tag", [tag for tag in tags().values() if tag.right], ids=lambda tag: tag.name)
def test_the_right_example_compiles(tag: Tag) -> None:
    _ = pipeline(tag.right).artifact
