"""Where a piece of D text stands: sources, spans, locations.

A `Source` is one text handed to dtrans: a script file, a ``-n`` argument, an expression of a
knowledge row. A `Span` is a half-open range of offsets in it. Every AST node carries one.
"""

from __future__ import annotations

from bisect import bisect_right

from dtrans.values import dataclass, field

#: The name of sources that are no file.
ON_COMMAND_LINE = "-n"
#: A place as people name it: file, line, column; they count from 1.
Location = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Source:
    """One D text. `origins` maps lines back to where they came from, after the preprocessor ran.

    `origins` holds ``(first line of text, file, line in that file)``, sorted by the first item.
    """

    name: str
    text: str
    origins: tuple[tuple[int, str, int], ...] = field(default=(), repr=False)
    #: The descriptions that a command line gave, where the text has them completed.
    specifier: str = field(default="", repr=False, compare=False)
    #: Where each line starts: filled when it is first asked for.
    _starts: list[int] = field(default_factory=list, init=False, repr=False, compare=False)

    def locate(self, offset: int) -> Location:
        """The file, line and column of an offset in the text."""
        row = self._row(offset)
        column = offset - self._starts[row - 1] + 1
        at = bisect_right(self.origins, row, key=lambda origin: origin[0])
        if not at:
            return self.name, row, column
        first, file, line = self.origins[at - 1]
        return file, line + row - first, column

    def line_at(self, offset: int) -> str:
        """The text of the line that holds an offset, without its newline."""
        row = self._row(offset)
        start = self._starts[row - 1]
        end = self.text.find("\n", start)
        return self.text[start:] if end < 0 else self.text[start:end]

    def _row(self, offset: int) -> int:
        if not self._starts:
            self._starts.extend((0, *(index + 1 for index, char in enumerate(self.text) if char == "\n")))
        return bisect_right(self._starts, offset)


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of character offsets in one source."""

    source: Source
    start: int
    end: int

    @property
    def location(self) -> Location:
        return self.source.locate(self.start)

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    def to(self, other: Span) -> Span:
        """The span from the start of this one to the end of another in the same source."""
        return Span(self.source, self.start, max(self.end, other.end))


#: A place that can be kept apart from its text: file, line, column, length, and the text of the line; line 0 for none.
Written = tuple[str, int, int, int, str]


def written(span: Span | None) -> Written:
    """A place without the text that it is in."""
    if span is None:
        return "", 0, 0, 0, ""
    file, line, column = span.location
    return file, line, column, span.end - span.start, span.source.line_at(span.start)


def span_of(place: Written) -> Span | None:
    """The place again, in a text that has this line only."""
    file, line, column, width, text = place
    return Span(Source(file, text, ((1, file, line),)), column - 1, column - 1 + width) if line else None


NOWHERE = Span(Source("<built in>", ""), 0, 0)
