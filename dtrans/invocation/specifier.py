"""D text given on the command line: ``-n``, ``-f``, ``-m``, ``-P`` and ``-i``.

    -P 'io /pid == $target/ { @ = count(); }'    becomes    io::: /pid == $target/ { @ = count(); }

A description given by ``-f``, ``-m`` or ``-P`` ends with that part of a probe's name (dtrace(1M)): the parts after it
are empty. `complete` adds their colons, and the text is then plain D with the same lines.
"""

from __future__ import annotations

from dtrans.errors import fail
from dtrans.invocation.arguments import SpecKind

_COLONS = {"provider": ":::", "module": "::", "function": ":"}
#: What may stand in D text and hide a brace or a slash: strings, characters, comments. D has no // comments.
_OPAQUE = r'(?s)"(?:[^"\\]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|/\*.*?\*/'


def complete(kind: SpecKind, text: str) -> str:
    """The text with the descriptions of every clause made complete. Raises D_PDESC_INVAL for a probe's number."""
    colons = _COLONS.get(kind, "")
    if not colons:
        return text
    made = []
    at = 0
    while at < len(text):
        end = _head_end(text, at)
        made.append(_with_colons(kind, text[at:end], colons))
        at = _clause_end(text, end)
        made.append(text[end:at])
    return "".join(made)


def shown_name(text: str) -> str:
    """The name by which messages call the text: all before the first predicate or action, blanks kept."""
    return text[: _head_end(text, 0)]


def _with_colons(kind: SpecKind, head: str, colons: str) -> str:
    """`` io, proc `` with ``:::``: `` io:::, proc::: ``. A head of blanks only is no head."""
    return ",".join(_completed(kind, part, colons) for part in head.split(","))


def _completed(kind: SpecKind, part: str, colons: str) -> str:
    """One description. A colon before all that it may have is of no account (libdtrace dtrace_xstr2desc)."""
    words = part.strip()
    if not words:
        return part
    if words.isdecimal():
        message = f"invalid probe specifier {words}: probe identifier {words} not permitted when specifying {kind}s"
        raise fail("D_PDESC_INVAL", message, hint="-i takes a probe's number")
    extra = words.startswith(":") and words.count(":") + len(colons) > len(_COLONS["provider"])
    return part.replace(words, words[extra:] + colons)


def _head_end(text: str, at: int) -> int:
    """Where the descriptions that start at an offset end: at a predicate, an action or a semicolon."""
    return min(place if (place := text.find(mark, at)) >= 0 else len(text) for mark in "{/;")


def _clause_end(text: str, at: int) -> int:
    """Where the clause ends whose predicate or action starts at an offset."""
    import re

    depth, opaque_at = 0, re.compile(_OPAQUE).match
    while at < len(text):
        opaque = opaque_at(text, at)
        if opaque:
            at = opaque.end()
            continue
        char = text[at]
        depth += (char == "{") - (char == "}")
        at += 1
        if depth <= 0 and char in "};":
            return at
    return at
