"""Format strings against what they print: ``printf``, ``system``, ``freopen`` and ``printa``.

    printf("%s %d", execname, pid)    conversion #1 takes a string: execname; #2 an integer: pid
    printa("%s %@d", @calls)          conversion #1 takes the first key, #2 the value of the aggregation

Source: libdtrace dt_printf.c (dt_printf_validate).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from dtrans.check.conversions import dynamic, is_integer
from dtrans.errors import DtransError, fail
from dtrans.formats import Conversion, ValueClass, accepts, fits, parse_format
from dtrans.source import Span
from dtrans.types import INT64, UINT64, Addresses, Array, Float, Int, Pointer, StringType, StructRef, Type
from dtrans.values import dataclass


@dataclass(frozen=True, slots=True)
class Value:
    """Something to print: its type, how messages call it (``argument #2``), and its place, where it has one."""

    type: Type
    called: str
    span: Span


@dataclass(frozen=True, slots=True)
class Formatted:
    """A call with a format. `size_of` gives the bytes of a type; `target` says that there is a process of -c or -p."""

    function: str
    format: str
    format_span: Span
    span: Span
    size_of: Callable[[Type], int]
    target: bool

    def takes(self) -> Iterator[Conversion | None]:
        """What each argument is for: a conversion, or None for a ``*``."""
        for piece in self._conversions():
            yield from (None,) * len(piece.dynamic)
            yield piece

    def check_values(self, values: Sequence[Value]) -> None:
        """``printf()`` and its kin: exactly one value for each conversion and each ``*``.

        Raises D_PRINTF_FMT_EMPTY, D_PRINTF_DYN_PROTO, D_PRINTF_DYN_TYPE, D_PRINTF_AGG_CONV, D_PRINTF_ARG_PROTO,
        D_PRINTF_ARG_TYPE, D_PRINTF_ARG_EXTRA.
        """
        rest = iter(values)
        for piece in self._conversions():
            self._check_dynamic(piece, rest)
            if piece.is_aggregation:
                raise fail(
                    "D_PRINTF_AGG_CONV",
                    f"%@ requires an aggregation and is not for use with {self.function}( )",
                    self.span,
                )
            self._check_value(piece, self._next(piece, rest))
        left = tuple(rest)
        if left:
            raise fail(
                "D_PRINTF_ARG_EXTRA",
                f"{self.function}( ) prototype mismatch: only {len(values) - len(left)} arguments required by this "
                "format string",
                left[0].span,
            )

    def check_keys(self, keys: Sequence[Value], *, unsigned: bool) -> None:
        """``printa()``: conversions take the keys in turn, those with ``@`` a 64-bit value; keys may be left over."""
        rest = iter(keys)
        for piece in self._conversions():
            self._check_dynamic(piece, rest)
            if piece.is_aggregation:
                value = Value(UINT64 if unsigned else INT64, "aggregating action", self.format_span)
            else:
                value = self._next(piece, rest)
            self._check_value(piece, value)

    def _conversions(self) -> Iterator[Conversion]:
        return (piece for piece in parse_format(self.format, self.format_span) if isinstance(piece, Conversion))

    def _next(self, piece: Conversion, rest: Iterator[Value]) -> Value:
        for value in rest:
            return value
        raise fail(
            "D_PRINTF_ARG_PROTO",
            f"{self.function}( ) prototype mismatch: conversion #{piece.number} (%{piece.name}) is missing a "
            "corresponding value argument",
            self.span,
        )

    def _check_dynamic(self, piece: Conversion, rest: Iterator[Value]) -> None:
        for star in piece.dynamic:
            value = next(rest, None)
            if value is None:
                raise fail(
                    "D_PRINTF_DYN_PROTO",
                    f"{self.function}( ) prototype mismatch: conversion #{piece.number} (%{piece.name}) is missing a "
                    f'corresponding "{star}" argument',
                    self.span,
                )
            if not is_integer(value.type):
                raise self._incompatible("D_PRINTF_DYN_TYPE", f"{star} of {piece.name}", piece.number, "an int", value)

    def _check_value(self, piece: Conversion, value: Value) -> None:
        kind = value_class(value.type)
        number = is_integer(value.type)
        fitting = accepts(piece, kind) and not (number and not fits(piece, self.size_of(value.type)))
        # A bare user address names no process: it is taken for the target's (pfcheck_uaddr).
        if piece.char == "A" and kind != "usym" and not self.target:
            fitting = False
        if fitting and dynamic(value.type) == "inline":
            raise fail("D_CG_DYN", "what a translator makes is no number: name one of its members", value.span)
        if not fitting or dynamic(value.type):
            raise self._incompatible("D_PRINTF_ARG_TYPE", f"%{piece.name}", piece.number, piece.prototype, value)

    def _incompatible(self, tag: str, shown: str, number: int, prototype: str, value: Value) -> DtransError:
        return fail(
            tag,
            f"{self.function}( ) {value.called} is incompatible with conversion #{number} ({shown}): it takes "
            f"{prototype}, not '{value.type}'",
            value.span,
        )


def value_class(kind: Type) -> ValueClass:
    """The class of a value, as `dtrans.formats` names it."""
    match kind:
        case StringType():
            return "str"
        case Array(Int(_, 4), _):
            return "wchars"
        case Addresses("stack" | "ustack" | "jstack", _):
            return "stack"
        case Addresses("sym" | "func" | "mod", _):
            return "sym"
        case Addresses():
            return "usym"
        case Pointer():
            return "pointer"
        case Float():
            return "float"
        case StructRef() | Array():
            return "structure"
        case _:
            return "int"
