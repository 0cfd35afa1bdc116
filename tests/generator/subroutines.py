"""D's subroutines on strings, in Python: what the kernel's must give.

The models follow the Guide's "Actions and Subroutines" and illumos' dtrace_dif_subr (uts/common/dtrace/dtrace.c).
Strings are bytes without the NUL.
"""

from __future__ import annotations

import re

#: The option strsize unless it is given: bytes of a string with its NUL.
STRSIZE = 256
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def substr(s: bytes, start: int, length: int | None) -> bytes:
    remaining = STRSIZE if length is None else length
    if start < 0:
        start += len(s)
        if start < 0 < start + remaining:
            remaining += start
            start = 0
    if start >= len(s) or start < 0:
        remaining = 0
    elif remaining < 0:
        remaining += len(s) - start
    return s[start : start + remaining] if remaining > 0 else b""


def index(s: bytes, n: bytes, start: int) -> int:
    if not s and not n:
        return 0
    start = max(start, 0)
    if start >= len(s):
        return -1 if n else len(s)
    return s.find(n, start)


def rindex(s: bytes, n: bytes, start: int) -> int:
    if not s and not n:
        return 0
    if start < 0:
        return -1 if n else 0
    return s.rfind(n, 0, min(start, len(s)) + len(n))


def tokens(s: bytes, delimiters: bytes) -> list[bytes]:
    """What strtok() gives, call after call."""
    pattern = b"[^" + re.escape(delimiters) + b"]+" if delimiters else b".+"
    return re.findall(pattern, s, re.DOTALL)


def basename(s: bytes) -> bytes:
    bare = s.rstrip(b"/")
    return bare.rsplit(b"/", 1)[-1] if bare else (b"/" if s else b".")


def dirname(s: bytes) -> bytes:
    bare = s.rstrip(b"/")
    if b"/" in bare:
        return bare[: bare.rindex(b"/")].rstrip(b"/") or b"/"
    return b"." if bare or not s else b"/"


def cleanpath(s: bytes) -> bytes:
    """dtrace's cleanpath, on components. `first` is what stands before the first slash."""
    first, *parts = s.split(b"/")
    kept: list[bytes] = []
    for number, part in enumerate(parts):
        is_last = number == len(parts) - 1
        if part == b"..":
            if kept:
                kept.pop()
            else:
                first = b""
            if is_last:
                kept.append(b"")
        elif part not in (b"", b".") or is_last:
            kept.append(part)
    return first + b"".join(b"/" + part for part in kept)


def digits(value: int, base: int) -> str:
    shown = ""
    while value:
        value, digit = divmod(value, base)
        shown = DIGITS[digit] + shown
    return shown


def lltostr(value: int, base: int) -> str:
    if base == 10:
        return str(value)
    shown = digits(value % 2**64, base)
    prefix = {8: "0", 16: "0x"}.get(base, "")
    return prefix + shown if value else {16: "0x0"}.get(base, "0")


def strtoll(s: bytes, base: int) -> int:
    s = s.lstrip(b" \t")
    sign = -1 if s[:1] == b"-" else 1
    if s[:1] in (b"-", b"+"):
        s = s[1:]
    if base == 16 and re.match(rb"0[xX][0-9a-fA-F]", s):
        s = s[2:]
    value = 0
    for c in s.lower().decode("latin-1"):
        if not c.isascii() or not c.isalnum() or DIGITS.index(c) >= base:
            break
        value = value * base + DIGITS.index(c)
    value = sign * value % 2**64
    return value - 2**64 if value >= 2**63 else value
