"""What the loads of `tests/loads.py` do, by the names that they have there. Arguments are the words of a command."""

from __future__ import annotations

from collections.abc import Callable

from tests.kinds import calls, files, locks, memory, processes, scheduling


def _several(*steps: str) -> None:
    """Other loads, one after the other: each a text of words."""
    for step in steps:
        kind, *arguments = step.split()
        KINDS[kind](*arguments)


KINDS: dict[str, Callable[..., None]] = {
    "several": _several,
    **calls.KINDS,
    **files.KINDS,
    **locks.KINDS,
    **memory.KINDS,
    **processes.KINDS,
    **scheduling.KINDS,
}
