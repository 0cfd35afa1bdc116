"""What differs of a program on Linux, as short as a person wants to read it.

A description such as ``syscall:::entry`` matches hundreds of probes, a third of which have something to say. Those
that the program names are told one by one; of the others it is told how many there are.

Probes that programs define (USDT) are looked for on this machine: a program compiles whether there are any or not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from dtrans.globs import pattern
from dtrans.port.outcome import Difference
from dtrans.values import replace

if TYPE_CHECKING:
    from dtrans.artifact import Artifact, Wanted
    from dtrans.pipeline import Explanation, Pipeline
    from dtrans.syntax.ast import ProbeDescription

#: So many probes of one description that differ are told one by one.
_FEW = 8
_TARGET = "$target"


def differences(pipeline: Pipeline) -> tuple[Difference, ...]:
    """Each probe, member and built-in variable of a program that is not exact, in the program's order."""
    descriptions = [probe for clause in pipeline.typed.clauses for probe in clause.node.probes]
    made: dict[Difference, None] = {}
    matched: dict[str, list[Explanation]] = {}
    for one in pipeline.explanations:
        parts = one.subject.split(":")
        wide = _wide(descriptions, parts) if len(parts) == 4 else None
        if wide is not None:
            matched.setdefault(described(wide), []).append(one)
        elif one.fidelity != "exact":
            made[_told(one)] = None
    for text, found in matched.items():
        different = [one for one in found if one.fidelity != "exact"]
        if len(different) <= _FEW:
            made |= dict.fromkeys(map(_told, different))
        else:
            degrees = Counter(one.fidelity for one in different)
            counts = ", ".join(
                f"{degrees[degree]} {degree}" for degree in ("close", "partial", "none") if degrees[degree]
            )
            told = f"Not all are exact ({counts}): 'dtrans explain' tells how each differs."
            whole = "close" if degrees["close"] == len(different) else "partial"
            made[Difference(text, f"{len(found)} probes", whole, told)] = None
    return tuple(made)


def described(probe: ProbeDescription) -> str:
    """A description as written."""
    return f"{probe.provider}:{probe.module}:{probe.function}:{probe.name}" if probe.id is None else str(probe.id)


class Defined:
    """The probes that programs of this machine define. What was looked for once is remembered."""

    def __init__(self, machine: str) -> None:
        self._machine = machine
        self._known: dict[tuple[str, ...], bool] = {}

    def missing(self, artifact: Artifact) -> Iterator[Difference]:
        """The probes of programs that no program here has, with the reason. Those of ``$target`` may come with it."""
        asked: dict[str, Wanted] = {}
        for want in artifact.wanted:
            if want.reason and (want.provider.endswith((_TARGET, "*"))):
                asked.setdefault(f"{want.provider}:{want.module}:{want.function}:{want.name}", want)
        unknown = {self._key(want): want for want in asked.values() if self._key(want) not in self._known}
        if unknown:
            self._look(artifact, unknown)
        for text, want in asked.items():
            if not self._known[self._key(want)]:
                fidelity = "partial" if want.provider.endswith(_TARGET) else "none"
                yield Difference(text, "", fidelity, f"No program here has it: {want.reason}.")

    def _look(self, artifact: Artifact, unknown: dict[tuple[str, ...], Wanted]) -> None:
        from dtrans.run.processes.userland import Userland

        anywhere = tuple(
            replace(want, provider=f"{_base(want)}*", source=number, group=number)
            for number, want in enumerate(unknown.values())
        )
        userland = Userland(anywhere, artifact.probes, self._machine, None)
        userland.look((None,))
        for number, key in enumerate(unknown):
            self._known[key] = userland.matched(number) > 0

    @staticmethod
    def _key(want: Wanted) -> tuple[str, ...]:
        return _base(want), want.place, want.module, want.function, want.name


def _base(want: Wanted) -> str:
    """A provider's name without the process."""
    return want.provider.removesuffix(_TARGET).rstrip("*")


def _wide(descriptions: Sequence[ProbeDescription], parts: Sequence[str]) -> ProbeDescription | None:
    """The description with a glob that a probe comes from; None where one names its function."""
    found = None
    for one in descriptions:
        given = (one.provider, one.module, one.function, one.name)
        if one.id is None and all(pattern(text)(part) for text, part in zip(given, parts, strict=True)):
            if one.function == parts[2]:
                return None
            found = found or one
    return found


def _told(one: Explanation) -> Difference:
    # Of members and variables, the expression is for those who read `dtrans explain`.
    return Difference(one.subject, one.became if ":" in one.subject else "", one.fidelity, one.differs)
