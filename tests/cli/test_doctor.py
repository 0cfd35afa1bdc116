"""The doctor tries what tracing needs, and says how to get the rest."""

from __future__ import annotations

import pytest

from dtrans.cli.doctor import Finding, Machine, _Check, _tried, works
from dtrans.errors import fail
from tests.conftest import Run


def trial(error: Exception | None) -> str:
    if error is not None:
        raise error
    return "there"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (None, Finding("x", "needed", "all", good=True, detail="there")),
        (OSError(1, "forbidden"), Finding("x", "needed", "all", good=False, detail="forbidden", remedy="get it")),
        (fail("D_X", "gone"), Finding("x", "needed", "all", good=False, detail="gone", remedy="get it")),
        (fail("D_X", "gone", hint="do y"), Finding("x", "needed", "all", good=False, detail="gone", remedy="do y")),
    ],
)
def test_a_trial_that_fails_names_the_remedy(error: Exception | None, expected: Finding) -> None:
    assert _tried(_Check("x", "needed", "all", lambda: trial(error), "get it")) == expected


def test_only_what_is_needed_decides() -> None:
    good = Finding("a", "needed", "", good=True)
    assert works([good, Finding("b", "wanted", "", good=False), Finding("c", "extra", "", good=False)])
    assert not works([good, Finding("b", "needed", "", good=False)])


def test_everything_is_tried_and_every_lack_has_a_remedy() -> None:
    findings = list(Machine().findings())
    assert len({finding.name for finding in findings}) == len(findings) >= 15
    assert all(finding.remedy for finding in findings if not finding.good)


@pytest.mark.needs("root", "btf", "bcc", "tracefs")
def test_a_machine_that_can_trace_is_found_able(dtrans: Run) -> None:
    done = dtrans("doctor")
    assert "D programs can run here." in done.stdout
