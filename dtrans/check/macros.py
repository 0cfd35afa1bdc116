"""What ``$1``, ``$uid`` and their kin stand for in a program (Guide, "Scripting")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dtrans.errors import fail
from dtrans.numerals import numeral
from dtrans.source import Span


@dataclass
class Macros:
    """Macro arguments and variables. `named` holds uid, gid, ppid and their kin;
    `args` $1 and on; `used` remembers which arguments a script asked for."""

    script: str
    args: Sequence[str]
    named: Mapping[str, int]
    target: bool
    default_args: bool = False
    used: set[int] = field(default_factory=set)

    def text(self, name: str, span: Span, *, quoted: bool = False) -> str:
        """The words that a macro stands for. Raises D_MACRO_UNDEF."""
        if name.isdecimal():
            number = numeral(name)
            if number == 0:
                return self.script
            if number <= len(self.args):
                self.used.add(number)
                return self.args[number - 1]
            if self.default_args:
                return "" if quoted else "0"
            raise fail(
                "D_MACRO_UNDEF",
                f"macro argument {'$$' if quoted else '$'}{name} is not defined",
                span,
                hint='give the argument after the script, or set the option defaultargs to have 0 or "" instead',
            )
        if name in self.named:
            return str(self.named[name])
        raise fail("D_MACRO_UNDEF", f"macro variable {'$$' if quoted else '$'}{name} is not known", span)

    def unused(self) -> tuple[int, str] | None:
        """The last argument, if the script never asked for it; others it may leave out (libdtrace dt_compile)."""
        last = len(self.args)
        return (last, self.args[-1]) if last and last not in self.used else None
