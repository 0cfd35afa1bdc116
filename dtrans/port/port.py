"""Ports a collection: finds its tools, translates several at a time, and reports what became of each.

    OUT/Disk/bitesize.py    a stand-alone program for Disk/bitesize.d
    OUT/iosnoop             a copy of a shell wrapper, which calls the drop-in
    OUT/report.md, OUT/report.json

A tool that cannot be translated stops no other; a fault of dtrans with one is reported as such.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from pathlib import Path

from dtrans.errors import fail
from dtrans.port.collect import Collection, Script, collect
from dtrans.port.outcome import Outcome
from dtrans.port.report import write_report
from dtrans.port.translate import Translator, crashed
from dtrans.port.workers import Lost, Workers
from dtrans.values import dataclass, replace

#: Seconds that one tool may take. The longest known takes a few.
LIMIT = 120.0


@dataclass(frozen=True, slots=True)
class _Make:
    """What a worker process needs to translate the tools of one collection."""

    root: Path
    out: Path

    def __call__(self) -> Callable[[Script], Outcome]:
        from dtrans.knowledge.load import load
        from dtrans.run.kernel.host import HostFacts

        translator = Translator(HostFacts(), load())
        return lambda script: translator.translate(script, self.root, self.out)


def port(root: Path, out: Path, jobs: int, told: Callable[[Outcome, int, int], None]) -> tuple[Outcome, ...]:
    """Ports the tools below `root` (or the one tool that it is) to `out`: their outcomes, in the order of their paths.

    `told` is called with each outcome as it comes, how many there are so far, and of how many. Raises DtransError
    D_FILE when the folders cannot be read or written.
    """
    try:
        collection = collect(root)
        out.mkdir(parents=True, exist_ok=True)
        base = root if root.is_dir() else root.parent
        outcomes = _translated(collection, base, out, jobs, told)
        write_report(outcomes, out, base.resolve().name, platform.release())
    except OSError as error:
        raise fail("D_FILE", f"cannot port {root} to {out}: {error.strerror} ({error.filename})") from None
    return outcomes


def _translated(
    collection: Collection, root: Path, out: Path, jobs: int, told: Callable[[Outcome, int, int], None]
) -> tuple[Outcome, ...]:
    scripts = collection.scripts
    made: dict[int, Outcome] = {}
    for index, result in Workers(_Make(root, out), jobs, LIMIT).run(scripts):
        outcome = crashed(scripts[index], result.reason) if isinstance(result, Lost) else result
        others = tuple(str(alias) for alias, target in collection.aliases if target == scripts[index].path)
        made[index] = replace(outcome, aliases=others)
        told(made[index], len(made), len(scripts))
    return tuple(made[index] for index in sorted(made))
