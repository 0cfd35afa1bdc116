"""An artifact as one Python file that runs by itself, with Python and BCC: what ``dtrans translate`` prints.

    Artifact(c_text, programs, probes, ...)   ->   #!/usr/bin/env python3
                                                   ...docstring: what it is, how to run it, what differs
                                                   C_TEXT = r\"\"\"...\"\"\"
                                                   def artifact() -> Artifact: ...
                                                   ...the runner (`dtrans.emit.bundle`)
                                                   sys.exit(command(artifact(), ...))

Text of the D program reaches Python only through `literal`, `raw_text` and `prose`, which nothing can break out of.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, get_args

from dtrans.artifact import Action, Artifact, Freopen, Printa, Printf, Shape, System
from dtrans.artifact import Field as RecordField
from dtrans.attach import Attach, TestRun, Trampoline
from dtrans.emit.bundle import bundle
from dtrans.emit.render import render

_RUNNER = "dtrans.run.command"
_WIDTH = 120
_INDENT = "    "
#: What a raw string in three double quotes cannot hold: three of them, quotes and backslashes at its end, and
#: characters that are not plain ASCII text. A run of quotes and backslashes is never cut.
_NOT_RAW = re.compile(r'[\\"]*"{3}[\\"]*|[\\"]*(?:[^\n\t -~]+|\Z)')
_ADDRESS_KINDS = frozenset(
    {"stack", "ustack", "sym", "func", "mod", "kaddr", "usym", "ufunc", "umod", "uaddr", "function"}
)
#: %a, %A and %k, with flags, width and precision.
_ADDRESS_CONVERSION = re.compile(r"%[^%a-zA-Z]*[aAk]")
_NEEDS = (
    "It needs Python 3.10 or later and BCC, the BPF Compiler Collection (package python3-bpfcc, python3-bcc or "
    "python-bcc), and a kernel with BTF. Layouts of the kernel's structures are looked up where it runs."
)
_CONTENTS = (
    "First comes the program: C for the kernel, and a description of what it attaches to and prints. The rest is the "
    "part of dtrans that loads such programs and prints their output."
)
#: What the parts of an `Artifact` are, for the reader of the file.
_PARTS = {
    "programs": "The C functions, and where each attaches.",
    "probes": "The probes that fire, by the numbers that records carry.",
    "sites": "What a record of each kind holds, and what is done with it: its actions.",
    "aggregations": "Keys and values of the maps agg_0, agg_1 ...",
    "strings": "String constants, by number.",
    "layouts": "Numbers of the running kernel that the C text uses by name.",
    "late": "Numbers that are known when the program starts.",
    "options": "Options, where they are not the default.",
    "matched": "How many probes the program matched.",
    "warnings": "What is told before tracing.",
    "notes": "What is not as on Solaris.",
}


def standalone(artifact: Artifact, title: str, titles: Sequence[str] = ()) -> str:
    """The text of a program that does what `dtrans.run.session.run` does with the artifact.

    `title` names the D program. `titles` are what messages call its texts; by default the script `title`.
    """
    used = {type(value).__name__ for value in _values(artifact)}
    absent = {kind.__name__ for kind in (*get_args(Action), *get_args(Attach))} - used
    parts = bundle(_RUNNER, frozenset({"command", *used}), frozenset(absent), frozenset(_uncalled(artifact)))
    return render(
        "standalone.py.j2",
        {
            "header": _header(artifact, title),
            "imports": parts.imports.rstrip("\n"),
            "title": literal(" ".join(title.split())),
            "titles": literal(tuple(titles or (f"script '{title}'",))),
            "c_text": raw_text(artifact.c_text),
            "artifact": _artifact(artifact),
            "runtime": parts.runtime,
        },
    )


#: What is asked of `HostFacts` about types.
_TYPE_QUESTIONS = ("struct", "written", "typedef", "enumerators", "function", "symbol")


def _uncalled(artifact: Artifact) -> Iterator[str]:
    """Doors to large parts of the runner that the program never opens."""
    if not artifact.layouts:
        yield "layout_prologue"
    if all(layout.kind == "field" for layout in artifact.layouts):
        # Fields of tracepoints are told by tracefs; all else by BTF.
        yield from (f"HostFacts.{name}" for name in _TYPE_QUESTIONS)
        if not any(isinstance(program.attach, Trampoline) for program in artifact.programs):
            yield "HostFacts.function_id"
    if all(program.attach != TestRun("LOAD") for program in artifact.programs):
        yield "find_pages"
    if not any(site.missing for site in artifact.sites):
        yield "completing"
    if artifact.options.get("oformat") != "json":
        yield "json_output"
    if not artifact.wanted:
        yield from ("look_for_places", "Loaded.attach_places", "Session.attach_places", "Session.look_again")
        yield from (
            "Session.trace_libraries",
            "Session.watch_arrivals",
            "Session.trace_arrivals",
            "Session.attach_more",
        )
        yield from ("Userland.find", "Userland.look", "Userland.more")
    if not artifact.host:
        yield "HostNumbers.refresh"
    if not _names_addresses(artifact):
        yield from (
            "Symbols.kernel",
            "Symbols.user",
            "Symbols.follow",
            "Symbols.survey",
            "Symbols.catch_up",
            "Symbols.close",
        )


def _names_addresses(artifact: Artifact) -> bool:
    """Whether addresses may be printed by name: fields that hold them, members that are functions, and formats that
    make one of any number."""
    values = list(_values(artifact))
    kinds = {value.kind for value in values if isinstance(value, RecordField | Shape)}
    formats = [value.format for value in values if isinstance(value, Printf | Printa | System | Freopen)]
    return bool(kinds & _ADDRESS_KINDS) or any(_ADDRESS_CONVERSION.search(text) for text in formats if text)


def _values(value: Any) -> Iterator[Any]:
    """All dataclass values in a value."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _values(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from _values(item)
    elif is_dataclass(value):
        yield value
        for part in fields(value):
            yield from _values(getattr(value, part.name))


# --- the header ---------------------------------------------------------------------------------------------


def _header(artifact: Artifact, title: str) -> str:
    paragraphs = [
        f"{title}: a D program for Linux, translated by dtrans.",
        "Run it as root:",
        f"{_INDENT}python3 FILE [-c COMMAND] [-p PID] [-o OUTPUT]",
        _NEEDS,
        _CONTENTS,
    ]
    lines: list[str] = []
    for paragraph in paragraphs:
        lines += [*(_wrapped(paragraph) if not paragraph.startswith(_INDENT) else [paragraph]), ""]
    if artifact.notes:
        lines += ["What is not as on Solaris:", ""]
        for subject, sentence in dict.fromkeys(artifact.notes):
            lines += _wrapped(f"* {subject}: {sentence}", hanging="  ")
    return '"""' + "\n".join(lines).rstrip() + '\n"""'


def _wrapped(text: str, hanging: str = "") -> list[str]:
    # Escaped after it was wrapped: no line ends in the middle of an escape.
    lines = textwrap.wrap(" ".join(text.split()), _WIDTH, subsequent_indent=hanging, break_long_words=False)
    return [prose(line) for line in lines]


def prose(text: str) -> str:
    """One line of text for a docstring: unprintable characters and all that could end it are escaped."""
    text = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text.replace("\\", "\\\\"))
    return text.replace('"""', r"\"\"\"")


# --- values as Python ---------------------------------------------------------------------------------------


def _artifact(artifact: Artifact) -> str:
    """The call that makes the artifact, with a comment at each part; the body of a function."""
    lines = ["Artifact(", f"{_INDENT}c_text=C_TEXT,"]
    for part in fields(artifact):
        value = getattr(artifact, part.name)
        if part.name == "c_text" or _is_default(part, value):
            continue
        shown = literal(value, len(_INDENT) * 2, len(part.name) + 2).replace("\n", f"\n{_INDENT}")
        if part.name in _PARTS:
            lines.append(f"{_INDENT}# {_PARTS[part.name]}")
        lines.append(f"{_INDENT}{part.name}={shown},")
    return textwrap.indent("\n".join([*lines, ")"]), _INDENT).lstrip()


def literal(value: Any, indent: int = 0, before: int = 0) -> str:
    """A value as Python, in one line where it fits and else as ruff formats it; parts at their defaults are left out.

    It starts at a column `before` characters after `indent`. Made of dataclasses, mappings, tuples, strings, numbers
    and None.
    """
    opening, items, closing = _items(value)
    line = _one_line(value)
    if not items or indent + before + len(line) <= _WIDTH - 1:
        return line
    inner = indent + len(_INDENT)
    pad = "\n" + _INDENT
    shown = [f"{head}{literal(part, inner, len(head) + 1)}".replace("\n", pad) for head, part in items]
    return f"{opening}{pad}{f',{pad}'.join(shown)},\n{closing}"


def _one_line(value: Any) -> str:
    opening, items, closing = _items(value)
    inner = ", ".join(f"{head}{_one_line(part)}" for head, part in items)
    return f"{opening}{inner}{',' if opening == '(' and len(items) == 1 else ''}{closing}"


def _items(value: Any) -> tuple[str, list[tuple[str, Any]], str]:
    """How a value opens, its parts each with what stands before it, and how it closes. A scalar has no parts."""
    if isinstance(value, Mapping):
        return "{", [(f"{_one_line(key)}: ", item) for key, item in value.items()], "}"
    if isinstance(value, tuple):
        return "(", [("", item) for item in value], ")"
    if is_dataclass(value):
        parts = [(part, getattr(value, part.name)) for part in fields(value)]
        shown = [(f"{part.name}=", item) for part, item in parts if not _is_default(part, item)]
        return f"{type(value).__name__}(", shown, ")"
    return _scalar(value), [], ""


def _is_default(part: Field[Any], value: object) -> bool:
    return part.default is not MISSING and bool(part.default == value)


def _scalar(value: object) -> str:
    """Python's own representation; a string in double quotes unless that takes more escapes, as ruff formats it."""
    text = repr(value)
    if isinstance(value, str) and text[0] == "'" and value.count('"') <= value.count("'"):
        return '"' + text[1:-1].replace("\\'", "'").replace('"', '\\"') + '"'
    return text


def raw_text(text: str) -> str:
    """A text of many lines as a raw string; what no raw string can hold stands in strings of its own, joined."""
    pieces: list[str] = []
    at = 0
    for match in _NOT_RAW.finditer(text):
        if at < match.start():
            pieces.append(f'r"""{text[at : match.start()]}"""')
        if match[0]:
            pieces.append(_scalar(match[0]))
        at = match.end()
    if len(pieces) < 2:
        return pieces[0] if pieces else '""'
    return "(\n" + "".join(f"{_INDENT}{piece}\n" for piece in pieces) + ")"
