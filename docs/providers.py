"""The reference manual of providers: a page for each, from the rows of `translators/` and an example with its output.

An example is `reference/examples/PROVIDER.d`; a comment in it, ``run: ARGUMENTS``, says how it is run. Its output is
kept beside it, with the kernel that it comes from in its first line: ``make examples`` runs them anew, those with a
comment ``kernel: VERSION`` on that kernel of the lab (tests/vm/). A provider without an example has a page without one.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from dtrans.knowledge.describe import (
    ProbeFacts,
    absent_probes,
    chapter,
    declared_args,
    family_sentence,
    known_sites,
    served_probes,
    source_title,
    structures_of,
)
from dtrans.knowledge.rows import CallRow, Knowledge, LinuxCall, Note, ProviderRow, StructureRow
from tests.vm import compiler
from tests.vm.guest import Guest
from tests.vm.kernels import kernel

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "reference"
EXAMPLES = FOLDER / "examples"
_RUN = re.compile(r"^/\* run: (.*) \*/\n", re.MULTILINE)
_KERNEL = re.compile(r"^/\* kernel: (.*) \*/\n", re.MULTILINE)
#: For all examples of one kernel of the lab.
_SECONDS = 900.0
_DTRANS = """
import sys
from tests.vm.compiler import use_host
use_host()
sys.argv[0] = "dtrans"
from dtrans.cli.main import main
sys.exit(main())
"""
_MADE = "<!-- made by `make docs` from translators/: change the rows, not this page -->\n"
_INDEX = """\
# Reference of providers

What each provider of D offers on Linux: its probes with their arguments, how faithful they are and what differs, the
Linux events that fire them in order of preference, the members of its structures, and an example with its real output.
`dtrans explain PROVIDER` and `dtrans list -v PROVIDER:::` tell the same, for the kernel at hand, and
[kernels](../kernels.md) tells what has been seen to fire on which kernel.

| fidelity | means |
| --- | --- |
| exact | same meaning, same value |
| close | same meaning, with a small difference that is stated |
| partial | a part of the meaning; it is stated which |

Where a probe has several sources, the first is taken that the kernel at hand has all parts of.
"""


def pages(knowledge: Knowledge) -> dict[Path, str]:
    """Every page of the reference, by the file that it stands in."""
    made = {FOLDER / f"{name}.md": _page(knowledge, provider) for name, provider in knowledge.providers.items()}
    made[FOLDER / "syscall.md"] += _calls(knowledge)
    made[FOLDER / "variables.md"] = _variables(knowledge)
    made[FOLDER / "README.md"] = _index(knowledge)
    return made


def _index(knowledge: Knowledge) -> str:
    rows = []
    for name, provider in sorted(knowledge.providers.items()):
        known = len(list(served_probes(provider))) + len(provider.sites)
        absent = sum(len(one.names) for one in absent_probes(provider))
        cells = [f"[`{name}`]({name}.md)", provider.summary, str(known or ""), str(absent or "")]
        rows.append(f"| {' | '.join(cells)} |")
    head = ["| provider | | probes with a row | not on Linux |", "| --- | --- | --- | --- |"]
    rest = "\nAnd [built-in variables and constants](variables.md).\n"
    return "\n".join([_MADE + _INDEX, *head, *rows]) + "\n" + rest


def _page(knowledge: Knowledge, provider: ProviderRow) -> str:
    guide = f" The Guide's chapter: {provider.guide}." if provider.guide else ""
    parts = [_MADE, f"# Provider `{provider.name}`\n\n{provider.summary}{guide}\n"]
    if sentence := family_sentence(provider):
        parts.append(f"{sentence}\n")
    served, absent = list(served_probes(provider)), list(absent_probes(provider))
    if provider.reason:
        parts.append(f"Where there are none: {provider.reason}.\n")
    if provider.sites:
        parts.append(_sites(provider))
    if served:
        parts.append(_probes(served))
    if absent:
        parts.append(_absent(absent))
    if served:
        parts.append(_sources(served))
    parts += _structures(knowledge, provider)
    parts += _example(provider.name)
    return "\n".join(parts)


def _probes(served: Sequence[ProbeFacts]) -> str:
    lines = ["## Probes", "", "| probe | arguments | fidelity | what differs |", "| --- | --- | --- | --- |"]
    for one in served:
        name = ", ".join(f"`{name}`" for name in one.names)
        args = ", ".join(f"`{kind}`" for kind in one.args)
        lines.append(f"| {name} | {args} | {one.note.fidelity} | {_text(one.note.differs)} |")
    return "\n".join(lines) + "\n"


def _sites(provider: ProviderRow) -> str:
    lines = ["## Probes of programs", "", "Pointers are the process's: text is for `copyinstr()`.", ""]
    lines += ["| probe | arguments | what differs |", "| --- | --- | --- |"]
    for names, site in known_sites(provider):
        shown = ", ".join(f"`{name}`" for name in names)
        args = ", ".join(f"`{text}`" for text in declared_args(site))
        lines.append(f"| {shown} | {args} | {_text(site.note.differs)} |")
    return "\n".join(lines) + "\n"


def _absent(absent: Sequence[ProbeFacts]) -> str:
    lines = ["## Not on Linux", "", "A program that names one of these is refused with the reason.", ""]
    lines += ["| probe | why |", "| --- | --- |"]
    lines += [f"| {', '.join(f'`{name}`' for name in one.names)} | {_text(one.note.differs)} |" for one in absent]
    return "\n".join(lines) + "\n"


def _sources(served: Sequence[ProbeFacts]) -> str:
    """Probes that are served by the same events stand together."""
    together: dict[tuple[tuple[str, str, str], ...], list[str]] = {}
    for one in served:
        told = []
        for source in one.sources:
            note = "" if source.note is None else f"{source.note.fidelity}: {source.note.differs}"
            told.append((source_title(source), ", ".join(source.needs), note))
        together.setdefault(tuple(told), []).extend(one.names)
    lines = ["## Sources", "", "| probe | fired by | needs | where it is less faithful |", "| --- | --- | --- | --- |"]
    for sources, names in together.items():
        shown = ", ".join(f"`{name}`" for name in names)
        for number, (places, needs, note) in enumerate(sources, 1):
            order = f"{number}. " if len(sources) > 1 else ""
            cells = (shown if number == 1 else "", order + _codes(places), _codes(needs), _text(note))
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _structures(knowledge: Knowledge, provider: ProviderRow) -> Iterator[str]:
    """The structures of the provider's own chapter, and links to those of others."""
    used = structures_of(knowledge, provider)
    own = [one for one in knowledge.structures.values() if chapter(one) == provider.name]
    others = [one for one in used if one not in own and chapter(one) in knowledge.providers]
    if not own and not others:
        return
    yield "## Structures\n"
    for structure in own:
        yield _members(structure)
    if others:
        links = ", ".join(f"[`{one.name}`]({chapter(one)}.md#{one.name})" for one in others)
        yield f"Described elsewhere: {links}.\n"


def _members(structure: StructureRow) -> str:
    lines = [f"### {structure.name}", ""]
    lines += ["| member | type | fidelity | what differs |", "| --- | --- | --- | --- |"]
    for member in structure.members.values():
        fidelity = "not on Linux" if member.note.fidelity == "none" else member.note.fidelity
        cells = f"`{member.name}`", f"`{member.type}`", fidelity, _text(member.note.differs)
        lines.append(f"| {' | '.join(cells)} |")
    origins = dict.fromkeys(translator.origin for translator in structure.translators)
    lines += ["", f"Made from: {', '.join(f'`{origin}`' for origin in origins)}."] if origins else []
    return "\n".join(lines) + "\n"


def _calls(knowledge: Knowledge) -> str:
    """The system calls whose names elsewhere mean other calls of Linux: Solaris', then second names."""
    lines = ["", "## System calls of Solaris", ""]
    lines += ["Calls that have the same name and arguments on both systems are not listed.", ""]
    lines += _call_table([row for row in knowledge.calls.values() if not row.spare])
    lines += ["", "## System calls of FreeBSD and macOS, and other second names", ""]
    lines += ["Each answers for the calls that a program means by no other name.", ""]
    lines += _call_table([row for row in knowledge.calls.values() if row.spare])
    return "\n".join(lines) + "\n"


def _call_table(rows: Iterable[CallRow]) -> list[str]:
    """A table of system calls, those of one note and the same Linux calls in one row."""
    lines = ["| name | Linux | fidelity | what differs |", "| --- | --- | --- | --- |"]
    alike: dict[tuple[Note, tuple[LinuxCall, ...]], list[str]] = {}
    for row in rows:
        alike.setdefault((row.note, row.linux), []).append(f"`{row.name}`")
    for (note, calls), names in alike.items():
        linux = ", ".join(dict.fromkeys(f"`{call.name}`" for call in calls))
        fidelity = "not on Linux" if note.fidelity == "none" else note.fidelity
        lines.append(f"| {', '.join(names)} | {linux} | {fidelity} | {_text(note.differs)} |")
    return lines


def _variables(knowledge: Knowledge) -> str:
    lines = [_MADE, "# Built-in variables and constants", "", "## Variables", ""]
    lines += ["| variable | type | fidelity | what differs |", "| --- | --- | --- | --- |"]
    for row in sorted(knowledge.builtins.values(), key=lambda row: row.name):
        fidelity = "not on Linux" if row.note.fidelity == "none" else row.note.fidelity
        lines.append(f"| {code(row.name)} | `{row.type}` | {fidelity} | {_text(row.note.differs)} |")
    lines += ["", "## Constants", "", "| constants | fidelity | what differs |", "| --- | --- | --- |"]
    groups: dict[tuple[str, str], list[str]] = {}
    for constant in knowledge.constants.values():
        groups.setdefault((constant.note.fidelity, constant.note.differs), []).append(constant.name)
    for (kept, differs), names in groups.items():
        lines.append(f"| {', '.join(f'`{name}`' for name in names)} | {kept} | {_text(differs)} |")
    return "\n".join(lines) + "\n"


def _text(sentence: str) -> str:
    return sentence.replace("|", "\\|").replace("<", "&lt;")


def code(name: str) -> str:
    """A name as Markdown's code: those of kernel variables begin with a backquote."""
    return f"`` {name} ``" if "`" in name else f"`{name}`"


def _codes(words: str) -> str:
    return ", ".join(f"`{word}`" for word in words.split(", ") if word)


# --- examples -------------------------------------------------------------------------------------------------------


def _example(name: str) -> Iterator[str]:
    script, output = EXAMPLES / f"{name}.d", EXAMPLES / f"{name}.out"
    if not script.exists():
        return
    text = script.read_text()
    kernel, _, shown = output.read_text().partition("\n") if output.exists() else ("", "", "")
    yield f"## Example\n\n```d\n{_KERNEL.sub('', _RUN.sub('', text)).strip()}\n```\n"
    command = f"dtrans run docs/reference/examples/{name}.d {_arguments(text)}".rstrip()
    yield f"{kernel.removeprefix('# ')}:\n\n```\n$ {command}\n{shown.rstrip()}\n```\n"


def _arguments(text: str) -> str:
    found = _RUN.search(text)
    return found[1] if found else ""


def capture(names: Sequence[str]) -> None:
    """Runs examples, those named or all, each on the kernel that it names or on this one, and keeps what they print.

    One that this kernel cannot serve stays as it is, unless it never ran: then how it is refused is kept."""
    here = ".".join(os.uname().release.split(".")[:2])
    elsewhere: dict[str, list[str]] = {}
    for script in sorted(EXAMPLES.glob("*.d")):
        if names and script.stem not in names:
            continue
        wanted = _KERNEL.search(script.read_text())
        if wanted and wanted[1] != here:
            elsewhere.setdefault(wanted[1], []).append(script.stem)
        else:
            _keep_output(script, here, must=bool(names))
    for version, stems in elsewhere.items():
        _capture_in_lab(version, stems)


def _keep_output(script: Path, kernel: str, must: bool) -> None:
    """Runs an example and keeps what it prints; not that it is refused, unless it `must` be kept or nothing else is."""
    output = script.with_suffix(".out")
    arguments = shlex.split(_arguments(script.read_text()))
    line = [sys.executable, "-c", _DTRANS, "run", str(script.relative_to(ROOT)), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "100"}
    done = subprocess.run(
        line, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode and output.exists() and not must:
        return
    lines = [text.rstrip() for text in done.stdout.strip("\n").splitlines()]
    output.write_text("\n".join([f"# On Linux {kernel}", *lines]) + "\n")


def _capture_in_lab(name: str, stems: Sequence[str]) -> None:
    """Runs examples on a kernel of the lab, in a guest that may write into their folder."""
    text = f"from docs import providers; providers.capture({list(stems)!r})"
    booted = kernel(name)
    with TemporaryDirectory(prefix="dtrans-examples-") as texts, compiler.serving(Path(texts), booted.machine.name):
        environment = [("PYTHONPATH", str(ROOT)), (compiler.VARIABLE, texts)]
        guest = Guest(booted, [EXAMPLES, Path(texts)], environment)
        status = guest.run([sys.executable, "-c", text], sys.stdout.fileno(), _SECONDS)
    if status:
        raise SystemExit(f"the examples {', '.join(stems)} on Linux {name}: exit status {status}")
