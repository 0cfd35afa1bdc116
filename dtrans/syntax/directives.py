"""Control lines: those that begin with ``#``.

    #pragma D option quiet   ->  Pragma("option", ("quiet",))
    # 12 "tool.d" 2          ->  Marker(12, "tool.d"): the next line is line 12 of that file

What is known, refused and ignored follows libdtrace dt_pragma.c: ``#line``, ``#error`` and ``#ident`` stand alone or
after ``#pragma``; ``attributes``, ``binding``, ``depends_on`` and ``option`` only after ``#pragma D``, with the words
they need; any other plain ``#pragma`` is ignored, any other control line is an error.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from dtrans.syntax.constants import BadConstantError, unescape

_WORD = re.compile(r'/\*.*?(?:\*/|$)|//.*|"((?:[^"\\]|\\.)*)"|((?:(?!/\*)[^\f\t\v "])+)|(")')
_QUOTED, _PLAIN, _STRAY = 1, 2, 3
_OF_D = {
    "attributes": "<attributes> <ident>",
    "binding": '"version" <ident>',
    "depends_on": "<class> <name>",
    "option": "<option>=<val>",
}


class Marker(NamedTuple):
    """The next line is `line` of `file`; None for the same file as before."""

    line: int
    file: str | None


class Directive(NamedTuple):
    """A pragma that D acts on."""

    kind: str
    words: tuple[str, ...]


def directive(line: str) -> Marker | Directive | None:
    """What a control line says; `line` is the text after its ``#``. None when it says nothing to D.
    Raises `BadConstantError` with D_PRAGCTL_INVAL, D_PRAGMA_INVAL, D_PRAGMA_MALFORM or D_STR_NL."""
    words: list[str] = []
    quoted: list[bool] = []
    for match in _WORD.finditer(line):
        if match.lastindex == _STRAY:
            raise BadConstantError("D_STR_NL", "newline encountered in string literal")
        if match.lastindex is not None:  # else it is a comment
            words.append(match[_PLAIN] or unescape(match[_QUOTED]))
            quoted.append(match.lastindex == _QUOTED)
    if not words:
        return None
    if words[0].isdecimal():
        return _marker(words)
    plain_pragma = words[0] == "pragma"
    of_d = plain_pragma and words[1:2] == ["D"]
    first = 2 if of_d else int(plain_pragma)
    kind, *rest = words[first:] or [""]
    if kind == "line":
        return _marker(rest)
    if kind == "ident" or not kind:
        return None
    if kind == "error" or (of_d and kind in _OF_D):
        if kind in _OF_D and not _well_formed(kind, quoted[first + 1 :]):
            raise BadConstantError("D_PRAGMA_MALFORM", f"malformed #pragma {kind} {_OF_D[kind]}")
        return Directive(kind, tuple(rest))
    if of_d:
        raise BadConstantError("D_PRAGMA_INVAL", f"invalid D pragma: {kind}")
    if plain_pragma:
        return None
    raise BadConstantError("D_PRAGCTL_INVAL", f"invalid control directive: #{kind}")


def _well_formed(kind: str, quoted: list[bool]) -> bool:
    match kind:
        case "option":
            return quoted == [False]
        case "binding":
            return quoted[:2] == [True, False]
        case _:
            return quoted[:2] == [False, False]


def _marker(words: list[str]) -> Marker:
    if not words or not words[0].isdecimal() or len(words[0]) > 9 or not all(word.isdecimal() for word in words[2:]):
        raise BadConstantError("D_PRAGMA_MALFORM", 'malformed #line <line> [ ["file"] state ]')
    return Marker(int(words[0]), words[1] if len(words) > 1 else None)
