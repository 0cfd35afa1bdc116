"""Formats compiled once, so that a record becomes text with one ``struct`` call and one ``%``.

    compile_format("%-5d %s\\n", fields, names)   ->  Formatter(b"%-5d %s\\n", ...)
    formatter.reader()(buffer, offset)            ->  b"42    /etc/passwd\\n"

C's printf is the reference: dtrace hands every conversion to it (libdtrace dt_printf.c). Python's ``bytes %`` agrees
with it except for ``#``, for a precision only known at run time, and for flags that C ignores on some conversions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import lru_cache

from dtrans.artifact import Field
from dtrans.errors import fail
from dtrans.formats import VALUE_CLASSES, Conversion, Piece, accepts, parse_format
from dtrans.run.output.decode import Buffer, Convert, Names, Unpack, c_string, run_reader, to_text, unpacker
from dtrans.typed import Any
from dtrans.values import dataclass, replace

_SIGNED, _UNSIGNED, _REAL = "di", "ouxXp", "eEfgG"
#: A width or precision that comes out of traced data must not fill the memory.
_WIDEST = 1 << 16
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_UNPRINTABLE = rb"[^ !#-\[\]-~]"
_ESCAPES = {
    0: b"\\0", 7: b"\\a", 8: b"\\b", 9: b"\\t", 10: b"\\n", 11: b"\\v", 12: b"\\f", 13: b"\\r", 34: b'\\"', 92: b"\\\\",
}  # fmt: skip


def escape_text(data: bytes) -> bytes:
    """``%S`` and ``%C``: C's escapes for what is not printable; stops behind the first NUL (libdtrace strchr2esc)."""
    head, nul, _ = data.partition(b"\0")
    import re

    return re.sub(_UNPRINTABLE, lambda found: _ESCAPES.get(found[0][0]) or b"\\%03o" % found[0][0], head + nul)


def _seconds(nanoseconds: int) -> int:
    """Seconds since the epoch, as C divides (libdtrace pfprint_time)."""
    return nanoseconds // 1_000_000_000 if nanoseconds >= 0 else -(-nanoseconds // 1_000_000_000)


@lru_cache(maxsize=64)
def _calendar_time(seconds: int) -> bytes:
    now = time.localtime(seconds)
    return b"%04d %s %2d %02d:%02d:%02d" % (
        now.tm_year, _MONTHS[now.tm_mon - 1].encode(), now.tm_mday, now.tm_hour, now.tm_min, now.tm_sec,
    )  # fmt: skip


@lru_cache(maxsize=64)
def _mail_time(seconds: int) -> bytes:
    now = time.localtime(seconds)
    day, month = _DAYS[now.tm_wday], _MONTHS[now.tm_mon - 1]
    # %G, the year of the ISO week, is what libdtrace uses here.
    return to_text(time.strftime(f"{day}, %d {month} %G %T %Z", now))


@lru_cache(maxsize=256)
def _port_name(port: int) -> bytes:
    """``%P``: the service of a port, else its number."""
    from socket import getservbyport

    try:
        return getservbyport(port).encode()
    except OSError:
        return b"%d" % port


@lru_cache(maxsize=256)
def _host_name(address: bytes) -> bytes:
    """``%I``: the name of an internet address in text, else the text itself."""
    from socket import gethostbyaddr

    try:
        return gethostbyaddr(address.decode("ascii"))[0].encode()
    except (OSError, UnicodeError):
        return address


def format_integer(letter: str, flags: str, width: int, precision: int, value: int) -> bytes:
    """One of d o u x X p by C's rules (C11 7.21.6.1), for what ``bytes %`` does in another way."""
    digits = {"o": "%o", "x": "%x", "p": "%x", "X": "%X"}.get(letter, "%d") % abs(value)
    digits = digits.rjust(precision, "0")
    sign = "-" if value < 0 else ""
    if letter in _SIGNED and not sign:
        sign = "+" if "+" in flags else " " if " " in flags else ""
    if "#" in flags and letter == "o" and not digits.startswith("0"):
        digits = "0" + digits
    if "#" in flags and letter in "xXp" and value:
        sign = "0X" if letter == "X" else "0x"
    if "-" in flags or width < 0:
        return (sign + digits).ljust(abs(width)).encode()
    if "0" in flags and precision <= 0:
        digits = digits.rjust(width - len(sign), "0")
    return (sign + digits).rjust(width).encode()


def format_text(flags: str, width: int, precision: int, value: bytes) -> bytes:
    """``%s`` by dtrace's rules: a precision of 0 or less is none."""
    shown = value[:precision] if precision > 0 else value
    return shown.ljust(abs(width)) if "-" in flags or width < 0 else shown.rjust(width)


@dataclass(frozen=True, slots=True)
class Slot:
    """One conversion made ready.

    `spec` stands in the template. `fields` are read from the record; each item becomes an argument of the template by
    its own converter, None taking it as it is. With `whole`, that makes one finished text of all the items.
    """

    spec: bytes
    fields: tuple[Field, ...]
    converts: tuple[Convert | None, ...] = ()
    whole: Convert | None = None

    def arguments(self, items: Sequence[Any]) -> list[Any]:
        """What the items put into the template."""
        if self.whole:
            return [self.whole(items)]
        return [convert(item) if convert else item for convert, item in zip(self.converts, items, strict=True)]


@dataclass(frozen=True, slots=True)
class Formatter:
    """A compiled format: literal texts in `template`, a slot for each conversion."""

    template: bytes
    slots: tuple[Slot, ...]

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(field for slot in self.slots for field in slot.fields)

    def joined(self, other: Formatter) -> Formatter:
        """One formatter for the text of both."""
        return Formatter(self.template + other.template, self.slots + other.slots)

    def reader(self) -> Callable[[Buffer, int], bytes]:
        """A function from (buffer, offset of the record) to text."""
        template = self.template
        if not self.slots:
            text = template % ()
            return lambda _buffer, _offset: text
        read = unpacker(self.fields)
        if any(slot.whole for slot in self.slots):
            return self._general_reader(read)
        changes = tuple((place, convert) for place, convert in enumerate(self._converts) if convert)
        if not changes:
            return lambda buffer, offset: template % read(buffer, offset)
        if all(convert is c_string for _, convert in changes):
            return _string_reader(template, read, tuple(place for place, _ in changes))

        def text_of(buffer: Buffer, offset: int) -> bytes:
            items = list(read(buffer, offset))
            for place, convert in changes:
                items[place] = convert(items[place])
            return template % tuple(items)

        return text_of

    def many(self, stride: int) -> Callable[[Buffer], bytes] | None:
        """A function from records that are `stride` bytes apart to the text of all, in a fifth of the time that
        `reader` takes for them; None for what is read in a way of its own."""
        template, width = self.template, len(self.fields)
        if not self.slots:
            text = template % ()
            return lambda records: text * (len(records) // stride)
        read = None if any(slot.whole for slot in self.slots) else run_reader(self.fields, stride)
        if read is None:
            return None
        changes = [(place, convert) for place, convert in enumerate(self._converts) if convert]

        def text_of(records: Buffer) -> bytes:
            items = read(records)
            for place, convert in changes:
                if convert is c_string:
                    items[place::width] = [item.partition(b"\0")[0] for item in items[place::width]]
                else:
                    items[place::width] = list(map(convert, items[place::width]))
            # One operation for all of them: most of its time is spent to begin it.
            return (template * (len(records) // stride)) % tuple(items)

        return text_of

    @property
    def _converts(self) -> list[Convert | None]:
        return [convert for slot in self.slots for convert in slot.converts]

    def _general_reader(self, read: Unpack) -> Callable[[Buffer, int], bytes]:
        def text_of(buffer: Buffer, offset: int) -> bytes:
            items = iter(read(buffer, offset))
            arguments: list[Any] = []
            for slot in self.slots:
                arguments += slot.arguments([next(items) for _ in slot.fields])
            return self.template % tuple(arguments)

        return text_of


def _string_reader(template: bytes, read: Unpack, places: tuple[int, ...]) -> Callable[[Buffer, int], bytes]:
    """The commonest case, numbers and strings, with no call for each value."""

    def text_of(buffer: Buffer, offset: int) -> bytes:
        items = list(read(buffer, offset))
        for place in places:
            items[place] = items[place].partition(b"\0")[0]
        return template % tuple(items)

    return text_of


def compile_format(text: str, fields: Sequence[Field], names: Names, *, normalised: bool = False) -> Formatter:
    """The formatter of a ``printf`` with these argument fields.

    `normalised` leaves the offsets out of sym(), func() and usym() values, as in keys of aggregations. Raises the
    errors of `parse_format`, D_PRINTF_ARG_PROTO for a missing argument, D_PRINTF_ARG_TYPE for one of a wrong class.
    """
    return assemble(parse_format(text), fields, names, normalised=normalised)


def assemble(pieces: Sequence[Piece], fields: Sequence[Field], names: Names, *, normalised: bool = False) -> Formatter:
    """`compile_format` on pieces that are parsed already; conversions with ``@`` get a ``%s`` for a finished text."""
    template = b""
    slots: list[Slot] = []
    rest = list(fields)
    for piece in pieces:
        if isinstance(piece, str):
            template += to_text(piece).replace(b"%", b"%%")
            continue
        needed = len(piece.dynamic) + piece.takes_value
        if len(rest) < needed:
            raise fail("D_PRINTF_ARG_PROTO", f"format conversion #{piece.number} (%{piece.name}) has no value")
        slot = make_slot(piece, tuple(rest[:needed]), names, normalised=normalised)
        del rest[:needed]
        template += slot.spec
        slots.append(slot)
    return Formatter(template, tuple(slots))


def make_slot(conversion: Conversion, fields: tuple[Field, ...], names: Names, *, normalised: bool) -> Slot:
    """The slot of one conversion; `fields` are its dynamic width and precision, then its value."""
    dynamic = tuple(_as_int(field) for field in fields[: len(conversion.dynamic)])
    if conversion.is_aggregation:
        return Slot(b"%s", dynamic, (None,) * len(dynamic))
    value = fields[-1]
    if not any(accepts(conversion, kind) for kind in _classes(value)):
        takes = f"format conversion #{conversion.number} (%{conversion.name}) takes {conversion.prototype}"
        raise fail("D_PRINTF_ARG_TYPE", f"{takes}, not {value.kind}")
    letter = conversion.char
    if letter == "k":
        return _stack_slot(conversion, dynamic, value, names)
    if letter in "Yy" and "#" in conversion.flags:
        return _clock_slot(conversion, dynamic, value)
    if letter in _SIGNED or letter in _UNSIGNED:
        return _integer_slot(conversion, dynamic, value)
    if letter in _REAL:
        return _plain_slot(_spec(conversion, "#-+ 0", letter, precision=True), dynamic, value, None)
    if letter == "c" and not conversion.size:
        # C's %c takes the low byte; the byte comes first in memory.
        first = replace(value, kind="uint", size=1)
        return _plain_slot(_spec(conversion, "-", "c", precision=False), dynamic, first, None)
    return _text_slot(conversion, dynamic, *_text_source(conversion, value, names, normalised))


def _classes(value: Field) -> tuple[Any, ...]:
    kind = VALUE_CLASSES[value.kind]
    if kind == "chars":
        return ("chars", "wchars")
    # A key of few characters stands in a field of a number's size (`dtrans.emit.storage.bytes_kind`).
    return ("int", "pointer", "wchars") if kind == "int" else (kind,)


def _plain_slot(spec: bytes, dynamic: tuple[Field, ...], value: Field, convert: Convert | None) -> Slot:
    return Slot(spec, (*dynamic, value), (*(_clamped,) * len(dynamic), convert))


def _clamped(size: int) -> int:
    return max(-_WIDEST, min(size, _WIDEST))


def _as_int(field: Field) -> Field:
    """A width or precision as C's int: the low 32 bits, signed."""
    return replace(field, kind="int", size=min(field.size, 4))


def _spec(conversion: Conversion, allowed: str, letter: str, *, precision: bool) -> bytes:
    flags = "".join(flag for flag in conversion.flags if flag in allowed)
    width = "" if conversion.width is None else str(conversion.width)
    digits = f".{conversion.precision}" if precision and conversion.precision else ""
    return f"%{flags}{width}{digits}{letter}".encode()


def _integer_slot(conversion: Conversion, dynamic: tuple[Field, ...], value: Field) -> Slot:
    letter = conversion.char
    if letter in _UNSIGNED:
        value = replace(value, kind="uint")
    elif conversion.size or letter == "i":
        # Only a bare %d asks for the type's sign (libdtrace dt_printf.c).
        value = replace(value, kind="int")
    # dtrace prints %d of an unsigned value with %u, for which C ignores + and space.
    signed = value.kind == "int"
    if "#" in conversion.flags or conversion.precision == "*":
        shown = letter if signed or letter in "oxXp" else "u"
        return Slot(b"%s", (*dynamic, value), whole=_whole_integer(conversion, shown))
    allowed = "-" if conversion.precision else "-0"
    if signed:
        allowed += "+" if "+" in conversion.flags else " "
    python_letter = {"o": "o", "x": "x", "p": "x", "X": "X"}.get(letter, "d")
    return _plain_slot(_spec(conversion, allowed, python_letter, precision=True), dynamic, value, None)


def _whole_integer(conversion: Conversion, letter: str) -> Convert:
    def convert(items: Sequence[int]) -> bytes:
        width, precision = dynamic_sizes(conversion, items)
        return format_integer(letter, conversion.flags, width, precision, items[-1])

    return convert


def dynamic_sizes(conversion: Conversion, items: Sequence[int]) -> tuple[int, int]:
    """Width and precision, taken from the items where the format has ``*``; a precision of 0 or less is none."""
    rest = iter(items)
    width = next(rest) if conversion.width == "*" else conversion.width or 0
    precision = next(rest) if conversion.precision == "*" else conversion.precision or 0
    return _clamped(width), _clamped(precision)


def _text_slot(conversion: Conversion, dynamic: tuple[Field, ...], value: Field, convert: Convert) -> Slot:
    is_wide = conversion.char == "s" and conversion.size != ""
    if conversion.precision != "*" and not (is_wide and conversion.precision):
        return _plain_slot(_spec(conversion, "-", "s", precision=True), dynamic, value, convert)

    def whole(items: Sequence[Any]) -> bytes:
        width, precision = dynamic_sizes(conversion, items)
        text = convert(items[-1])
        if is_wide and precision > 0:
            # C counts bytes here too, and leaves out a character that does not fit whole (C11 7.21.6.1).
            text = text[:precision].decode("utf-8", "ignore").encode()
        return format_text(conversion.flags, width, precision, text)

    return Slot(b"%s", (*dynamic, value), whole=whole)


def _clock_slot(conversion: Conversion, dynamic: tuple[Field, ...], value: Field) -> Slot:
    """``%#Y``, which is ours: the precision says how many digits of the second's fraction follow, nine if none.

    The original's precision cuts the text, as it still does without the ``#``.
    """
    value = replace(value, kind="int")

    def text_of(nanoseconds: int, digits: int) -> bytes:
        seconds, fraction = divmod(nanoseconds, 1_000_000_000)
        return _calendar_time(seconds) + b"." + (b"%09d" % fraction)[: digits if 0 < digits < 9 else 9]

    if conversion.precision != "*":
        digits = conversion.precision or 9
        return _plain_slot(
            _spec(conversion, "-", "s", precision=False), dynamic, value, lambda item: text_of(item, digits)
        )

    def whole(items: Sequence[int]) -> bytes:
        width, digits = dynamic_sizes(conversion, items)
        return format_text(conversion.flags, width, 0, text_of(items[-1], digits))

    return Slot(b"%s", (*dynamic, value), whole=whole)


def _text_source(conversion: Conversion, value: Field, names: Names, normalised: bool) -> tuple[Field, Convert]:
    """The field to read and how it becomes text, for every conversion that ends in C's %s."""
    whole, signed = replace(value, kind="uint"), replace(value, kind="int")
    match conversion.name:
        case "s":
            return value, names.text_of(value)
        case "S":
            return value, _escaped(value, names)
        case "C":
            return replace(value, kind="bytes", size=1), escape_text
        case "Y" | "y":
            return signed, lambda nanoseconds: _calendar_time(_seconds(nanoseconds))
        case "T":
            return signed, lambda nanoseconds: _mail_time(_seconds(nanoseconds))
        case "P":
            return replace(whole, size=min(value.size, 2)), _port_name
        case "a" if value.kind in ("int", "uint"):
            return whole, lambda address: to_text(names.resolver.kernel(address))
        case "A" if value.kind in ("int", "uint"):
            return whole, lambda address: to_text(names.resolver.user(0, address))
        case "I":
            text_of = names.text_of(value)
            return value, lambda item: _host_name(text_of(item))
        case "wc" | "lc":
            return whole, _wide_character
        case "ws" | "ls":
            return replace(value, kind="bytes"), _wide_text
    return value, names.place_of(value, offsets=not normalised)


def _escaped(value: Field, names: Names) -> Convert:
    if value.kind in ("str", "bytes"):
        return escape_text
    text_of = names.text_of(value)
    # In dtrace these are strings in a buffer like any other, so the NUL that ends them shows.
    return lambda item: escape_text(text_of(item) + b"\0")


def _wide_character(code: int) -> bytes:
    return chr(code if code < 0x110000 else 0xFFFD).encode("utf-8", "replace")


def _wide_text(data: bytes) -> bytes:
    text = data[: len(data) & ~3].decode("utf-32-le", "replace")
    return text.partition("\0")[0].encode()


def _stack_slot(conversion: Conversion, dynamic: tuple[Field, ...], value: Field, names: Names) -> Slot:
    """``%k``: a left-justified width indents the frames, another one pads each of them (libdtrace pfprint_stack)."""

    def convert(items: Sequence[Any]) -> bytes:
        width, precision = dynamic_sizes(conversion, items)
        left = "-" in conversion.flags or width < 0
        digits = b".%d" % precision if precision > 0 else b""
        frame = b"%" + (b"" if left else b"%d" % width if width else b"") + digits + b"s"
        return names.stack_text(value, items[-1], abs(width) if left else 0, frame)

    return Slot(b"%s", (*dynamic, value), whole=convert)
