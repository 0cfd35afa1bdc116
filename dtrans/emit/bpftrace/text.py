"""Pieces of bpftrace text: values, literals, comments, lines.

D text never becomes other code: strings are escaped for bpftrace's lexer (`quoted`), comments stay on their line
(`dtrans.emit.text.comment`), names are those of `dtrans.emit.bpftrace.script`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from dtrans.emit.text import is_signed
from dtrans.types import EnumRef, Int, Pointer, Type

#: An atom needs no parentheses as an operand, though it may for "->"; a test is a truth value, which newer versions do
#: not calculate with.
Rank = Literal["atom", "operation", "test"]
_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


@dataclass(frozen=True, slots=True)
class Value:
    """A number as a bpftrace expression of 64 bits. `natural`: it is known to be 0 or more, and of no more than 63
    bits, so that its sign does not matter."""

    text: str
    signed: bool = True
    rank: Rank = "atom"
    natural: bool = False

    @property
    def operand(self) -> str:
        """The text as an operand of an operator."""
        return self.text if self.rank == "atom" else f"({self.text})"

    @property
    def whole(self) -> Value:
        """The value as one to calculate with."""
        return Value(f"{self.operand} ? 1 : 0", rank="operation", natural=True) if self.rank == "test" else self

    @property
    def is_literal(self) -> bool:
        return self.text.isdecimal()

    def under(self, *, signed: bool) -> str:
        """The value as an operand that has this sign to bpftrace, or whose sign does not matter."""
        value = self.whole
        if value.signed == signed or value.natural:
            return value.operand
        return value.cast(signed=signed)

    def cast(self, *, signed: bool) -> str:
        """The value as an operand that has this sign to bpftrace."""
        if self.signed == signed or self.is_literal:
            return self.operand
        text = self.operand
        if self.rank == "atom":  # One cast in place of another.
            text = text.removeprefix("(uint64)" if signed else "(int64)")
        return f"({'int64' if signed else 'uint64'}){text}"

    def exact(self, *, signed: bool) -> str:
        """The value for a variable: bpftrace since 0.21 insists that all that it is assigned have one sign."""
        value = self.whole
        if value.signed == signed and not (value.is_literal and not signed):
            return value.text
        return f"(uint64){value.text}" if value.is_literal and not signed else value.cast(signed=signed)

    def bare(self, *, signed: bool) -> str:
        """The value under a sign, where no operator stands around it."""
        value = self.whole
        return value.text if value.natural or value.signed == signed else value.cast(signed=signed)


def pair(left: Value, right: Value, *, signed: bool) -> tuple[str, str]:
    """Two operands of a sign; those that are natural may have another, but one and the same."""
    one, two = left.whole, right.whole
    if one.natural and two.natural:
        return (
            (one.operand, two.cast(signed=one.signed))
            if two.rank == "atom"
            else (one.cast(signed=two.signed), two.operand)
        )
    if one.is_literal or two.is_literal:
        return one.under(signed=signed), two.under(signed=signed)
    return one.cast(signed=signed), two.cast(signed=signed)


def constant(number: int, *, signed: bool = True) -> Value:
    """An integer."""
    if number < 0 and not signed:
        number &= (1 << 64) - 1
    if number < 0:
        return Value(f"-{-number}")
    if number < 1 << 63:
        return Value(str(number), natural=True)
    if signed:
        return constant(number - (1 << 64))
    return Value(f"(uint64)0x{number:x}", signed=False)


def cast_name(kind: Type) -> str:
    """bpftrace's name for the integer type that holds a D scalar."""
    match kind:
        case Int(_, size, signed) | EnumRef(_, size, signed):
            return f"{'' if signed else 'u'}int{8 * size}"
        case Pointer():
            return "uint64"
    raise AssertionError(f"no scalar: {kind}")


def fitted(value: Value, have: Type, want: Type) -> Value:
    """A value cut to the size of a type, under its sign."""
    signed = is_signed(want)
    size = want.size if isinstance(want, Int | EnumRef) else 8
    narrow = isinstance(have, Int | EnumRef) and (have.size < size or (have.size == size and is_signed(have) == signed))
    if size == 8 or narrow:
        if value.rank == "test" or value.natural or value.signed == signed:
            return value
        return Value(value.cast(signed=signed), signed)
    if value.is_literal and int(value.text) < 1 << (8 * size - 1):
        return value
    name = f"({cast_name(want)})"
    return Value(f"{name}{value.whole.operand.removeprefix(name)}", signed, natural=not signed)


def quoted(text: str) -> str:
    """A D string, a character a byte, as a string literal. What is not plain ASCII is an octal escape of three digits,
    so that no digit that follows belongs to it."""
    return (
        '"' + "".join(_ESCAPES.get(char, char if " " <= char <= "~" else f"\\{ord(char):03o}") for char in text) + '"'
    )


class Lines:
    """Statements in order, with their indentation."""

    def __init__(self, depth: int = 1) -> None:
        self.lines: list[str] = []
        self.depth = depth

    def add(self, line: str) -> None:
        self.lines.append("\t" * self.depth + line if line else "")

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """``head {`` ... ``}``."""
        self.add(f"{head} {{")
        self.depth += 1
        yield
        self.depth -= 1
        self.add("}")
