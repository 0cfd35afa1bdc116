"""The report names every tool, and why it became what it became."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dtrans.port.outcome import STATUSES, Difference, Outcome, Part, Refusal
from dtrans.port.report import summary, write_report

_BLOCK = Difference("io:::start", "block", "close", "it | differs")
_NO_PROBE = Refusal("D_PDESC_ZERO", "no\nprobe")
_OUTCOMES = (
    Outcome("a.d", "d", "", (Part("exact", ("io",), 2),), "a.py", ("Bin/a.d",)),
    Outcome("b.d", "d", "", (Part("differs", ("io",), 1, (_BLOCK,)),), "b.py"),
    Outcome("w", "wrapper", "ksh", (Part("exact", line=3), Part("refused", ("fbt",), refusal=_NO_PROBE, line=9)), "w"),
    Outcome("c.d", "d", "", (Part("failed", refusal=Refusal("D_INTERNAL", "oops")),)),
)


def test_a_tool_is_as_good_as_its_worst_part_that_runs() -> None:
    assert [one.status for one in _OUTCOMES] == ["exact", "differs", "partly", "failed"]


def test_every_tool_and_total_is_in_both_files(tmp_path: Path) -> None:
    write_report(_OUTCOMES, tmp_path, "kit", "6.18")
    plain = json.loads((tmp_path / "report.json").read_text())
    text = (tmp_path / "report.md").read_text()
    assert [tool["path"] for tool in plain["tools"]] == ["a.d", "b.d", "w", "c.d"]
    assert plain["totals"] == {"exact": 1, "differs": 1, "idle": 0, "partly": 1, "refused": 0, "failed": 1}
    assert sum(plain["totals"].values()) == len(_OUTCOMES)
    for one in _OUTCOMES:
        assert f"### {one.path}\n" in text
    assert "- the call in line 9: no probe [`D_PDESC_ZERO`]" in text
    assert "| `io` | 2 | 1 | 1 | 0 | 0 | 0 | 0 |" in text
    assert "Also called Bin/a.d." in text
    assert "partly: 1 of 2; some of its programs are translated" in text


def test_a_tool_all_of_whose_parts_are_refused_is_refused() -> None:
    parts = (Part("refused", refusal=_NO_PROBE, line=3), Part("refused", refusal=_NO_PROBE, line=9))
    assert Outcome("w", "wrapper", "sh", parts).status == "refused"


def test_what_two_probes_have_to_say_alike_is_said_once(tmp_path: Path) -> None:
    done = Difference("io:::done", "block", "close", "it | differs")
    write_report((Outcome("a.d", "d", "", (Part("differs", ("io",), 1, (_BLOCK, done)),)),), tmp_path, "kit", "6.18")
    assert "- `io:::start`, `io:::done` are block: close. it | differs\n" in (tmp_path / "report.md").read_text()


@pytest.mark.parametrize("status", STATUSES)
def test_each_state_has_a_meaning_in_the_report(status: str, tmp_path: Path) -> None:
    write_report((), tmp_path, "kit", "6.18")
    assert f"| {status} | 0 |" in (tmp_path / "report.md").read_text()


def test_the_summary_counts_all() -> None:
    assert summary(_OUTCOMES) == "4 tools: 1 translated, 1 with stated differences, 1 translated in part, 1 failed"
