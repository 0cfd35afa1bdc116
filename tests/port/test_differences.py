"""A report tells one by one what a program names, counts what it only matches, and knows what no program here has."""

from __future__ import annotations

from dtrans.artifact import Artifact
from dtrans.port.differences import Defined, differences
from dtrans.recorded import RecordedFacts
from tests.conftest import ROOT
from tests.programs import pipeline

FACTS = RecordedFacts((ROOT / "tests" / "facts" / "refusals.json").read_text())


def wanted(text: str) -> Artifact:
    return pipeline(text, options={"zdefs": "1"}, target=True, facts=FACTS).artifact


def test_probes_that_are_only_matched_are_counted() -> None:
    found = differences(pipeline("syscall:::entry { @[execname] = count(); }", facts=FACTS))
    told = {one.subject: one for one in found}
    assert list(told) == ["execname", "syscall:::entry"]
    assert told["syscall:::entry"].became.endswith(" probes")
    assert int(told["syscall:::entry"].became.split()[0]) > 300
    assert told["syscall:::entry"].fidelity == "partial"


def test_probes_that_are_named_are_told() -> None:
    found = differences(pipeline("syscall:::entry { } syscall::open:entry { }", facts=FACTS))
    assert [one.subject for one in found] == ["syscall::open:entry", "syscall:::entry"]
    assert "openat" in found[0].became


def test_a_few_matched_probes_are_told_one_by_one() -> None:
    found = differences(pipeline("syscall::*chown:entry { }", facts=FACTS))
    assert [one.subject for one in found] == ["syscall::chown:entry", "syscall::lchown:entry"]


def test_what_is_exact_is_not_told() -> None:
    assert differences(pipeline("BEGIN { trace(pid); }", facts=FACTS)) == ()


def test_probes_that_no_program_here_has_are_told_with_the_reason() -> None:
    made = wanted("javascript*:::function-entry { } javascript$target:::function-entry { }")
    missing = list(Defined("x86_64").missing(made))
    assert [(one.subject, one.fidelity) for one in missing] == [
        ("javascript*:::function-entry", "none"),
        ("javascript$target:::function-entry", "partial"),
    ]
    assert all("Mozilla removed" in one.differs for one in missing)


def test_functions_of_processes_are_not_missed_before_there_is_a_process() -> None:
    assert list(Defined("x86_64").missing(wanted("pid$target:libc:malloc:entry { }"))) == []
