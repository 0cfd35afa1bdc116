"""The options of ``-x`` and ``#pragma D option``: names, kinds, defaults, and what they mean here.

Names and defaults follow the Guide, chapter "Options and Tunables", and libdtrace dt_options.c.
"""

from __future__ import annotations

from collections.abc import Mapping

from dtrans.errors import DtransError, fail
from dtrans.numerals import c_numeral, is_numeral, numeral
from dtrans.source import Span
from dtrans.typed import Literal
from dtrans.values import dataclass

Kind = Literal["flag", "size", "rate", "count", "text"]


@dataclass(frozen=True, slots=True)
class Option:
    """`default` as text, "" for off or none. `reason` says why an option that is accepted has no effect.

    A number or size is from `least` to `most`; the size of a buffer, which has a `buffer` name, is lowered to `most`
    unless the option bufresize is manual. One that is `outside` is given by ``-x``, not by a program; one that is
    `dynamic` can be changed by setopt() while tracing goes on.
    """

    name: str
    kind: Kind
    default: str = ""
    choices: tuple[str, ...] = ()
    reason: str = ""
    outside: bool = False
    dynamic: bool = False
    least: int = 0
    most: int = (1 << 31) - 1
    buffer: str = ""
    without: str = ""  #: What a text may not have in it.


_TYPES_FROM_BTF = "types come from the kernel's BTF"
_VERIFIER = "what the kernel's verifier refuses is a mistake of dtrans, and told with its log"
_LINKING = "D programs are not linked on Linux"
_NO_DIF = "there is no DIF and no virtual machine"
_NAMES_BOUND = "names are bound when the program is compiled"
_KERNEL_PATHS = "the kernel itself says where its parts are"
#: The versions of D that Solaris and illumos have had (libdtrace dt_open.c).
_VERSIONS = (
    *("1.0", "1.1", "1.2", "1.2.1", "1.2.2", "1.3", "1.4", "1.4.1", "1.5", "1.6", "1.6.1", "1.6.2", "1.6.3", "1.6.4"),
    *("1.7", "1.7.1", "1.8", "1.8.1", "1.9", "1.9.1", "1.10", "1.11", "1.12", "1.12.1", "1.13"),
)
OPTIONS: Mapping[str, Option] = {
    option.name: option
    for option in (
        Option("aggpercpu", "flag", reason="only what uses libdtrace sees an aggregation's values by CPU"),
        Option("agghist", "flag", dynamic=True),
        Option("aggpack", "flag", dynamic=True),
        Option("aggrate", "rate", "1hz", dynamic=True),
        Option("aggsize", "size", "4m", most=1 << 30, buffer="aggregation size"),
        Option("aggsortkey", "flag", dynamic=True),
        Option("aggsortkeypos", "count", dynamic=True),
        Option("aggsortpos", "count", dynamic=True),
        Option("aggsortrev", "flag", dynamic=True),
        Option("aggzoom", "flag", dynamic=True),
        Option("amin", "text"),
        Option("argref", "flag"),
        Option("bpflog", "flag", reason=_VERIFIER),
        Option("bpflogsize", "size", reason=_VERIFIER),
        Option("breakpoint", "flag", outside=True),
        Option("buflimit", "count", reason="records are read all the time, not when a buffer has so much of them"),
        Option("bufpolicy", "text", "switch", ("switch", "fill", "ring")),
        Option("bufresize", "text", "auto", ("auto", "manual")),
        Option("bufsize", "size", "4m", most=1 << 30, buffer="buffer size"),
        Option("cleanrate", "rate", "101hz", reason="freed storage is reused at once"),
        Option("compat", "text", "solaris", ("solaris", "linux")),
        Option("core", "flag", reason="the original dumps its memory at its end"),
        Option("cpp", "flag"),
        Option("cpphdrs", "flag", outside=True),
        Option("cppargs", "text", outside=True),
        Option("cpppath", "text", "cpp", outside=True),
        Option("cpu", "count"),
        Option("ctfpath", "text", reason=_TYPES_FROM_BTF, outside=True),
        Option("ctypes", "text", reason=_TYPES_FROM_BTF),
        Option("debug", "flag", reason="DTRANS_DEBUG=1 in the environment shows what goes on"),
        Option("debugassert", "text", reason="dtrans has no assertions to choose"),
        Option("defaultargs", "flag"),
        Option("define", "text", outside=True),
        Option("destructive", "flag"),
        Option("disallow_dsym", "flag", reason="symbols come from the programs themselves"),
        Option("disasm", "count", reason=_NO_DIF),
        Option("dofstashpath", "text", reason="probes that programs define need no helper"),
        Option("droptags", "flag"),
        Option("dtypes", "text", reason=_TYPES_FROM_BTF),
        Option("dynvarsize", "size", "1m", most=1 << 30, buffer="dynamic variable size"),
        Option("empty", "flag"),
        Option("encoding", "text", "", ("ascii", "utf8"), dynamic=True),
        Option("errtags", "flag", reason="tags are always shown"),
        Option("evaltime", "text", "preinit", ("exec", "preinit", "postinit", "main")),
        Option("flowindent", "flag", dynamic=True),
        Option("grabanon", "flag", reason="there is no anonymous tracing"),
        Option("incdir", "text", outside=True),
        Option("iregs", "count", reason=_NO_DIF),
        Option("jstackframes", "count", "50"),
        Option("jstackstrsize", "size", "512"),
        Option("kdefs", "flag", reason=_NAMES_BOUND),
        Option("knodefs", "flag", reason=_NAMES_BOUND),
        Option("late", "text", "", ("dynamic", "static"), _NAMES_BOUND),
        Option("lazyload", "flag", reason=_LINKING),
        Option("ldpath", "text", reason=_LINKING, outside=True),
        Option("libdir", "text"),
        Option("linkmode", "text", "", ("kernel", "primary", "dynamic", "static"), _LINKING),
        Option("linknommap", "flag", reason=_LINKING),
        Option("linktype", "text", "", ("elf", "dof"), _LINKING),
        Option("lockmem", "text", reason="the kernel's limit is raised as far as it can be", outside=True),
        Option("mangled", "flag", reason="probes have the names of symbols as they are"),
        Option("maxframes", "count", "127"),
        Option("modpath", "text", reason=_KERNEL_PATHS, outside=True),
        Option("nolibs", "flag"),
        Option("noerror", "flag"),
        Option("nojtanalysis", "flag", reason="functions with jump tables have all their probes"),
        Option("noresolve", "flag"),
        Option("nspec", "count", "1", most=4095),
        Option("oformat", "text", "text", ("text", "json")),
        Option("panic", "flag", outside=True),
        Option("pcapsize", "size", reason="there is no pcap()"),
        Option("pgmax", "count", reason="processes whose symbols were read stay known"),
        Option("preallocate", "size", reason="memory is allocated as it is needed"),
        Option("printsize", "size", reason="print() shows a value whole", dynamic=True),
        Option("procfspath", "text", reason=_KERNEL_PATHS, outside=True),
        Option("pspec", "flag", reason="a letter of the command line says how a description is read"),
        Option("quiet", "flag", dynamic=True),
        Option("quietresize", "flag"),
        Option("rawbytes", "flag", dynamic=True),
        Option("scratchsize", "size", "16k", most=256 << 10),
        Option("setenv", "text", outside=True),
        Option("specsize", "size", "32k", most=1 << 30, buffer="speculation size"),
        Option("stackframes", "count", "20"),
        Option("stackindent", "count", "14", dynamic=True),
        Option("statusrate", "rate", "1hz"),
        Option("stdc", "text", "a", ("a", "c", "s", "t"), outside=True),
        Option("strip", "flag", reason=_LINKING),
        Option("strsize", "size", "256", least=1, most=1 << 20),
        Option("switchrate", "rate", "20hz", dynamic=True),
        Option("syslibdir", "text", reason="what the system's libraries of D define is built in"),
        Option("sysslice", "flag", reason="where the tracer stands among control groups stays as it is"),
        Option("temporal", "flag", reason="records are always in the order of time"),
        Option("tree", "count", reason="'dtrans explain --stage ast' shows the tree"),
        Option("tregs", "count", reason=_NO_DIF),
        Option("typefilter", "text", reason=_TYPES_FROM_BTF),
        Option("udefs", "flag", reason=_NAMES_BOUND),
        Option("undef", "text", outside=True),
        Option("unodefs", "flag", reason=_NAMES_BOUND),
        Option("unsetenv", "text", outside=True, without="="),
        Option("useruid", "count", reason="every user's processes are traced in the same way"),
        Option("ustackframes", "count", "100"),
        Option("verbose", "flag", outside=True),
        Option("version", "text", "", _VERSIONS, "there is one version of D here"),
        Option("zdefs", "flag"),
        Option("zone", "text", reason="Linux has no zones"),
    )
}

#: What a flag may be set to, in letters of either case (libdtrace dt_options.c, dt_opt_runtime).
_TRUE = frozenset({"1", "yes", "enable", "enabled", "true", "on", "set"})
_FALSE = frozenset({"0", "no", "disable", "disabled", "false", "off", "unset"})
_SIZE_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
#: Nanoseconds that the kernel's clocks can count.
_LONGEST_PERIOD = (1 << 63) - 1
#: Nanoseconds of one unit, for rates given as a period (Guide, "Options and Tunables").
_PERIODS = {
    "ns": 1, "nsec": 1, "us": 10**3, "usec": 10**3, "ms": 10**6, "msec": 10**6, "s": 10**9, "sec": 10**9,
    "m": 60 * 10**9, "min": 60 * 10**9, "h": 3600 * 10**9, "hour": 3600 * 10**9,
    "d": 86400 * 10**9, "day": 86400 * 10**9,
}  # fmt: skip


def _near(name: str) -> str:
    """The hint for an option that there is not."""
    from difflib import get_close_matches

    close = get_close_matches(name, OPTIONS)
    return f"do you mean {' or '.join(close)}?" if close else "docs/manual/options.md lists the options"


def check_option(name: str, value: str | None, span: Span | None = None) -> str:
    """The value in canonical text: "1" for a set flag and "0" for one that is not, else the words given.

    Raises D_PRAGMA_OPTSET for a bad one.
    """
    option = OPTIONS.get(name)
    if option is None:
        told = f"{_failed(name, value, span)}: Invalid option name"
        raise fail("D_PRAGMA_OPTSET", told, span, hint=_near(name))
    match option.kind:
        case "flag":
            word = (value or "1").lower()
            if word in _TRUE or word in _FALSE:
                return "1" if word in _TRUE else "0"
            if not is_numeral(word):
                raise _invalid(name, value, "no value, or yes or no", span)
            return "1" if numeral(word) else "0"
        case "size":
            _check_bounds(option, parse_size(value or "", name, span), value, span)
        case "rate":
            parse_rate(value or "", name, span)
        case "count":
            if not is_numeral(value or ""):
                raise _invalid(name, value, "a number", span)
            _check_bounds(option, numeral(value or ""), value, span)
        case "text" if not value:
            raise _invalid(name, value, "a value", span)
        case "text" if option.choices and value not in option.choices:
            raise _invalid(name, value, f"one of {', '.join(option.choices)}", span)
        case "text" if option.without and option.without in (value or ""):
            raise _invalid(name, value, f"a value without '{option.without}'", span)
    return value or ""


def _check_bounds(option: Option, number: int, value: str | None, span: Span | None) -> None:
    if not option.least <= number <= option.most and not (option.buffer and number > option.most):
        raise _invalid(option.name, value, f"a {option.kind} from {option.least} to {option.most}", span)


def _failed(name: str, value: str | None, span: Span | None) -> str:
    """As the original words it, on the command line (dtrace.c, main) and in a pragma (dt_pragma.c)."""
    if span is None:
        return f"failed to set -x {name}"
    return f"failed to set option '{name}'" + (f" to '{value}'" if value else "")


def _invalid(name: str, value: str | None, takes: str, span: Span | None) -> DtransError:
    told = f"{_failed(name, value, span)}: Invalid value for specified option"
    return fail("D_PRAGMA_OPTSET", told, span, hint=f"it takes {takes}")


def parse_size(text: str, name: str = "size", span: Span | None = None) -> int:
    """Bytes: ``4m`` is 4194304, ``0x1000`` 4096. A number is one of C, as in libdtrace."""
    digits = text.rstrip("kmgtKMGT")
    unit = _SIZE_UNITS.get(text[len(digits) :].lower())
    number = c_numeral(digits)
    if number is None or unit is None:
        raise _invalid(name, text, "a size such as 512, 64k or 4m", span)
    return number * unit


def parse_rate(text: str, name: str = "rate", span: Span | None = None) -> int:
    """Nanoseconds between two events: ``10hz`` and ``10`` are 100000000, ``5s`` is 5000000000; 0, as often as can be,
    is 0 (libdtrace dt_opt_rate)."""
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    unit = text[len(digits) :].lower()
    number = numeral(digits) if is_numeral(digits) else None
    if number is not None and unit in ("", "hz"):
        return max(1, 10**9 // number) if number else 0
    if number is not None and unit in _PERIODS:
        return min(number * _PERIODS[unit], _LONGEST_PERIOD)
    raise _invalid(name, text, "a rate such as 10hz, 100ms or 5s", span)


class Options:
    """The options of one program, by name, with their defaults."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self.given = dict(given)

    def text(self, name: str) -> str:
        return self.given.get(name, OPTIONS[name].default)

    def flag(self, name: str) -> bool:
        return self.text(name) == "1"

    def size(self, name: str) -> int:
        option, asked = OPTIONS[name], parse_size(self.text(name), name)
        return min(asked, option.most) if option.buffer else asked

    def lowered(self) -> Mapping[str, int]:
        """The buffers that are smaller than was asked for, by what messages call them, with their sizes in bytes."""
        buffers = (option for option in OPTIONS.values() if option.buffer and option.name in self.given)
        sizes = {option.buffer: (parse_size(self.text(option.name)), option.most) for option in buffers}
        return {name: most for name, (asked, most) in sizes.items() if asked > most}

    def rate(self, name: str) -> int:
        return parse_rate(self.text(name), name)

    def count(self, name: str) -> int | None:
        return int(self.text(name)) if self.text(name) else None
