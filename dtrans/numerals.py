"""Numbers that people write, however long: ``007`` is 7, and ten thousand nines are just too many."""

from __future__ import annotations

#: What any numeral stands for that is longer than one of 64 bits can be: it is beyond every limit.
BEYOND = 1 << 256
#: Python itself makes no integer of more than 4300 digits.
_LONGEST = 64
_DIGITS_OF = {8: frozenset("01234567"), 10: frozenset("0123456789"), 16: frozenset("0123456789abcdefABCDEF")}


def numeral(digits: str, base: int = 10) -> int:
    """The value of ASCII digits of a base from 2 to 16, `BEYOND` when there are far too many of them."""
    significant = digits.lstrip("0")
    return int(significant or "0", base) if len(significant) <= _LONGEST else BEYOND


def c_numeral(text: str) -> int | None:
    """The value of an integer as C writes it, decimal, octal (``010``) or hexadecimal (``0x10``); None for others."""
    if text[:2] in ("0x", "0X"):
        base, digits = 16, text[2:]
    else:
        base, digits = 8 if text[:1] == "0" else 10, text
    return numeral(digits, base) if digits and set(digits) <= _DIGITS_OF[base] else None


def is_numeral(text: str) -> bool:
    """Whether a text is decimal digits. Python's own `isdecimal` takes those of other scripts too."""
    return text.isascii() and text.isdecimal()
