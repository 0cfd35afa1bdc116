"""What dtrace tells on stderr once a program is in place: ``script 'x.d' matched 2 probes``."""

from __future__ import annotations

from collections.abc import Sequence

from dtrans.artifact import Artifact
from dtrans.options import Options


def start_messages(artifact: Artifact, titles: Sequence[str], counts: Sequence[int]) -> list[str]:
    """The messages before tracing, without "dtrace: "; a quiet program has its warnings only.

    `titles` are what messages call its D texts (``script 'x.d'``), `counts` the probes that each of them matched.
    """
    warnings = [f"warning: {text}" for text in artifact.warnings]
    if artifact.options.get("quiet") == "1":
        return warnings
    if len(counts) != len(titles):
        titles, counts = (", ".join(titles),), (sum(counts) or artifact.matched,)
    messages = [f"{title} matched {_probes(count)}" for title, count in zip(titles, counts, strict=True)]
    messages += ["allowing destructive actions"] * (artifact.options.get("destructive") == "1")
    options = Options(artifact.options)
    lowered = {} if options.flag("quietresize") else options.lowered()
    return warnings + messages + [f"{name} lowered to {size >> 30}g" for name, size in lowered.items()]


def _probes(count: int) -> str:
    return f"{count} probe{'s' * (count != 1)}"
