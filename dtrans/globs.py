"""The globs of probe descriptions, as libdtrace reads them.

pattern("*read*")("pread")      True
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache


@lru_cache(maxsize=256)
def pattern(text: str) -> Callable[[str], bool]:
    """A predicate for one part of a description: ``*``, ``?``, ``[a-z]``, ``[!x]`` and ``\\``; empty matches all."""
    if text in ("", "*"):
        return lambda _: True
    if not set(text) & set("*?[\\"):
        return lambda name: name == text
    compiled = re.compile(_glob(text), re.DOTALL)
    return lambda name: compiled.fullmatch(name) is not None


def _glob(text: str) -> str:
    """The regular expression of a glob as libdtrace reads it (gmatch)."""
    out, index = [], 0
    while index < len(text):
        char = text[index]
        index += 1
        if char == "*":
            out.append(".*")
        elif char == "?":
            out.append(".")
        elif char == "\\" and index < len(text):
            out.append(re.escape(text[index]))
            index += 1
        elif char == "[" and (end := text.find("]", index + 1)) > 0:
            body = text[index:end].replace("\\", "\\\\").replace("[", "\\[")
            out.append(f"[^{body[1:]}]" if body[:1] == "!" else f"[{body}]")
            index = end + 1
        else:
            out.append(re.escape(char))
    return "".join(out)


def is_glob(text: str) -> bool:
    """Whether a part of a description can mean more than one name."""
    return not text or bool(set(text) & set("*?[\\"))
