"""Kernel facts that were recorded are the facts."""

from __future__ import annotations

import pytest

from dtrans.errors import DtransError
from dtrans.recorded import RecordedFacts, Recorder
from tests.run.kernel.test_layouts import Facts


def _ask(facts: Facts | Recorder | RecordedFacts) -> list[object]:
    return [
        facts.release,
        facts.machine,
        facts.tracepoints(),
        facts.tracepoint("group", "event"),
        facts.tracepoint("group", "absent"),
        facts.struct("struct", "outer"),
        facts.struct("union", "#7"),
        facts.typedef("outer_t"),
        facts.symbol("variable"),
        facts.functions(),
        facts.feature("kprobe"),
        facts.enumerator("NONE"),
    ]


def test_what_was_recorded_is_read_back() -> None:
    recorder = Recorder(Facts())
    told = _ask(recorder)
    assert told == _ask(Facts())
    assert _ask(RecordedFacts(recorder.to_json())) == told


def test_a_recording_of_a_recording_is_the_same_text() -> None:
    first = Recorder(Facts())
    _ask(first)
    second = Recorder(RecordedFacts(first.to_json()))
    list(reversed(_ask(second)))
    assert second.to_json() == first.to_json()


def test_a_question_that_was_not_recorded_is_an_error() -> None:
    with pytest.raises(DtransError, match="the recorded kernel facts do not say: typedef pid_t"):
        RecordedFacts(Recorder(Facts()).to_json()).typedef("pid_t")
