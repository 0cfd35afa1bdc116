"""The options of ``-x`` and ``#pragma D option``: names, kinds, defaults, and what they mean here.

Names and defaults follow the Guide, chapter "Options and Tunables", and libdtrace dt_options.c.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dtrans.errors import fail
from dtrans.source import Span

Kind = Literal["flag", "size", "rate", "count", "text"]


@dataclass(frozen=True, slots=True)
class Option:
    """`default` as text, "" for off or none. `reason` says why an option that is accepted has no effect; `most` is the
    greatest number that one of kind count may have. One that is `only_outside` is given by ``-x``, not by a program."""

    name: str
    kind: Kind
    default: str = ""
    choices: tuple[str, ...] = ()
    reason: str = ""
    only_outside: bool = False
    most: int = (1 << 31) - 1


_TYPES_FROM_BTF = "types come from the kernel's BTF"
_LINKING = "D programs are not linked on Linux"
OPTIONS: Mapping[str, Option] = {
    option.name: option
    for option in (
        Option("agghist", "flag"),
        Option("aggpack", "flag"),
        Option("aggrate", "rate", "1hz", reason="aggregations are read when they are printed"),
        Option("aggsize", "size", "4m"),
        Option("aggsortkey", "flag"),
        Option("aggsortkeypos", "count"),
        Option("aggsortpos", "count"),
        Option("aggsortrev", "flag"),
        Option("aggzoom", "flag"),
        Option("breakpoint", "flag", only_outside=True),
        Option("bufpolicy", "text", "switch", ("switch", "fill", "ring")),
        Option("bufresize", "text", "auto", ("auto", "manual"), "the record buffer is made once, at its full size"),
        Option("bufsize", "size", "4m"),
        Option("cleanrate", "rate", "101hz", reason="freed storage is reused at once"),
        Option("compat", "text", "solaris", ("solaris", "linux")),
        Option("cpp", "flag"),
        Option("cpu", "count"),
        Option("defaultargs", "flag"),
        Option("destructive", "flag"),
        Option("droptags", "flag"),
        Option("dynvarsize", "size", "1m"),
        Option("encoding", "text", "", ("ascii", "utf8")),
        Option("errtags", "flag", reason="tags are always shown"),
        Option(
            "evaltime",
            "text",
            "preinit",
            ("exec", "preinit", "postinit", "main"),
        ),
        Option("flowindent", "flag"),
        Option("grabanon", "flag", reason="there is no anonymous tracing"),
        Option("jstackframes", "count", "50"),
        Option("jstackstrsize", "size", "512"),
        Option("maxframes", "count", "127"),
        Option("nolibs", "flag"),
        Option("nspec", "count", "1", most=4095),
        Option("oformat", "text", "text", ("text", "json")),
        Option("panic", "flag", only_outside=True),
        Option("quiet", "flag"),
        Option("rawbytes", "flag"),
        Option("specsize", "size", "32k"),
        Option("stackframes", "count", "20"),
        Option("stackindent", "count", "14"),
        Option("statusrate", "rate", "1hz"),
        Option("strsize", "size", "256"),
        Option("switchrate", "rate", "20hz"),
        Option("temporal", "flag", reason="records are always in the order of time"),
        Option("typefilter", "text", reason=_TYPES_FROM_BTF),
        Option("ctfpath", "text", reason=_TYPES_FROM_BTF),
        Option("libdir", "text"),
        Option("linkmode", "text", reason=_LINKING),
        Option("linktype", "text", reason=_LINKING),
        Option("ustackframes", "count", "100"),
        Option("zdefs", "flag"),
    )
}

_SIZE_UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
#: Nanoseconds of one unit, for rates given as a period (Guide, "Options and Tunables").
_PERIODS = {
    "ns": 1, "nsec": 1, "us": 10**3, "usec": 10**3, "ms": 10**6, "msec": 10**6, "s": 10**9, "sec": 10**9,
    "m": 60 * 10**9, "min": 60 * 10**9, "h": 3600 * 10**9, "hour": 3600 * 10**9,
    "d": 86400 * 10**9, "day": 86400 * 10**9,
}  # fmt: skip


def check_option(name: str, value: str | None, span: Span | None = None) -> str:
    """The value in canonical text: "1" for a set flag, else the words given. Raises D_PRAGMA_OPTSET for a bad one."""
    option = OPTIONS.get(name)
    if option is None:
        raise fail("D_PRAGMA_OPTSET", f"unknown option '{name}'", span, hint="'dtrans run --help' names the options")
    match option.kind:
        case "flag":
            if value not in (None, "", "1", "0", "true", "false", "enable", "disable"):
                raise fail("D_PRAGMA_OPTSET", f"option '{name}' takes no value", span)
            return "" if value in ("0", "false", "disable") else "1"
        case "size":
            parse_size(value or "", name, span)
        case "rate":
            parse_rate(value or "", name, span)
        case "count":
            if not (value or "").isdecimal() or not (value or "").isascii():
                raise fail("D_PRAGMA_OPTSET", f"option '{name}' takes a number", span)
            if int(value or "") > option.most:
                raise fail("D_PRAGMA_OPTSET", f"option '{name}' takes a number up to {option.most}", span)
        case "text" if option.choices and value not in option.choices:
            raise fail("D_PRAGMA_OPTSET", f"option '{name}' is one of {', '.join(option.choices)}", span)
    return value or ""


def parse_size(text: str, name: str = "size", span: Span | None = None) -> int:
    """Bytes: ``4m`` is 4194304."""
    digits = text.rstrip("bkmgtBKMGT")
    unit = _SIZE_UNITS.get(text[len(digits) :].lower())
    if not digits.isdecimal() or unit is None:
        raise fail("D_PRAGMA_OPTSET", f"option '{name}' takes a size such as 512, 64k or 4m", span)
    return int(digits) * unit


def parse_rate(text: str, name: str = "rate", span: Span | None = None) -> int:
    """Nanoseconds between two events: ``10hz`` and ``10`` are 100000000, ``5s`` is 5000000000."""
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    unit = text[len(digits) :].lower()
    if digits.isdecimal() and int(digits) > 0:
        if unit in ("", "hz"):
            return 10**9 // int(digits)
        if unit in _PERIODS:
            return int(digits) * _PERIODS[unit]
    raise fail("D_PRAGMA_OPTSET", f"option '{name}' takes a rate such as 10hz, 100ms or 5s", span)


class Options:
    """The options of one program, by name, with their defaults."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self.given = dict(given)

    def text(self, name: str) -> str:
        return self.given.get(name, OPTIONS[name].default)

    def flag(self, name: str) -> bool:
        return self.text(name) == "1"

    def size(self, name: str) -> int:
        return parse_size(self.text(name), name)

    def rate(self, name: str) -> int:
        return parse_rate(self.text(name), name)

    def count(self, name: str) -> int | None:
        return int(self.text(name)) if self.text(name) else None
