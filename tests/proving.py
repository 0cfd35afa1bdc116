"""What the live tests prove of `translators/`, kernel by kernel.

A test names the rows that it proves: each fired a known number of times, with known values::

    @pytest.mark.proves("io:::start", "bufinfo_t.b_bcount", "execname")

A run with ``--proofs FILE`` writes what became of each row on this kernel; `tests/proofs/` keeps these files, one for
each kernel of the lab and one for a host without kprobes. ``make docs`` makes a table of them (docs/kernels.md).

A row is a probe (``provider:module::name``), a member (``structure.member``), or a built-in variable. Its state is

* ``fired`` with the right values: a test that proves it passed;
* ``absent``: this kernel does not have what the row needs, and `why` names it;
* ``unproven``: no test proves it; `why` is the cause, from `causes.toml` beside the results.

What no test of a run names stays as it was, but for an ``absent`` that was told of sources that the row had, where it
has another now that the kernel serves.

A row without a Linux source (fidelity ``none``) has no state: it is refused on every kernel. Nor has one whose test has
not run on the kernel yet.
"""

from __future__ import annotations

import fcntl
import json
import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from dtrans.check.universe import Universe
from dtrans.knowledge.load import load
from dtrans.knowledge.rows import Knowledge, Note, ProbeRow
from dtrans.run.kernel.host import HostFacts

FOLDER = Path(__file__).resolve().parent / "proofs"
State = dict[str, str]
#: How the reason begins where it is that something is not there.
_NEEDS = "needs "
#: Reasons of skipped tests that tell of the kernel, not of the machine.
_OF_THE_KERNEL = (
    "this kernel",
    "needs the types of",
    *(f"needs {kind}:" for kind in ("rawtp", "tracepoint", "symbol", "address", "feature", "member", "function")),
)


def probe_name(provider: str, probe: ProbeRow) -> str:
    return f"{provider}:{probe.module}:{probe.function}:{probe.name}"


def rows(knowledge: Knowledge) -> Iterator[tuple[str, Note, ProbeRow | None]]:
    """Every row that can be proven: its name and note, and the probe that it is."""
    for provider in knowledge.providers.values():
        for probe in provider.probes:
            yield probe_name(provider.name, probe), probe.note, probe
    for structure in knowledge.structures.values():
        for member in structure.members.values():
            yield f"{structure.name}.{member.name}", member.note, None
    for builtin in knowledge.builtins.values():
        yield builtin.name, builtin.note, None


@cache
def row_names() -> frozenset[str]:
    return frozenset(name for name, _, _ in rows(load()))


@cache
def causes() -> dict[str, str]:
    """Why a row has no test that makes it fire: the row's name and one sentence."""
    return tomllib.loads((FOLDER / "causes.toml").read_text())


@cache
def _universe() -> Universe:
    return Universe(HostFacts(), load())


@cache
def _probes() -> dict[str, ProbeRow]:
    return {name: probe for name, _, probe in rows(load()) if probe is not None}


@cache
def missing(name: str) -> tuple[str, ...]:
    """What this kernel lacks of a row; () too for a row that is no probe."""
    probe = _probes().get(name)
    return () if probe is None else _universe().missing(probe)


def lacking(item: pytest.Item) -> str:
    """Why none of the rows that a test proves can fire on this kernel; "" when one can."""
    named = [name for mark in item.iter_markers("proves") for name in mark.args]
    needs = [missing(name) for name in named]
    return f"{_NEEDS}{', '.join(needs[0])}" if needs and all(needs) else ""


@dataclass
class Recording:
    """What a run of pytest has seen so far."""

    fired: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)

    def note(self, item: pytest.Item, report: pytest.TestReport) -> None:
        """Takes in the end of one phase of a test."""
        named = [name for mark in item.iter_markers("proves") for name in mark.args]
        match report.outcome:
            case "passed" if report.when == "call":
                test = item.nodeid.partition("[")[0]
                self.fired |= dict.fromkeys(named, test)
            case "skipped":
                reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
                self.skipped |= dict.fromkeys(named, reason.removeprefix("Skipped: "))
            case "failed":
                self.failed |= set(named)

    def states(self, before: dict[str, State]) -> dict[str, State]:
        """The state of each row; one that no test of this run named stays as it was `before`, if it was."""
        found: dict[str, State] = {}
        for name, note, probe in rows(load()):
            if note.fidelity == "none":
                continue
            if lacks := missing(name):
                found[name] = {"state": "absent", "why": f"{_NEEDS}{', '.join(lacks)}"}
            elif name in self.failed:
                found[name] = {"state": "unproven", "why": "its test failed"}
            elif name in self.fired:
                source = None if probe is None else _universe().source(probe)
                served = (source.note if source is not None else None) or note
                found[name] = {"state": "fired", "fidelity": served.fidelity, "test": self.fired[name]}
            elif name in self.skipped:
                state = "absent" if self.skipped[name].startswith(_OF_THE_KERNEL) else "unproven"
                found[name] = {"state": state, "why": self.skipped[name]}
            elif name in causes():
                found[name] = {"state": "unproven", "why": causes()[name]}
            elif name in before and not is_outdated(before[name], probe):
                found[name] = before[name]
        return found


def is_outdated(state: State, probe: ProbeRow | None) -> bool:
    """Whether a state says that the kernel lacks what some source of a probe needs, and so was of a row without the
    source that serves it now: to be asked of a probe of which this kernel has a source."""
    if probe is None or state["state"] != "absent" or not state["why"].startswith(_NEEDS):
        return False
    needs = {need for source in probe.sources for need in (*source.needs, *(point.at for point in source.points))}
    return not needs.isdisjoint(state["why"].removeprefix(_NEEDS).split(", "))


def write(path: Path, recording: Recording) -> None:
    """Brings a results file up to date with a run so far: one row a line, in the order of `translators/`.

    Several workers of one run may do so at a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        text = file.read()
        states = recording.states(json.loads(text)["rows"] if text else {})
        lines = [f"{json.dumps(name)}: {json.dumps(state)}" for name, state in states.items()]
        head = f'{{"kernel": "{".".join(os.uname().release.split(".")[:2])}", "rows": {{\n'
        file.truncate(0)
        file.write(head + ",\n".join(lines) + "\n}}\n")


def read(path: Path) -> dict[str, Any]:
    """A results file: ``kernel``, its version, and ``rows``."""
    found: dict[str, Any] = json.loads(path.read_text())
    return found
