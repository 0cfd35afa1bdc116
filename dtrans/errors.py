"""What went wrong, told to a person: tag, place, caret, note and hint.

Tags are libdtrace's own (``D_IDENT_UNDEF``, ``D_PROTO_LEN`` ...; libdtrace dt_errtags.h) where it has one
for the situation, so that people who know them can look them up. `dtrans explain TAG` explains each.
"""

from __future__ import annotations

from dtrans.source import Span
from dtrans.values import dataclass

#: Characters of a line of a program that are shown: lines that machines write may be very long.
_LONGEST_LINE = 240


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem. `span` is None when no place in a D text is at fault."""

    tag: str
    message: str
    span: Span | None = None
    hint: str = ""

    def render(self) -> str:
        """``file:line:column: error: message [TAG]``, the line, a caret under the span, and the hint."""
        lines = []
        if self.span is None:
            lines.append(f"error: {self.message} [{self.tag}]")
        else:
            file, line, column = self.span.location
            lines.append(f"{file}:{line}:{column}: error: {self.message} [{self.tag}]")
            text, at = _around(self.span.source.line_at(self.span.start), column - 1)
            if text.strip():
                # Tabs stay tabs under tabs, so that the caret stands right at any tab width.
                pad = "".join("\t" if char == "\t" else " " for char in text[:at])
                width = max(1, min(self.span.end - self.span.start, len(text) - at))
                lines += [f"    {_printable(text)}", f"    {pad}^{'~' * (width - 1)}"]
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)


class DtransError(Exception):
    """The one exception that the commands turn into text for a person.

    `exit_status` is 1, or 2 when the command line itself was wrong.
    """

    def __init__(self, diagnostic: Diagnostic, *, exit_status: int = 1) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic
        self.exit_status = exit_status


def fail(tag: str, message: str, span: Span | None = None, *, hint: str = "") -> DtransError:
    """The exception to raise for one problem: ``raise fail("D_SYNTAX", "...", span)``."""
    return DtransError(Diagnostic(tag, message, span, hint))


def usage(message: str, *, hint: str = "") -> DtransError:
    """A wrong command line: exit status 2."""
    return DtransError(Diagnostic("D_USAGE", message, None, hint), exit_status=2)


def _around(line: str, at: int) -> tuple[str, int]:
    """The part of a line that is shown, around a place, and where that place is in it."""
    if len(line) <= _LONGEST_LINE:
        return line, at
    start = max(0, min(at - _LONGEST_LINE // 2, len(line) - _LONGEST_LINE))
    cut, end = "..." * (start > 0), start + _LONGEST_LINE
    return f"{cut}{line[start:end]}{'...' * (end < len(line))}", len(cut) + at - start


def _printable(text: str) -> str:
    return "".join(char if char == "\t" or char.isprintable() else "?" for char in text)
