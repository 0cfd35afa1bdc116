"""Tells what a program becomes on Linux, probe by probe and member by member; a table on a terminal, else plain
text."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from dtrans.cli.tags import Tag

if TYPE_CHECKING:
    from dtrans.pipeline import Explanation

_COLUMNS = ("in D", "on Linux", "fidelity", "what differs, and what it needs")
_COLOURS = {"exact": "green", "close": "green", "partial": "yellow", "none": "red"}


def show_explanations(explanations: Iterable[Explanation]) -> None:
    """Prints what each probe and member becomes, each once, with the line of the program where it first stands."""
    rows = list(dict.fromkeys(_row(one) for one in explanations))
    if not rows:
        print("nothing in this program depends on the operating system")
    elif sys.stdout.isatty():
        _table(rows)
    else:
        print("\n".join(_plain(rows)))


def show_tag(tag: Tag) -> None:
    """Prints the meaning of an error's tag, with examples."""
    print(tag.name)
    print(textwrap.fill(tag.meaning, 96, initial_indent="  ", subsequent_indent="  "))
    for title, text in (("wrong", tag.wrong), ("right", tag.right)):
        if text:
            print(f"\n  {title}:\n{textwrap.indent(text.strip(), '    ')}")
    if tag.advice:
        print()
        print(textwrap.fill(tag.advice, 96, initial_indent="  ", subsequent_indent="  "))


def _row(one: Explanation) -> tuple[str, str, str, str]:
    subject = one.subject
    if one.span is not None and one.span.source.text:
        subject = f"{subject} (line {one.span.location.line})"
    needs = f"needs {', '.join(one.source_needs)}" if one.source_needs else ""
    return subject, one.became, one.fidelity, "; ".join(text for text in (one.differs, needs) if text)


def _plain(rows: Sequence[tuple[str, str, str, str]]) -> Iterable[str]:
    """One block for each row: easy to read in a pipe, and to search."""
    for subject, became, fidelity, differs in rows:
        yield f"{subject}: {fidelity}"
        for text in (became, differs):
            if text:
                yield textwrap.fill(text, 110, initial_indent="    ", subsequent_indent="    ")


def _table(rows: Sequence[tuple[str, str, str, str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*_COLUMNS)
    for subject, became, fidelity, differs in rows:
        table.add_row(Text(subject), Text(became), Text(fidelity, style=_COLOURS.get(fidelity, "")), Text(differs))
    Console().print(table)
