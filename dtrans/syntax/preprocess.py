"""Option ``-C``: D text through the C preprocessor.

    #define TOP 10            # 1 "top.d"
    END { trunc(@, TOP); }    ->
                              END { trunc(@, 10); }

The text comes back with the preprocessor's line markers in it; `dtrans.syntax.parse` turns them into origins, so that
spans name the lines of the script. What is defined follows libdtrace dt_open.c and dt_cc.c (``dt_preproc``): a first
line ``#!`` is left out but counted, ``__SUNW_D`` and ``__SUNW_D_VERSION`` say that D reads this, ``__GNUC__`` is
undefined, and ``-std=c99`` keeps plain words such as ``unix`` from being macros. Headers come from the caller's
folders, in quotes from the script's own as well, and from ``translators/include``, never from the system: Linux'
headers are not D.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from dtrans.data import data_dir
from dtrans.errors import DtransError, fail
from dtrans.source import Source, Span

D_VERSION = 0x0100_6004
"""What ``__SUNW_D_VERSION`` says: D 1.6.4, in 8 bits major, 12 minor, 12 micro (libdtrace dt_version.h)."""

_DEFINES = (
    *("__linux", "__unix", "__SVR4", "__Linux", "__STDC__=0"),
    *("__SUNW_D=1", "__SUNW_D_64", f"__SUNW_D_VERSION=0x{D_VERSION:08x}"),
)
_MACHINE = {"x86_64": "__amd64"}
_PROBLEM = re.compile(
    r"^(?P<file>[^:\n]*):(?P<line>\d+):(?:(?P<column>\d+):)? (?:fatal )?error: (?P<what>.*)$", re.MULTILINE
)


def preprocess(
    source: Source,
    *,
    defines: Sequence[str] = (),
    undefines: Sequence[str] = (),
    include_dirs: Sequence[str] = (),
    extra_args: Sequence[str] = (),
    command: str = "cpp",
) -> Source:
    """The source after `command` ran over it. `defines` are ``NAME`` or ``NAME=value`` (-D), `undefines` names (-U),
    `include_dirs` folders (-I). Raises D_CPP_ERR when the preprocessor cannot be run, and D_CPP_EXIT for what it
    refuses, with the first of its complaints as the message."""
    import subprocess  # only ``-C`` pays for it

    machine = os.uname().machine
    arguments = [
        *(command, "-nostdinc", "-std=c99", "-w", "-U__GNUC__"),
        *(f"-D{name}" for name in (*_DEFINES, *((_MACHINE[machine],) if machine in _MACHINE else ()), *defines)),
        *(f"-U{name}" for name in undefines),
        *(f"-I{folder}" for folder in include_dirs),
        *_own_folder(source),
        *("-isystem", f"{data_dir('translators')}/include"),
        *extra_args,
    ]
    try:
        done = subprocess.run(
            arguments,
            input=_marked(source).encode("utf-8", "surrogateescape"),
            capture_output=True,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        hint = "install the C preprocessor (Debian: package cpp), or name another one with -x cpppath="
        raise fail("D_CPP_ERR", f"failed to run the preprocessor {command}: {reason}", hint=hint) from None
    if done.returncode:
        raise _refusal(source, done.stderr.decode("utf-8", "replace"), done.returncode)
    return Source(source.name, done.stdout.decode("utf-8", "surrogateescape"))


def _own_folder(source: Source) -> tuple[str, ...]:
    """Where ``#include "FILE"`` is looked for too, though the preprocessor does not read the script's file itself."""
    folder = os.path.dirname(source.name)
    return ("-iquote", folder) if folder and os.path.isfile(source.name) else ()


def _marked(source: Source) -> str:
    """The text under its own name; a first line ``#!`` emptied."""
    text = source.text
    if text.startswith("#!"):
        _, newline, rest = text.partition("\n")
        text = newline + rest
    name = source.name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'# 1 "{name}"\n{text}'


def _refusal(source: Source, complaints: str, status: int) -> DtransError:
    problem = _PROBLEM.search(complaints)
    if problem is None:
        hint = next((line for line in complaints.splitlines() if line.strip()), "")
        return fail("D_CPP_EXIT", f"the preprocessor ended with status {status}", hint=hint)
    file, line, what = problem["file"], int(problem["line"]), problem["what"]
    hint = ""
    if "No such file or directory" in what:
        known = ", ".join(headers())
        hint = f"system headers are not read; name a folder with -I. dtrans itself has {known}"
    if file != source.name:
        return fail("D_CPP_EXIT", f"{file}:{line}: {what}", hint=hint)
    return fail("D_CPP_EXIT", what, _place(source, line, int(problem["column"] or 1)), hint=hint)


def headers() -> list[str]:
    """The headers that come with dtrans, as scripts name them."""
    from pathlib import Path  # only ``-C`` pays for it

    root = Path(data_dir("translators"), "include")
    return sorted(str(path.relative_to(root)) for path in root.rglob("*.h"))


def _place(source: Source, line: int, column: int) -> Span:
    """The word at a line and column, both from 1."""
    lines = source.text.split("\n")
    start = sum(len(text) + 1 for text in lines[: line - 1]) + column - 1
    start = min(start, len(source.text))
    word = re.compile(r"[^\s]+").match(source.text, start)
    return Span(source, start, word.end() if word else start)
