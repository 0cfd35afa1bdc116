"""D text given on the command line: ``-n``, ``-f``, ``-m``, ``-P`` and ``-i``.

    -P 'io /pid == $target/ { @ = count(); }'    becomes    io::: /pid == $target/ { @ = count(); }

A description given by ``-f``, ``-m`` or ``-P`` ends with that part of a probe's name (dtrace(1M)): the parts after it
are empty. `complete` adds their colons, and the text is then plain D with the same lines.
"""

from __future__ import annotations

from dtrans.invocation.arguments import SpecKind

_COLONS = {"provider": ":::", "module": "::", "function": ":"}
#: What may stand in D text and hide a brace or a slash: strings, characters, comments. D has no // comments.
_OPAQUE = r'(?s)"(?:[^"\\]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|/\*.*?\*/'


def complete(kind: SpecKind, text: str) -> str:
    """The text with the descriptions of every clause made complete."""
    colons = _COLONS.get(kind, "")
    if not colons:
        return text
    made = []
    at = 0
    while at < len(text):
        end = _head_end(text, at)
        made.append(_with_colons(text[at:end], colons))
        at = _clause_end(text, end)
        made.append(text[end:at])
    return "".join(made)


def shown_name(text: str) -> str:
    """The name by which messages call the text: all before the first predicate or action, blanks kept."""
    return text[: _head_end(text, 0)]


def _with_colons(head: str, colons: str) -> str:
    """`` io, proc `` with ``:::``: `` io:::, proc::: ``. A head of blanks only is no head."""
    import re

    if not head.strip():
        return head
    return ",".join(re.sub(r"(\S)(\s*)$", rf"\1{colons}\2", part) if part.strip() else part for part in head.split(","))


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
