r"""The values of D's constants: integers, characters, strings.

    0x1fULL    ->  Integer(31, "ull", decimal=False)
    'ab'       ->  Character(0x6162)
    "a\tb\n"   ->  String("a<tab>b<newline>")

D's text is bytes: a character beyond ASCII stands for its UTF-8 bytes, one `str` character (0 to 255) each.
Escapes follow the Guide, "Types, Operators, and Expressions", and libdtrace dt_string.c (``stresc2chr``).
"""

from __future__ import annotations

import re

from dtrans.numerals import numeral

_LARGEST = 2**64 - 1

_INTEGER = re.compile(r"(0[xX][0-9a-fA-F]+|[0-9]+)([uU]?[lL]{0,2}|[lL]{1,2}[uU])")
_FLOAT = re.compile(r"[0-9]+[eE][0-9]*|[0-9]+[fF]")
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|x([0-9a-fA-F]*)|(.))", re.DOTALL)
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class BadConstantError(ValueError):
    """A constant that D refuses: libdtrace's tag and what is wrong with it."""

    def __init__(self, tag: str, message: str) -> None:
        super().__init__(message)
        self.tag = tag
        self.message = message


def integer(text: str) -> tuple[int, str, bool]:
    """Value, suffix and whether it was written in decimal. Raises `BadConstantError` with the tag D_INT_OFLOW,
    D_INT_DIGIT (8 or 9 in an octal one) or D_SYNTAX (floating point, letters)."""
    match = _INTEGER.fullmatch(text)
    if match is None:
        if _FLOAT.fullmatch(text):
            raise BadConstantError("D_SYNTAX", "floating-point constants are not permitted")
        raise BadConstantError("D_SYNTAX", f"constant {_shown(text)} contains invalid digit {_first_wrong_digit(text)}")
    digits, suffix = match.groups()
    base = 16 if digits[:2] in {"0x", "0X"} else 8 if digits[0] == "0" else 10
    if base == 8 and (found := re.search("[89]", digits)):
        raise BadConstantError("D_INT_DIGIT", f"constant {_shown(text)} contains invalid digit {found.group()}")
    value = numeral(digits[2:] if base == 16 else digits, base)
    if value > _LARGEST:
        raise BadConstantError("D_INT_OFLOW", f"constant {_shown(text)} results in integer overflow")
    lower = suffix.lower()
    return value, "u" * ("u" in lower) + lower.replace("u", ""), base == 10


def _shown(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}..."


def _first_wrong_digit(text: str) -> str:
    good = "0123456789abcdefABCDEF" if text[:2] in {"0x", "0X"} else "0123456789"
    rest = text[2:] if text[:2] in {"0x", "0X"} else text
    return next((char for char in rest if char not in good), text[-1])


def unescape(text: str) -> str:
    """What stands between quotes, escapes resolved, one character a byte."""
    if text.isascii():
        return _ESCAPE.sub(_escaped, text) if "\\" in text else text
    try:
        raw = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = text.encode("utf-8", "surrogatepass")
    return _ESCAPE.sub(_escaped, raw.decode("latin-1"))


def _escaped(match: re.Match[str]) -> str:
    octal, hexadecimal, char = match.groups()
    if octal is not None:
        return chr(int(octal, 8) & 0xFF)
    if hexadecimal is not None:
        # Only the last byte counts, however many digits were written.
        return chr(int(hexadecimal[-2:] or "0", 16))
    return _SIMPLE.get(char, char if char in "\"'\\?" else f"\\{char}")


def character(text: str) -> int:
    """The value of what stands between single quotes: its bytes, the first one the most significant. Raises
    `BadConstantError` with the tag D_CHR_NULL or D_CHR_OFLOW (more than eight bytes)."""
    if not text:
        raise BadConstantError("D_CHR_NULL", "empty character constant")
    bytes_ = unescape(text).encode("latin-1")
    if len(bytes_) > 8:
        raise BadConstantError("D_CHR_OFLOW", "character constant is too long")
    return int.from_bytes(bytes_, "big")
