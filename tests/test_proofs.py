"""What `tests/proofs/` says of the rows of `translators/`: each has a state, and none is unproven without a cause."""

from __future__ import annotations

from pathlib import Path

import pytest

from dtrans.knowledge.load import load
from tests import proving

FILES = sorted(proving.FOLDER.glob("*.json"))
ROWS = {name: note.fidelity for name, note, _ in proving.rows(load())}
STATES = {path.stem: proving.read(path)["rows"] for path in FILES}


def test_every_row_that_linux_serves_fires_somewhere_or_says_why_it_does_not() -> None:
    served = [name for name, fidelity in ROWS.items() if fidelity != "none"]
    fired = {name for rows in STATES.values() for name, state in rows.items() if state["state"] == "fired"}
    absent = {name for name in served if all(rows.get(name, {}).get("state") == "absent" for rows in STATES.values())}
    assert [name for name in served if name not in fired | absent | set(proving.causes())] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_row_that_is_unproven_on_a_kernel_has_a_cause(path: Path) -> None:
    without = [
        name
        for name, state in STATES[path.stem].items()
        if name in ROWS and state["state"] == "unproven" and state["why"] in ("", "its test failed")
    ]
    assert without == []


def test_causes_are_of_rows_that_no_test_makes_fire() -> None:
    assert set(proving.causes()) <= set(ROWS)
    fired = {name for rows in STATES.values() for name, state in rows.items() if state["state"] == "fired"}
    assert set(proving.causes()) & fired == set()
