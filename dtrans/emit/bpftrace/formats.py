"""printf(): D's formats and values as bpftrace's.

Before: ``printf("%-8d %Y %s", pid, walltimestamp, execname)``
After: ``printf("%-8lld %s %s", pid, strftime("%Y %b %e %H:%M:%S", nsecs), comm)``
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dtrans.check.tree import Call, Cast, Expr, Load, Text
from dtrans.emit.bpftrace.memory import pointer_text
from dtrans.emit.bpftrace.text import Value, cast_name, quoted
from dtrans.emit.bpftrace.writer import Writer
from dtrans.emit.text import is_signed
from dtrans.formats import Conversion, parse_format
from dtrans.plan.leaves import Intrinsic, Linux
from dtrans.types import Addresses, Array, EnumRef, Int, StringType, StructRef

#: So many columns can be indented: a string's bytes, less its NUL.
_MOST_SPACES = 64
_TIME = '"%Y %b %e %H:%M:%S"'
_INTEGERS = {"d": "d", "i": "d", "u": "u", "o": "o", "x": "x", "X": "X", "p": "x"}
#: How trace() pads a number by its size, and a string, where the output is not quiet.
_NUMBER_WIDTHS = {1: 3, 2: 5, 4: 8, 8: 16}
_TEXT_WIDTH = -33
#: How many values one printf() of bpftrace takes.
_MOST_VALUES = 32


@dataclass
class Printed:
    """A format and its values, in bpftrace's words; the format is D text, a character a byte."""

    text: str = ""
    values: tuple[str, ...] = ()

    def __add__(self, other: Printed) -> Printed:
        return Printed(self.text + other.text, self.values + other.values)

    @property
    def call(self) -> str:
        return f"printf({', '.join((quoted(self.text), *self.values))})"


def plain(text: str) -> Printed:
    """Text as it stands: 0.17 prints ``%%`` as it is."""
    return Printed(text.replace("%", "%c"), ("37",) * text.count("%"))


def formatted(writer: Writer, text: str, args: Sequence[Expr[Linux]]) -> Printed:
    """The values of a D format."""
    made, rest = Printed(), iter(args)
    for piece in parse_format(text):
        if isinstance(piece, str):
            made += plain(piece)
        else:
            made += _converted(writer, piece, rest)
    if len(made.values) > _MOST_VALUES:
        raise writer.refuse(
            f"a printf() of {len(made.values)} values", f"it takes {_MOST_VALUES} at most", word="printf"
        )
    return made


def _converted(writer: Writer, conversion: Conversion, args: Iterator[Expr[Linux]]) -> Printed:
    if conversion.dynamic:
        return _indented(writer, conversion, args)
    expr = next(args)
    width = _width(writer, conversion)
    name = conversion.char
    match name:
        case "d" | "i" | "u" | "o" | "x" | "X" | "p":
            if isinstance(expr.type, StringType | Addresses):
                break_ = writer.refuse(f"%{name} of such a value", "its formats take numbers there", word="printf")
                raise break_
            value = _sized(writer.number(expr).whole, expr, signed=name in "di")
            return Printed(f"%{width}ll{_INTEGERS[name]}", (value,))
        case "c" | "C":
            return Printed(f"%{width}c", (writer.number(expr).whole.text,))
        case "Y" | "y":
            return Printed(f"%{width}s", (_time(writer, expr),))
        case "s" | "S":
            return _text(writer, expr, conversion, width)
        case "a" | "A" | "k":
            return Printed(f"%{width}s", (addresses(writer, expr, user=name == "A"),))
    raise writer.refuse(f"%{conversion.name}", "its printf() has no such conversion", word="printf")


def _indented(writer: Writer, conversion: Conversion, args: Iterator[Expr[Linux]]) -> Printed:
    """``%*s`` of an empty string, which indents: so many spaces from a table, and no more than it has."""
    columns = writer.number(next(args)).whole
    expr = next(args)
    if conversion.dynamic != ("*",) or conversion.name != "s" or not isinstance(expr, Text) or expr.value:
        raise writer.refuse("'*' in a format", "its widths are constants", word="printf")
    table = writer.script.tables.setdefault("spaces", {number: quoted(" " * number) for number in range(_MOST_SPACES)})
    if columns.is_literal:
        return plain(" " * int(columns.text))
    columns = writer.temporary(columns)
    most = len(table) - 1
    index = f"{columns.cast(signed=True)} > {most} ? {most} : {columns.cast(signed=True)}"
    return Printed("%s", (f"{writer.script.map_name('spaces')}[{index}]",))


def _width(writer: Writer, conversion: Conversion) -> str:
    dropped = "".join(flag for flag in conversion.flags if flag not in "-0")
    if dropped:
        writer.note(f"The flag '{dropped}' is left out: printf() of bpftrace has - and 0.")
    flags = "".join(flag for flag in conversion.flags if flag in "-0")
    width = "" if conversion.width is None else str(conversion.width)
    precision = "" if conversion.precision is None else f".{conversion.precision}"
    return flags + width + precision


def _sized(value: Value, expr: Expr[Linux], *, signed: bool) -> str:
    """A number of fewer bits than 64 is printed by its size, as C's printf takes it, under the conversion's sign."""
    kind = expr.type
    size = kind.size if isinstance(kind, Int | EnumRef) else 8
    if size < 8 and not value.is_literal and is_signed(kind) != signed and not value.natural:
        return f"({'' if signed else 'u'}int{8 * size}){value.operand}"
    if size < 8 and signed and not is_signed(kind) and not value.is_literal and size == 4 and not _is_small(value):
        return f"({cast_name(Int('', size, True))}){value.operand}"
    return value.text


def _is_small(value: Value) -> bool:
    return value.text in ("pid", "tid", "cpu", "uid", "gid")


def _time(writer: Writer, expr: Expr[Linux]) -> str:
    while isinstance(expr, Cast):
        expr = expr.operand
    if isinstance(expr, Intrinsic) and expr.name == "__wall":
        return f"strftime({_TIME}, nsecs)"
    raise writer.refuse("%Y of anything but walltimestamp", "it formats the time of its own clock", word="printf")


def _text(writer: Writer, expr: Expr[Linux], conversion: Conversion, width: str) -> Printed:
    if isinstance(expr.type, Addresses):
        return Printed(f"%{width}s", (addresses(writer, expr, user=False),))
    if isinstance(expr, Load) and isinstance(expr.type, Array):
        return Printed(f"%{width}s", (f"str({pointer_text(writer, expr.address, expr.space)})",))
    if isinstance(expr, Call) and expr.name == "strjoin" and not width:
        return _text(writer, expr.args[0], conversion, width) + _text(writer, expr.args[1], conversion, width)
    if isinstance(expr, Call) and expr.name == "lltostr" and len(expr.args) == 1:
        return Printed(f"%{width}lld", (writer.number(expr.args[0]).whole.text,))
    if isinstance(expr, Text) and not width:
        return plain(expr.value)
    return Printed(f"%{width}s", (writer.string(expr),))


def addresses(writer: Writer, expr: Expr[Linux], *, user: bool) -> str:
    """A stack, or the name of an address."""
    match expr:
        case Call("stack", _, kind) if isinstance(kind, Addresses):
            return f"kstack({kind.frames})"
        case Call("ustack" | "jstack", _, kind) if isinstance(kind, Addresses):
            return f"ustack({kind.frames})"
        case Call("sym" | "func", args):
            return f"ksym({writer.number(args[0]).text})"
        case Call("usym" | "ufunc" | "uaddr", args):
            return f"usym({writer.number(args[0]).text})"
        case Call(name, _, kind, span) if isinstance(kind, Addresses):
            raise writer.refuse(f"{name}()", "it names functions, not the modules that they are in", span)
    if isinstance(expr.type, Addresses):
        raise writer.refuse("a stack in a variable", "dtrans stores stacks only itself")
    return f"{'usym' if user else 'ksym'}({writer.number(expr).text})"


# --- without a format -------------------------------------------------------------------------------------


def traced(writer: Writer, expr: Expr[Linux]) -> Printed:
    """trace(): a value in its own form, padded unless the output is quiet."""
    quiet = writer.script.quiet
    if isinstance(expr.type, Addresses):
        return Printed("%s\n", (addresses(writer, expr, user=False),))
    if isinstance(expr.type, StructRef | Array):
        raise writer.refuse("trace() of a structure or array", "it prints numbers and strings", word="trace")
    if isinstance(expr.type, StringType):
        return Printed("%s" if quiet else f"  %{_TEXT_WIDTH}s", (writer.string(expr),))
    size = expr.type.size if isinstance(expr.type, Int | EnumRef) else 8
    value = writer.number(expr).whole
    if size <= 2:
        text = _sized(value, expr, signed=False)
        return Printed("%llu" if quiet else f" %{_NUMBER_WIDTHS[size]}llu", (text,))
    return Printed("%lld" if quiet else f" %{_NUMBER_WIDTHS[size]}lld", (_sized(value, expr, signed=True),))


def dumped(writer: Writer, args: Sequence[Expr[Linux]]) -> Printed:
    """tracemem(): the bytes."""
    writer.note("The bytes as bpftrace prints them: text, and \\x for the rest.")
    length = args[1] if len(args) < 3 else args[2]
    space = "user" if isinstance(args[0], Call) and args[0].name == "copyin" else "kernel"
    address = args[0].args[0] if isinstance(args[0], Call) and args[0].name == "copyin" else args[0]
    pointer = pointer_text(writer, address, "user" if space == "user" else "kernel")
    return Printed("%r\n", (f"buf({pointer}, {writer.number(length).whole.text})",))
