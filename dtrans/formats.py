"""The format strings of ``printf``, ``printa``, ``system`` and ``freopen``, parsed once for both halves of dtrans.

The compiler asks which values a conversion takes; the runner turns the same pieces into text.

    "%-5d %s\\n"  ->  (Conversion("%-5d"), " ", Conversion("%s"), "\\n")

Source of the rules: the Guide, chapter "Output Formatting"; libdtrace dt_printf.c for what the Guide leaves open.
"""

from __future__ import annotations

from collections.abc import Mapping

from dtrans.artifact import FieldKind
from dtrans.errors import DtransError, fail
from dtrans.numerals import numeral
from dtrans.source import Span
from dtrans.typed import Literal
from dtrans.values import dataclass

#: What a conversion can be given. ``chars`` is a char array, ``wchars`` an array of 32-bit characters, ``sym`` a kernel
#: address made by sym(), func() or mod(), ``usym`` a user address made by usym(), ufunc(), umod() or uaddr(),
#: ``structure`` a key that is one, or an array, which no conversion takes.
ValueClass = Literal["int", "pointer", "str", "chars", "wchars", "stack", "sym", "usym", "float", "structure"]

_ANY_INT: frozenset[ValueClass] = frozenset({"int"})
_REAL_NUMBER: frozenset[ValueClass] = frozenset({"float"})
_TEXT: frozenset[ValueClass] = frozenset({"str", "chars"})

#: Every conversion of dtrace by name, with the classes of values that it takes.
CONVERSIONS: Mapping[str, frozenset[ValueClass]] = {
    "%": frozenset(),
    "a": frozenset({"int", "pointer", "sym"}),
    "A": frozenset({"int", "pointer", "usym"}),
    "p": frozenset({"int", "pointer"}),
    "k": frozenset({"stack"}),
    "s": _TEXT,
    "S": _TEXT,
    "I": _TEXT,
    "ws": frozenset({"wchars"}),
    "ls": frozenset({"wchars"}),
    **dict.fromkeys(("c", "C", "wc", "lc", "P", "T", "Y", "y"), _ANY_INT),
    **{size + letter: _ANY_INT for size in ("", "hh", "h", "l", "ll") for letter in "dioux"},
    **{size + "X": _ANY_INT for size in ("", "hh", "h", "l", "ll")},
    **{size + letter: _REAL_NUMBER for size in ("", "L") for letter in "eEfgG"},
}

#: How an error message calls what a conversion takes.
_PROTOTYPES: Mapping[str, str] = {
    "a": "a pointer or an integer",
    "A": "a user address, or with -p or -c a pointer or an integer",
    "p": "a pointer or an integer",
    "k": "a stack",
    **dict.fromkeys(("s", "S", "I"), "a string or a char array"),
    **dict.fromkeys(("ws", "ls"), "an array of wchar_t"),
    **dict.fromkeys(("wc", "lc"), "an int"),
    **dict.fromkeys(("c", "C"), "a char, short or int"),
    "P": "a uint16_t",
    **dict.fromkeys("TYy", "an int64_t"),
    **{size + letter: "a floating-point number" for size in ("", "L") for letter in "eEfgG"},
    **{"hh" + letter: "a char" for letter in "diouxX"},
    **{"h" + letter: "a short" for letter in "diouxX"},
    **{size + letter: "a 64-bit integer" for size in ("l", "ll") for letter in "diouxX"},
}

#: The class of value that a field of a record or key holds. A ``bytes`` field can hold characters of either width.
VALUE_CLASSES: Mapping[FieldKind, ValueClass] = {
    "int": "int",
    "uint": "int",
    "float": "float",
    "str": "str",
    "literal": "str",
    "probeprov": "str",
    "probemod": "str",
    "probefunc": "str",
    "probename": "str",
    "bytes": "chars",
    "stack": "stack",
    "ustack": "stack",
    "sym": "sym",
    "func": "sym",
    "mod": "sym",
    "kaddr": "sym",
    "usym": "usym",
    "ufunc": "usym",
    "umod": "usym",
    "uaddr": "usym",
}

_POINTER_WIDTH = 16
_DIGITS = "0123456789"
_LARGEST_INT = (1 << 31) - 1


@dataclass(frozen=True, slots=True)
class Conversion:
    """One ``%`` conversion.

    `flags` holds those of ``#``, ``0``, ``-``, ``+``, space and ``'`` that are in force, each once; ``%?`` has become a
    width of 16. `size` is ``h``, ``hh``, ``l``, ``ll``, ``L``, ``w`` or "". `index` is the offset of the ``%`` in the
    text, `number` counts conversions from 1 as libdtrace's messages do.
    """

    flags: str
    width: int | Literal["*"] | None
    precision: int | Literal["*"] | None
    size: str
    char: str
    is_aggregation: bool = False
    index: int = 0
    number: int = 1

    @property
    def name(self) -> str:
        """The key in `CONVERSIONS`: ``lld``."""
        return self.size + self.char

    @property
    def dynamic(self) -> tuple[str, ...]:
        """The extra int arguments it takes before its value, in order: ``("*", ".*")``."""
        return ("*",) * (self.width == "*") + (".*",) * (self.precision == "*")

    @property
    def takes_value(self) -> bool:
        """Whether it takes an argument of its own: ``%%`` does not, and ``%@d`` takes the aggregation's value."""
        return self.char != "%" and not self.is_aggregation

    @property
    def prototype(self) -> str:
        """What it takes, in words for a message."""
        return _PROTOTYPES.get(self.name, "an integer")


Piece = str | Conversion


def accepts(conversion: Conversion, kind: ValueClass) -> bool:
    """Whether the conversion can be given a value of this class (libdtrace dt_printf.c, the pfcheck functions)."""
    return kind in CONVERSIONS[conversion.name]


#: Bytes of the integer that a size prefix asks for.
_PREFIX_SIZES = {"hh": 1, "h": 2, "l": 8, "ll": 8}


def fits(conversion: Conversion, size: int) -> bool:
    """Whether the conversion takes an integer of `size` bytes.

    Times are 64 bits wide, ports 16, characters at most 32; a size prefix asks for its own. libdtrace asks for the
    very type that a prefix names, so that it tells long and long long apart, which are one size.
    """
    match conversion.char:
        case "T" | "Y" | "y":
            return size == 8
        case "P":
            return size == 2
        case "c" | "C":
            return size == 4 if conversion.size else size <= 4
    return size == _PREFIX_SIZES.get(conversion.size, size)


def parse_format(text: str, span: Span | None = None) -> tuple[Piece, ...]:
    """The pieces of a format string: literal texts and conversions; ``%%`` has become text.

    `span` is that of the whole string literal, for messages. Raises D_PRINTF_FMT_EMPTY for an empty format, and
    D_SYNTAX for a conversion that is not one (libdtrace reports those without a tag of their own).
    """
    if not text:
        raise fail("D_PRINTF_FMT_EMPTY", "format string is empty", span)
    pieces: list[Piece] = []
    literal, at, number = "", 0, 0
    while at < len(text):
        start = text.find("%", at)
        if start < 0:
            literal += text[at:]
            break
        literal += text[at:start]
        number += 1
        conversion, at = _ConversionReader(text, start, number, span).read()
        if conversion.char == "%":
            literal += "%"
            continue
        if literal:
            pieces.append(literal)
            literal = ""
        pieces.append(conversion)
    if literal:
        pieces.append(literal)
    return tuple(pieces)


class _ConversionReader:
    """Reads one conversion from its ``%``; the order of flags, sizes and ``@`` is free, as in libdtrace."""

    def __init__(self, text: str, start: int, number: int, span: Span | None) -> None:
        self.text = text
        self.start = start
        self.number = number
        self.span = span
        self.flags: dict[str, None] = {}
        self.width: int | Literal["*"] | None = None
        self.precision: int | Literal["*"] | None = None
        self.dot = False
        self.size = ""
        self.is_aggregation = False

    def read(self) -> tuple[Conversion, int]:
        """The conversion and the offset behind it."""
        at = self.start + 1
        while True:
            char = self.text[at : at + 1]
            if char and char in _DIGITS:
                at = self._digits(at)
            elif char == "*":
                at = self._star(at)
            elif char and char in "#+-' .?@hlLw":
                self._mark(char)
                at += 1
            else:
                return self._finish(char, at), at + 1

    def _digits(self, at: int) -> int:
        end = at
        while end < len(self.text) and self.text[end] in _DIGITS:
            end += 1
        if self.dot:
            self.precision = self._number(at, end)
        elif self.text[at] == "0" and self.width is None:
            # The last of "0" and "-" wins. A width follows the zero at once or not at all.
            self.flags.pop("-", None)
            self.flags["0"] = None
            return at + 1
        else:
            self.width = self._number(at, end)
        return end

    def _number(self, at: int, end: int) -> int:
        """A width or precision: an int of C's printf, which `*` takes too."""
        number = numeral(self.text[at:end])
        if number > _LARGEST_INT:
            raise self._wrong("has a width or precision that no int can hold")
        return number

    def _star(self, at: int) -> int:
        if (self.precision if self.dot else self.width) == "*":
            raise self._wrong(f"has more than one '*' for its {'precision' if self.dot else 'width'}")
        if self.dot:
            self.precision = "*"
        else:
            self.width = "*"
        return at + 1

    def _mark(self, char: str) -> None:
        match char:
            case ".":
                if self.dot:
                    raise self._wrong("has more than one '.'")
                self.dot = True
            case "?":
                self.width = _POINTER_WIDTH
            case "@":
                self.is_aggregation = True
            case "h" | "l" | "L" | "w":
                self.size += char
            case "-":
                self.flags.pop("0", None)
                self.flags[char] = None
            case _:
                self.flags[char] = None

    def _finish(self, char: str, at: int) -> Conversion:
        if not char:
            raise self._wrong("has no name before the end of the format string")
        if char == "$":
            raise self._wrong("is positional (%n$), which dtrace does not have")
        if char == "%" and at != self.start + 1:
            raise self._wrong("is '%%', which takes no flags, width or size")
        if self.size + char not in CONVERSIONS:
            raise self._wrong(f"is unknown: %{self.size}{char}")
        return Conversion(
            "".join(flag for flag in "#0-+ '" if flag in self.flags),
            self.width,
            self.precision,
            self.size,
            char,
            self.is_aggregation,
            self.start,
            self.number,
        )

    def _wrong(self, what: str) -> DtransError:
        return fail("D_SYNTAX", f"format conversion #{self.number} {what}", self.span)
