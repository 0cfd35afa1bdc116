"""The stages in order, against recorded facts: no kernel is needed."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from dtrans.errors import DtransError
from dtrans.kept import from_plain, to_plain
from dtrans.pipeline import Pipeline
from dtrans.recorded import RecordedFacts
from dtrans.request import Request
from tests.conftest import ROOT
from tests.programs import arguments, knowledge, pipeline

CASES = sorted((ROOT / "tests" / "cases").glob("run.*.d"))
PROGRAM = 'BEGIN { printf("%d %s\\n", 1 + 1, "two"); } BEGIN /pid == 1/ { @n[execname] = count(); }'


@cache
def facts() -> RecordedFacts:
    return RecordedFacts((ROOT / "tests" / "facts" / "refusals.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem.removeprefix("run."))
def test_the_same_program_gives_the_same_bytes(case: Path) -> None:
    text = case.read_text()
    one, two = (pipeline(text, arguments(text), facts=facts()).artifact for _ in range(2))
    assert to_plain(one) == to_plain(two)


def test_an_artifact_survives_its_plain_values() -> None:
    made = pipeline(PROGRAM, facts=facts()).artifact
    assert from_plain(to_plain(made)) == made


@pytest.mark.parametrize("stage", ["ast", "typed", "plan", "c"])
def test_every_stage_can_be_shown(stage: str) -> None:
    assert "execname" in pipeline(PROGRAM, facts=facts()).dump(stage) or stage in ("plan", "c")


def test_the_generated_program_quotes_the_script() -> None:
    assert "@n[execname] = count();" in pipeline(PROGRAM, facts=facts()).c_text


def test_an_unknown_stage_is_refused() -> None:
    with pytest.raises(DtransError) as caught:
        pipeline(PROGRAM, facts=facts()).dump("bpf")
    assert caught.value.diagnostic.tag == "D_USAGE"


def test_no_program_is_refused() -> None:
    with pytest.raises(DtransError) as caught:
        _ = Pipeline(Request(()), facts(), knowledge()).artifact
    assert caught.value.diagnostic.tag == "D_EMPTY"


def test_a_constant_test_leaves_one_branch() -> None:
    text = pipeline(
        'inline int OPT = 0; BEGIN { OPT ? printf("dead\\n") : printf("alive\\n"); exit(0); }', facts=facts()
    )
    printed = [action for site in text.artifact.sites for action in site.actions]
    assert "alive" in repr(printed)
    assert "dead" not in repr(printed)


def test_a_clause_that_cannot_run_is_not_in_the_program() -> None:
    assert "never" not in repr(
        pipeline('BEGIN /0/ { printf("never"); } BEGIN { exit(0); }', facts=facts()).artifact.sites
    )
