"""What D refuses: one file for each case, the expected tag on the line that is at fault.

    trace("a" + 1); /* error: D_OP_ARITH */

``/* args: a b */`` gives $1 and on.
The kernel's answers come from tests/facts: ``python -m tests.check.test_refusals`` rewrites them, on a kernel with BTF.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from dtrans.facts import KernelFacts
from dtrans.recorded import RecordedFacts, Recorder
from tests.conftest import ROOT
from tests.programs import arguments, host, pipeline, refused

CASES = sorted((ROOT / "tests" / "cases").glob("err.*.d"))
FACTS = ROOT / "tests" / "facts" / "refusals.json"

_HERE = re.compile(r"/\* error: (D_\w+) \*/")
_RAISED = re.compile(r'\bfail\(\s*"(D_\w+)"')

#: Raised for a mistake in a row of `translators/`: tests/knowledge has them.
_OF_ROWS = {"D_KNOWLEDGE", "D_XLATE_RECURSION"}
#: What a kernel lacks that the cases' facts are not of: tests/plan has it.
_OF_KERNELS = {"D_KERNEL"}


@cache
def facts() -> RecordedFacts:
    return RecordedFacts(FACTS.read_text())


def expected(text: str) -> tuple[str, int]:
    """The tag, and the line it must stand on."""
    found = _HERE.search(text)
    assert found is not None, "the case names no error"
    return found[1], text.count("\n", 0, found.start()) + 1


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem.removeprefix("err."))
def test_a_wrong_program_is_refused_where_it_is_wrong(case: Path) -> None:
    text = case.read_text()
    tag, line = expected(text)
    assert case.name.split(".")[1] == tag
    found = refused(text, arguments(text), facts())
    assert found.tag == tag, found.render()
    assert found.span is not None, found.render()
    assert found.span.location[1] == line, found.render()


def test_every_tag_of_the_checker_and_the_planner_has_a_case() -> None:
    raised = {
        tag
        for stage in ("check", "plan")
        for path in (ROOT / "dtrans" / stage).glob("*.py")
        for tag in _RAISED.findall(path.read_text())
    }
    assert raised - _OF_ROWS - _OF_KERNELS - {case.name.split(".")[1] for case in CASES} == set()


def record(kernel: KernelFacts) -> str:
    """The answers that the cases ask for."""
    recorder = Recorder(kernel)
    for case in CASES:
        text = case.read_text()
        refused(text, arguments(text), recorder)
    for case in sorted((ROOT / "tests" / "cases").glob("run.*.d")):
        text = case.read_text()
        _ = pipeline(text, arguments(text), facts=recorder).artifact
    return recorder.to_json()


if __name__ == "__main__":
    FACTS.write_text(record(host()))
