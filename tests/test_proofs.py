"""What `tests/proofs/` says of the rows of `translators/`: each has a test or a cause, and none is kept without one."""

from __future__ import annotations

import pytest

from dtrans.knowledge.load import load
from dtrans.knowledge.rows import Note, Point, ProbeRow, SourceRow
from tests import proving
from tests.conftest import ROOT

FILES = sorted(proving.FOLDER.glob("*.json"))
SERVED = [name for name, note, _ in proving.rows(load()) if note.fidelity != "none"]
STATES = {path.stem: proving.read(path)["rows"] for path in FILES}


class Marks:
    """A plugin of pytest that takes down which rows the live tests say they prove: row -> tests."""

    def __init__(self) -> None:
        self.rows: dict[str, set[str]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            for name in (name for mark in item.iter_markers("proves") for name in mark.args):
                self.rows.setdefault(name, set()).add(item.nodeid.partition("[")[0])


@pytest.fixture(scope="module")
def marks() -> Marks:
    found = Marks()
    words = ["--collect-only", "-q", "-p", "no:cacheprovider", str(ROOT / "tests" / "live")]
    assert pytest.main(words, plugins=[found]) == 0
    return found


def test_every_row_that_linux_serves_has_a_test_or_a_cause(marks: Marks) -> None:
    # What no kernel of the lab has cannot be tried.
    absent = {name for name in SERVED if all(rows.get(name, {}).get("state") == "absent" for rows in STATES.values())}
    assert [name for name in SERVED if name not in set(marks.rows) | absent | set(proving.causes())] == []
    assert sorted(set(proving.causes()) & set(marks.rows)) == []
    assert sorted(set(proving.causes()) - set(SERVED)) == []


@pytest.mark.parametrize("name", STATES)
def test_no_row_is_kept_as_unproven_without_a_cause(name: str) -> None:
    without = [row for row, state in STATES[name].items() if state["state"] == "unproven" and not state["why"]]
    assert without == []
    assert [row for row, state in STATES[name].items() if state.get("why") == "its test failed"] == []


@pytest.mark.parametrize("name", STATES)
def test_what_fired_is_kept_by_a_test_that_still_says_so(name: str, marks: Marks) -> None:
    """A test that was renamed has not run by its new name: its rows are to be recorded anew."""
    fired = {row: state["test"] for row, state in STATES[name].items() if state["state"] == "fired"}
    assert {row: test for row, test in fired.items() if test not in marks.rows.get(row, ())} == {}


def test_a_row_that_got_a_source_which_the_kernel_has_is_not_kept_as_absent() -> None:
    probe = ProbeRow(
        "block",
        Note("exact"),
        sources=(
            SourceRow((Point("rawtp:old"),), needs=("member:struct old.part",)),
            SourceRow((Point("rawtp:there"),)),
        ),
    )

    def absent(why: str) -> dict[str, str]:
        return {"state": "absent", "why": why}

    assert proving.is_outdated(absent("needs rawtp:old, rawtp:gone"), probe)
    assert proving.is_outdated(absent("needs member:struct old.part"), probe)
    assert not proving.is_outdated(absent("needs feature:hardware_counters"), probe), "a test of it needs more"
    assert not proving.is_outdated(absent("this kernel drops the packet unseen"), probe)
    assert not proving.is_outdated(absent("needs rawtp:old"), None), "of a member"
    assert not proving.is_outdated({"state": "fired", "test": "test_it"}, probe)
