"""Pieces of C text: lines with their indentation, names, literals. D text never reaches C unescaped: strings become
numbers (`words`), names become identifiers (`identifier`), comments lose what could end them (`comment`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from dtrans.types import EnumRef, Float, Int, Pointer, Type

_STABLE = re.compile(r"\(?-?(0x)?[0-9a-fA-F]+(ULL)?\)?|t\d+|[A-Z][A-Za-z0-9_]*|dt_late\(.*\)")


class Lines:
    """C statements in order."""

    def __init__(self, depth: int = 1) -> None:
        self.lines: list[str] = []
        self.depth = depth

    def add(self, line: str) -> None:
        self.lines.append("\t" * self.depth + line if line else "")

    def label(self, name: str) -> None:
        self.lines.append(f"{name}:;")

    def insert(self, at: int, line: str) -> None:
        self.lines.insert(at, "\t" * self.depth + line)

    @contextmanager
    def block(self, head: str, tail: str = "}") -> Iterator[None]:
        """``head {`` ... ``}``."""
        self.add(f"{head} {{" if head else "{")
        self.depth += 1
        yield
        self.depth -= 1
        self.add(tail)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def c_type(kind: Type) -> str:
    """The C type that holds a D scalar."""
    match kind:
        case Int(_, size, signed):
            return f"{'s' if signed else 'u'}{size * 8}"
        case EnumRef(_, size, signed):
            return f"{'s' if signed else 'u'}{size * 8}"
        case Float(_, size):
            return f"u{size * 8}"  # Its bits: they are only copied.
        case Pointer():
            return "u64"
    raise AssertionError(f"no scalar: {kind}")


def is_signed(kind: Type) -> bool:
    return isinstance(kind, Int | EnumRef) and kind.signed


def field_of(name: str, kind: Type, bits: tuple[int, int] | None) -> str:
    """The value of a bit-field in its unit, or of the unit."""
    if bits is None:
        return name
    offset, width = bits
    shifted = f"((u64){name} << {64 - offset - width})"
    return f"((s64){shifted} >> {64 - width})" if is_signed(kind) else f"({shifted} >> {64 - width})"


def is_stable(value: str) -> bool:
    """Whether a C expression is one that no later statement changes: a constant, a temporary, a layout."""
    return _STABLE.fullmatch(value) is not None


def number(value: int, *, signed: bool = True) -> str:
    """An integer constant of 64 bits."""
    if -(1 << 31) <= value < 1 << 31:
        return str(value) if value >= 0 else f"({value})"
    value &= (1 << 64) - 1
    return f"{'(s64)' if signed else ''}0x{value:x}ULL"


def words(text: str, size: int) -> list[int]:
    """The bytes of a string (one character each), zero-padded to `size`, as little-endian words of eight."""
    data = text.encode("latin-1")[:size].ljust((size + 7) // 8 * 8, b"\0")
    return [int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data), 8)]


def told(text: str) -> str:
    """A string of the syntax tree, a character a byte, as text for the reader, which writes it as UTF-8 again."""
    return text.encode("latin-1").decode("utf-8", "surrogateescape")


def identifier(name: str) -> str:
    """A C identifier for a D name, unique for each name and never a keyword: D names are C identifiers but for case."""
    return "".join(char if char.isascii() and (char.isalnum() or char == "_") else f"_{ord(char):x}_" for char in name)


def comment(text: str) -> list[str]:
    """D text as the lines of a C comment."""
    safe = "".join(
        char if char == "\n" or (char.isascii() and char.isprintable()) else " " for char in text.expandtabs()
    )
    return [line.rstrip() for line in safe.replace("*/", "* /").replace("/*", "/ *").replace("\\\n", "\n").split("\n")]
