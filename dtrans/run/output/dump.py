"""Raw memory as text: ``tracemem()``'s dump, ``trace()`` of bytes, and ``print()`` of a typed value.

    timespec_t {
        time_t tv_sec = 0x5
        long tv_nsec = 0
    }

Source: libdtrace dt_consume.c (dt_print_bytes) and illumos' dt_print.c (dtrace_print).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable

from dtrans.artifact import Shape
from dtrans.run.output.decode import c_string, split_offset, to_text
from dtrans.typed import Any
from dtrans.values import dataclass

#: Printable ASCII, C's white space, and the two control characters that terminals act on: bell and backspace.
_TEXT_BYTES = bytes([7, 8, 9, 10, 11, 12, 13, *range(32, 127)])
_RULER = b"\n" + b" " * 11 + b"".join(b"  %c" % digit for digit in b"0123456789abcdef") + b"  0123456789abcdef\n"
_DOTS = bytes(code if 32 <= code < 127 else 46 for code in range(256))
_INDENT = 4


def hex_dump(data: bytes) -> bytes:
    """Sixteen bytes a line, in hexadecimal and as characters, under a ruler; nothing at all for no bytes."""
    if not data:
        return b""
    lines = [_RULER]
    for start in range(0, len(data), 16):
        line = data[start : start + 16]
        codes = b"".join(b" %02x" % code for code in line)
        lines.append(b"     %5x:%-48s  %s\n" % (start, codes, line.translate(_DOTS)))
    return b"".join(lines)


def bytes_text(data: bytes, width: int, *, quiet: bool, raw: bool) -> bytes:
    """Bytes that may be a string: shown as one when all before the first NUL is text and all behind it is NUL."""
    if not data:
        return b""
    text = c_string(data)
    if raw or not text or text.translate(None, _TEXT_BYTES) or data[len(text) :].strip(b"\0"):
        return hex_dump(data)
    if quiet and len(text) < len(data):
        return text
    # Without a NUL behind it, text stands at the left in any case.
    return padded(text, width if len(text) < len(data) else -abs(width))


def padded(text: bytes, width: int) -> bytes:
    """Text in a column: at the left behind two spaces where `width` is negative, else at the right behind one."""
    return b"  " + text.ljust(-width) if width < 0 else b" " + text.rjust(width)


@dataclass(frozen=True, slots=True)
class ShapePrinter:
    """Typed values as text and for JSON. `kernel` names an address of the kernel, for pointers to functions."""

    kernel: Callable[[int], str]

    def text(self, shape: Shape, data: bytes) -> bytes:
        """``print()`` of a value: ``int 0x14`` and a newline, or a structure with no newline behind its last brace."""
        value = self._text(shape, data, 0, top=True)
        name = to_text(shape.name)
        # A structure without a tag is named by its kind and a space.
        return name + (b"" if name.endswith(b" ") else b" ") + value + (b"" if shape.kind == "struct" else b"\n")

    def _text(self, shape: Shape, data: bytes, level: int, *, top: bool = False) -> bytes:
        match shape.kind:
            case "struct":
                return self._struct(shape, data, level)
            case "array":
                return self._array(shape, data, level, top=top)
            case "string":
                text = b'"' + c_string(data[: shape.size]) + b'"'
                return text if top else b"[ " + text + b" ]"
            case "char":
                return _char_text(data[0])
            case "float":
                # As illumos has it, but for long double, which is printed as a double here.
                return b"%+.7e" % _real(data[: shape.size])
            case "enum":
                value = _enum_value(shape, data)
                return to_text(value) if isinstance(value, str) else b"%d" % value
            case "function":
                address = int.from_bytes(data[: shape.size], "little")
                return self._function(address) or _hexadecimal(address)
        return _hexadecimal(int.from_bytes(data[: shape.size], "little"))

    def _function(self, address: int) -> bytes:
        """The name of a function, without the offset into it; nothing where it has none."""
        name = self.kernel(address)
        return to_text(split_offset(name)[0]) if "`" in name else b""

    def _struct(self, shape: Shape, data: bytes, level: int) -> bytes:
        margin = b" " * (level * _INDENT)
        lines = [b"{\n"]
        for name, bit, bits, member in shape.members:
            head = to_text(member.name)
            # "void *p" and not "void * p"; an anonymous member has no name, nor "=".
            head += (b"" if head.endswith((b"*", b" ")) else b" ") + to_text(name)
            if bits:
                value = int.from_bytes(data[bit // 8 : (bit + bits + 7) // 8], "little") >> bit % 8
                head += b" :%d" % bits
                text = _hexadecimal(value & ((1 << bits) - 1))
            else:
                text = self._text(member, data[bit // 8 : bit // 8 + member.size], level + 1)
            lines.append(b"%s    %s %s\n" % (margin, head + b" =" if name else head, text))
        return b"".join(lines) + margin + b"}"

    def _array(self, shape: Shape, data: bytes, level: int, *, top: bool) -> bytes:
        element = shape.element
        assert element is not None
        text = array_text(shape, data)
        if text is not None:
            return b'"' + text + b'"' if top else b'[ "' + text + b'" ]'
        parts = [data[place * element.size : (place + 1) * element.size] for place in range(shape.length)]
        if element.kind != "struct":
            return b"[ " + b", ".join(self._text(element, part, level + 1) for part in parts) + b" ]"
        margin = b" " * ((level + 1) * _INDENT)
        name = to_text(element.name)
        items = [b"\n%s%s %s" % (margin, name, self._struct(element, part, level + 1)) for part in parts]
        return b"[ " + b", ".join(items) + (b"\n" if items else b"") + b" " * (level * _INDENT) + b"]"

    def value(self, shape: Shape, data: bytes) -> Any:
        """A value for JSON: objects, arrays, numbers, texts; pointers as text in hexadecimal, enumerators by name.

        Members of anonymous structures and unions stand among those of the structure that holds them.
        """
        match shape.kind:
            case "struct":
                members: dict[str, Any] = {}
                for name, bit, bits, member in shape.members:
                    value = self.value(member, _member_bytes(data, bit, bits, member))
                    members.update({name: value} if name or not isinstance(value, dict) else value)
                return members
            case "array":
                assert shape.element is not None
                text = array_text(shape, data)
                if text is not None:
                    return text.decode("utf-8", "replace")
                size = shape.element.size
                return [self.value(shape.element, data[at * size : (at + 1) * size]) for at in range(shape.length)]
            case "string":
                return c_string(data[: shape.size]).decode("utf-8", "replace")
            case "float":
                return finite(_real(data[: shape.size]))
            case "enum":
                return _enum_value(shape, data)
            case "pointer":
                return f"{int.from_bytes(data[: shape.size], 'little'):#x}"
            case "function":
                address = int.from_bytes(data[: shape.size], "little")
                return {"address": f"{address:#x}", "symbol": self._function(address).decode("utf-8", "replace")}
        return int.from_bytes(data[: shape.size], "little", signed=shape.kind in ("int", "char"))


def _real(data: bytes) -> float:
    """A float, a double, or a long double of x86: a sign, 15 bits of exponent, 64 of mantissa with its first one."""
    if len(data) <= 8:
        return float(struct.unpack("<f" if len(data) == 4 else "<d", data)[0])
    mantissa, exponent = struct.unpack_from("<QH", data)
    try:
        return math.ldexp(mantissa, (exponent & 0x7FFF) - 16383 - 63) * (-1 if exponent >> 15 else 1)
    except OverflowError:
        return math.inf


def finite(value: float) -> float | str:
    """A number for JSON, which has none that is infinite."""
    return value if math.isfinite(value) else str(value)


def _enum_value(shape: Shape, data: bytes) -> str | int:
    """The enumerator, or the number where none has it."""
    number = int.from_bytes(data[: shape.size], "little", signed=True)
    return {value: name for name, value in shape.enumerators}.get(number, number)


def _member_bytes(data: bytes, bit: int, bits: int, member: Shape) -> bytes:
    """The bytes of a member; a bit-field is widened to its type."""
    if not bits:
        return data[bit // 8 : bit // 8 + member.size]
    value = int.from_bytes(data[bit // 8 : (bit + bits + 7) // 8], "little") >> bit % 8 & ((1 << bits) - 1)
    if member.kind == "int" and value >> (bits - 1):
        value -= 1 << bits
    return value.to_bytes(member.size, "little", signed=value < 0)


def array_text(shape: Shape, data: bytes) -> bytes | None:
    """The text in an array of characters that looks like a string: printable, and ended by a NUL."""
    if shape.element is None or shape.element.kind != "char":
        return None
    text = c_string(data[: shape.length])
    return text if len(text) < shape.length and all(32 <= code < 127 for code in text) else None


def _hexadecimal(value: int) -> bytes:
    """C's %#x: no prefix for 0."""
    return b"0x%x" % value if value else b"0"


def _char_text(code: int) -> bytes:
    if 32 <= code < 127:
        return b"'%c'" % code
    return b"'\\%03o'" % code if code else b"'\\0'"
