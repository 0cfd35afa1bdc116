"""What dtrace tells on stderr once a program is in place: ``script 'x.d' matched 2 probes``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtrans.invocation.request import Given

if TYPE_CHECKING:
    from dtrans.artifact import Artifact


def start_messages(artifact: Artifact, given: tuple[Given, ...]) -> list[str]:
    """The messages before tracing, without "dtrace: "; a quiet program has none."""
    if artifact.options.get("quiet") == "1":
        return []
    destructive = artifact.options.get("destructive") == "1"
    return matched_messages(artifact, given) + ["allowing destructive actions"] * destructive


def matched_messages(artifact: Artifact, given: tuple[Given, ...]) -> list[str]:
    """What dtrace says of each program: ``description 'syscall:::entry' matched 350 probes``."""
    counts = [number for _, number in artifact.descriptions]
    if len(counts) != len(given):
        counts = [artifact.matched] if len(given) == 1 else []
    if not counts:
        titles = ", ".join(program.title for program in given)
        return [f"{titles} matched {_probes(artifact.matched)}"]
    return [f"{program.title} matched {_probes(count)}" for program, count in zip(given, counts, strict=True)]


def _probes(count: int) -> str:
    return f"{count} probe{'s' * (count != 1)}"
