"""Texts in JSON, and what ``json()`` finds in them.

Before: ``{"a": [1, {"b": "x"}]}`` and ``a[1].b``  After: ``x``
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

KEYS = ("a", "b", "key", "x1")


@dataclass(frozen=True)
class Document:
    """A value by its text, with what it holds by path: ``.key`` or ``[0]``."""

    text: str
    parts: tuple[tuple[str, Document], ...] = ()

    @property
    def found(self) -> str:
        """What json() gives for it: a string without its quotes, anything else as it is written."""
        return self.text[1:-1] if self.text.startswith('"') else self.text

    def paths(self) -> list[tuple[str, Document]]:
        """All that it holds."""
        return [(path + more, inner) for path, part in self.parts for more, inner in (("", part), *part.paths())]


@st.composite
def documents(draw: st.DrawFn, depth: int) -> Document:
    kind = draw(st.sampled_from(("object", "array", "number", "string", "word") if depth else ("number", "string")))
    match kind:
        case "number":
            return Document(draw(st.sampled_from(("0", "17", "-4", "2.5", "1e3"))))
        case "string":
            return Document(f'"{draw(st.text("abc {},:[]", max_size=6))}"')
        case "word":
            return Document(draw(st.sampled_from(("true", "false", "null"))))
        case "object":
            return draw(_objects(depth))
    values = draw(st.lists(documents(depth - 1), max_size=3))
    text = draw(_commas()).join(value.text for value in values)
    return Document(f"[{text}]", tuple((f"[{index}]", value) for index, value in enumerate(values)))


@st.composite
def _objects(draw: st.DrawFn, depth: int) -> Document:
    keys = draw(st.lists(st.sampled_from(KEYS), max_size=3, unique=True))
    values = [draw(documents(depth - 1)) for _ in keys]
    colon = draw(st.sampled_from((":", ": ", " : ")))
    text = draw(_commas()).join(f'"{key}"{colon}{value.text}' for key, value in zip(keys, values, strict=True))
    return Document(f"{{{text}}}", tuple((f".{key}", value) for key, value in zip(keys, values, strict=True)))


def _commas() -> st.SearchStrategy[str]:
    return st.sampled_from((",", ", ", " , "))


@st.composite
def found(draw: st.DrawFn) -> tuple[str, str, str | None]:
    """A document's text, a path, and what json() gives: None where there is nothing."""
    document = draw(_objects(3))
    # Of an array, a.nosuch is the first element: the original takes what is no number for 0 (dtrace.c, dtrace_json).
    absent = [("nosuch", None), ("a[9]", None), ("nosuch.a", None)]
    held = [(path.lstrip("."), part.found) for path, part in document.paths()]
    path, value = draw(st.sampled_from([*held, *held, *absent]))
    return document.text, path, value
