"""Writes the pages of `docs/` that are made from data: ``make docs``.

`kernels.md` comes from `translators/` and from what the lab proved of it (`tests/proofs/`), `reference/` from
`translators/` and the examples beside it. With ``--examples [PROVIDER ...]`` the examples are run first (``make
examples``).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from docs import providers  # noqa: E402
from dtrans.cli.tags import tags, unraised  # noqa: E402
from dtrans.knowledge.load import load  # noqa: E402
from dtrans.knowledge.rows import Knowledge, Note  # noqa: E402
from tests import proving  # noqa: E402

#: The columns: a results file, and what to add to its kernel's version.
COLUMNS = {"5.10": "", "6.1": "", "6.12": "", "newest": "", "host": " (no kprobes)"}
_HEAD = """\
# What fires on which kernel

Each probe, structure member and built-in variable that [`translators/`](../translators/README.md) serves, and what the
live tests saw of it: on the kernels of the [lab](../tests/vm/README.md), and on a host whose kernel has no kprobes.

| | means |
| --- | --- |
| **exact**, **close**, **partial** | fired the known number of times with the right values; how faithful it is there |
| absent | this kernel does not offer what the row needs; the number below the table tells what |
| refused | Linux has no such thing: a program that uses it is refused with the reason |
| unproven | served, but no test makes it fire there; the number tells the cause |

A test that needs `lab` runs in guests only, where nothing else does. `dtrans explain` says how a row differs from the
original. This page is made by `make docs` from the results in
`tests/proofs/`, which `make proofs` renews.
"""


def kernels_page() -> str:
    """The text of docs/kernels.md."""
    results = {name: proving.read(path) for name in COLUMNS if (path := proving.FOLDER / f"{name}.json").exists()}
    titles = [found["kernel"] + COLUMNS[name] for name, found in results.items()]
    states = [found["rows"] for found in results.values()]
    tables = (_table(title, rows, titles, states) for title, rows in _groups(load()))
    return "\n".join([_HEAD, *tables])


def _groups(knowledge: Knowledge) -> Iterator[tuple[str, list[tuple[str, str, Note]]]]:
    """Titles of tables, with their rows: what is shown, the row's name, its note."""
    for provider in knowledge.providers.values():
        named = [(probe, proving.probe_name(provider.name, probe)) for probe in provider.probes]
        rows = [
            (":".join(filter(None, (probe.module, probe.function, probe.name))), name, probe.note)
            for probe, name in named
        ]
        if rows:
            yield f"Provider `{provider.name}`", rows
    for structure in knowledge.structures.values():
        members = structure.members.values()
        yield f"Structure `{structure.name}`", [(one.name, f"{structure.name}.{one.name}", one.note) for one in members]
    yield "Built-in variables", [(one.name, one.name, one.note) for one in knowledge.builtins.values()]


def _table(
    title: str,
    rows: Sequence[tuple[str, str, Note]],
    titles: Sequence[str],
    states: Sequence[Mapping[str, Mapping[str, str]]],
) -> str:
    notes: dict[str, int] = {}

    def numbered(word: str, why: str) -> str:
        return f"{word} {notes.setdefault(why, len(notes) + 1)}" if why else word

    lines = [f"## {title}", "", f"| | {' | '.join(titles)} |", f"| --- |{' --- |' * len(titles)}"]
    for shown, name, note in rows:
        if note.fidelity == "none":
            cells = [numbered("refused", note.differs)] * len(states)
        else:
            cells = [_cell(found.get(name, {}), numbered) for found in states]
        lines.append(f"| {providers.code(shown)} | {' | '.join(cells)} |")
    lines += ["", *(f"{number}. {why}" for why, number in notes.items())]
    return "\n".join(lines).rstrip() + "\n"


def _cell(state: Mapping[str, str], numbered: Callable[[str, str], str]) -> str:
    match state.get("state"):
        case "fired":
            return f"**{state['fidelity']}**"
        case "absent":
            return numbered("absent", state["why"])
        case _:
            return numbered("unproven", state.get("why", "no run of its test has passed on this kernel yet"))


def tags_page() -> str:
    """All tags: those that are raised, and those of libdtrace that are not, with the reason."""
    lines = [
        "# All tags",
        "",
        "What each [error](errors.md) means; `dtrans explain TAG` has an example and what to do. Made by `make docs`.",
        "",
        "| tag | said when |",
        "| --- | --- |",
        *(f"| `{tag.name}` | {tag.meaning} |" for tag in tags().values()),
        "",
        "## Tags of libdtrace that are not raised",
        "",
        "| tag | why |",
        "| --- | --- |",
        *(f"| `{name}` | {reason} |" for name, reason in sorted(unraised().items())),
        "",
    ]
    return "\n".join(lines)


def pages() -> dict[Path, str]:
    """Every page that is made from data, by the file that it stands in."""
    return {
        ROOT / "docs" / "kernels.md": kernels_page(),
        ROOT / "docs" / "manual" / "tags.md": tags_page(),
        **providers.pages(load()),
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["--examples"]:
        providers.capture(sys.argv[2:])
    for path, text in pages().items():
        path.write_text(text)
