"""What dtrace tells on stderr once a program is in place: ``script 'x.d' matched 2 probes``."""

from __future__ import annotations

from collections.abc import Sequence

from dtrans.artifact import Artifact
from dtrans.options import Options

#: So many functions are told by name.
_NAMED = 8


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


def untraceable_message(names: Sequence[str]) -> str:
    """What is told of functions that the kernel refused to trace with others; each once, however often it is meant."""
    names = sorted(set(names))
    shown, more = names[:_NAMED], len(names) - _NAMED
    listed = ", ".join(shown) + (f" and {more} more" if more > 0 else "")
    return (
        f"the kernel refuses to trace {len(names)} function{'s' * (len(names) != 1)} of those that are meant: {listed}"
    )


def _probes(count: int) -> str:
    return f"{count} probe{'s' * (count != 1)}"
