"""Tells what a program becomes on Linux, probe by probe and member by member; a table on a terminal, else plain
text. And what a provider, a structure or an error's tag is."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from dtrans.cli.tags import Tag
from dtrans.knowledge.describe import (
    absent_probes,
    declared_args,
    family_sentence,
    known_sites,
    served_probes,
    source_title,
    structures_of,
)

if TYPE_CHECKING:
    from dtrans.check.universe import Universe
    from dtrans.knowledge.rows import ProviderRow, StructureRow
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


def show_provider(provider: ProviderRow, universe: Universe) -> None:
    """Prints what a provider's rows say: as its page in the reference manual does, for the kernel at hand."""
    guide = f" (Guide: {provider.guide})" if provider.guide else ""
    print(f"{provider.name}: {provider.summary}{guide}")
    none = f"Where there are none: {provider.reason}." if provider.reason else ""
    for sentence in filter(None, (family_sentence(provider), none)):
        print(_wrapped(sentence, 2))
    for called, site in known_sites(provider):
        print(f"\n{_wrapped(', '.join(f'{provider.name}:::{name}' for name in called), 0)}: {site.note.fidelity}")
        if site.args:
            print(_wrapped(", ".join(declared_args(site)), 4))
        if site.note.differs:
            print(_wrapped(site.note.differs, 4))
    for one in served_probes(provider):
        taken = universe.source_of(one.sources)
        note = one.note if taken is None or taken.note is None else taken.note
        print(f"\n{provider.name}:::{one.names[0]}: {note.fidelity if taken else 'not on this kernel'}")
        if one.args:
            print(_wrapped(", ".join(f"args[{number}] {kind}" for number, kind in enumerate(one.args)), 4))
        for source in one.sources:
            needs = f", needs {', '.join(source.needs)}" if source.needs else ""
            told = " (here)" if source is taken and len(one.sources) > 1 else ""
            print(_wrapped(f"{source_title(source)}{needs}{told}", 4))
        if note.differs:
            print(_wrapped(note.differs, 4))
    for one in absent_probes(provider):
        print(f"\n{_wrapped(', '.join(one.names), 0)}: not on Linux")
        print(_wrapped(one.note.differs, 4))
    names = [structure.name for structure in structures_of(universe.knowledge, provider)]
    if names:
        print(f"\n{_wrapped('Structures: ' + ', '.join(names), 0)}")


def show_structure(structure: StructureRow) -> None:
    """Prints the members of a translated structure."""
    print(f"{structure.name} (Guide: {structure.guide})")
    for member in structure.members.values():
        fidelity = "not on Linux" if member.note.fidelity == "none" else member.note.fidelity
        print(f"\n{member.type} {member.name}: {fidelity}")
        if member.note.differs:
            print(_wrapped(member.note.differs, 4))


def _wrapped(text: str, indent: int) -> str:
    margin = " " * indent
    return textwrap.fill(text, 110, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False)


def _row(one: Explanation) -> tuple[str, str, str, str]:
    subject = one.subject
    if one.span is not None and one.span.source.text:
        subject = f"{subject} (line {one.span.location[1]})"
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
