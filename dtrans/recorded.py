"""Kernel facts kept as JSON: recorded from a running kernel, read back where there is none.

    facts = Recorder(HostFacts()); compile(program, facts); text = facts.to_json()
    compile(program, RecordedFacts(text))                             the same artifact, on any machine

A recording holds the questions that were asked and their answers, one a line.
"""

from __future__ import annotations

import json
from typing import Any

from dtrans.errors import fail
from dtrans.facts import KernelFacts, Param, TracepointField
from dtrans.plain import from_plain, to_plain
from dtrans.types import (
    Addresses,
    Array,
    EnumRef,
    Float,
    Function,
    Int,
    Pointer,
    StringType,
    Struct,
    StructMember,
    StructRef,
    Type,
    Void,
)

_VALUES: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        Addresses, Array, EnumRef, Float, Function, Int, Param, Pointer, StringType, Struct, StructMember, StructRef,
        TracepointField, Void,
    )
}  # fmt: skip
_Question = tuple[str, ...]


class _Asked:
    """`KernelFacts` by one method that gets every question: the method's name, then its arguments."""

    release: str
    machine: str

    def _answer(self, *question: str) -> Any:
        raise KeyError(question)

    def tracepoints(self) -> tuple[str, ...]:
        return self._answer("tracepoints")  # type: ignore[no-any-return]

    def tracepoint(self, group: str, event: str) -> tuple[TracepointField, ...] | None:
        return self._answer("tracepoint", group, event)  # type: ignore[no-any-return]

    def raw_tracepoints(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return self._answer("raw_tracepoints")  # type: ignore[no-any-return]

    def raw_tracepoint(self, event: str) -> tuple[Param, ...] | None:
        return self._answer("raw_tracepoint", event)  # type: ignore[no-any-return]

    def struct(self, kind: str, tag: str) -> Struct | None:
        return self._answer("struct", kind, tag)  # type: ignore[no-any-return]

    def written(self, kind: str, tag: str) -> tuple[str, ...] | None:
        return self._answer("written", kind, tag)  # type: ignore[no-any-return]

    def typedef(self, name: str) -> Type | None:
        return self._answer("typedef", name)  # type: ignore[no-any-return]

    def enumerators(self, tag: str) -> tuple[tuple[str, int], ...] | None:
        return self._answer("enumerators", tag)  # type: ignore[no-any-return]

    def enumerator(self, name: str) -> int | None:
        return self._answer("enumerator", name)  # type: ignore[no-any-return]

    def function(self, name: str, module: str = "") -> Function | None:
        question = ("function", name, module) if module else ("function", name)
        return self._answer(*question)  # type: ignore[no-any-return]

    def functions(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return self._answer("functions")  # type: ignore[no-any-return]

    def symbol(self, name: str) -> tuple[int, Type | None] | None:
        return self._answer("symbol", name)  # type: ignore[no-any-return]

    def feature(self, name: str) -> bool:
        return self._answer("feature", name)  # type: ignore[no-any-return]


class RecordedFacts(_Asked):
    """`KernelFacts` read back from the text that `Recorder.to_json` made.

    Methods raise D_FACTS for a question whose answer was not recorded: nothing is made up.
    """

    def __init__(self, text: str) -> None:
        recorded = json.loads(text)
        self.release = recorded["release"]
        self.machine = recorded["machine"]
        self._answers: dict[_Question, Any] = {
            tuple(question): from_plain(answer, _VALUES) for *question, answer in recorded["answers"]
        }

    def _answer(self, *question: str) -> Any:
        if question not in self._answers:
            raise fail(
                "D_FACTS",
                f"the recorded kernel facts do not say: {' '.join(question)}",
                hint="record them anew on the kernel that they were taken from",
            )
        return self._answers[question]


class Recorder(_Asked):
    """Facts that pass questions on to others and keep the answers."""

    def __init__(self, facts: KernelFacts) -> None:
        self._facts = facts
        self.release = facts.release
        self.machine = facts.machine
        self._answers: dict[_Question, Any] = {}

    def _answer(self, *question: str) -> Any:
        if question not in self._answers:
            method, *arguments = question
            self._answers[question] = getattr(self._facts, method)(*arguments)
        return self._answers[question]

    def to_json(self) -> str:
        """All answers so far: one line each, in alphabetical order, so that two recordings can be compared."""
        lines = [json.dumps([*question, to_plain(answer)]) for question, answer in sorted(self._answers.items())]
        head = f'{{"release": {json.dumps(self.release)}, "machine": {json.dumps(self.machine)}, "answers": ['
        return head + "\n" + ",\n".join(lines) + "\n]}\n"
