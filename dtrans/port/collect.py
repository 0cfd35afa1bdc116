"""Finds the D programs of a collection: scripts, and D text inside shell and Perl wrappers.

A wrapper is a script for another interpreter that calls dtrace. What it hands over is put together when it runs; here
it is read without running it (`dtrans.port.shell`), so that it can be said whether the D in it translates. Variables
have the wrapper's defaults. The report's numbers for a wrapper are those of this reading; what runs is the wrapper
itself.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from dtrans.port.shell import NEUTRAL, Command, read_commands
from dtrans.values import dataclass, replace

#: Longer files are no scripts.
_LONGEST = 1 << 20
_SHELLS = frozenset({"sh", "ksh", "ksh93", "bash", "dash", "zsh"})
_SHEBANG = re.compile(r"#!\s*(\S+)(?:[ \t]+(.*))?")
#: Here-documents and strings of Perl, those in comments left out.
_PERL_PARTS = re.compile(
    r"""<<\s*(?P<mark>["']?)(?P<end>\w+)(?P=mark)[^\n]*\n(?P<heredoc>.*?)^(?P=end)$"""
    r"""|(?P<quote>["'`])(?P<string>(?:\\.|(?!(?P=quote))[^\\])*)(?P=quote)"""
    r"""|(?:^|(?<=[\s;{}]))\#[^\n]*""",
    re.DOTALL | re.MULTILINE,
)
_PERL_SPLICE = re.compile(r"\\(.)|[$@]\{?(\w+(?:::\w+)*)\}?(?:->)?(?:[\[{][^\]}]*[\]}])?", re.DOTALL)
_PERL_ESCAPES = {"n": "\n", "t": "\t"}
_PERL_ASSIGNMENT = re.compile(
    r"""^\s*(?:my\s+|our\s+)?\$(\w+)\s*=\s*("((?:[^"\\]|\\.)*)"|'([^']*)'|\d+)""", re.MULTILINE
)
#: A file named like a script that holds a shell's command line.
_COMMAND_LINE = re.compile(r"\s*(?:sudo\s+)?(?:/usr/s?bin/)?dtrace\s+-")
_DTRACE_CALL = re.compile(r"(?<![\w./$-])(?:/usr/sbin/|/usr/bin/)?dtrace(?=[ \t]+-)")
_DTRACE_PATH = re.compile(r"(?<==)/usr/s?bin/dtrace\b")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of dtrace in a wrapper: its words, without the command's own; the texts of ``-s`` files that the
    wrapper writes itself (here-document or ``<( )``), by name; the wrapper's line that it starts on."""

    words: tuple[str, ...]
    files: tuple[tuple[str, str], ...]
    line: int
    #: The same call with ``*`` for what only a run would tell, where that is part of a probe's name.
    other: Call | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """One tool of a collection. `path` is relative to it. `interpreter` is "" for D, else the wrapper's (``ksh``)."""

    path: Path
    kind: Literal["d", "wrapper"]
    interpreter: str
    text: str
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class Collection:
    """What a folder holds: its tools by path, and other names for them (symbolic links)."""

    scripts: tuple[Script, ...]
    aliases: tuple[tuple[Path, Path], ...]


def collect(root: Path) -> Collection:
    """All tools below a folder, or the one tool that a file is. Raises OSError when it cannot be read."""
    if root.is_file():
        script = read_script(root, Path(root.name))
        return Collection((script,) if script else (), ())
    scripts, aliases = [], []
    for path in _files(root):
        target = path.resolve()
        if path.is_symlink() and (not target.exists() or target.is_relative_to(root.resolve())):
            if target.is_file() and read_script(target, path):
                aliases.append((path.relative_to(root), target.relative_to(root.resolve())))
        elif script := read_script(path, path.relative_to(root)):
            scripts.append(script)
    return Collection(tuple(scripts), tuple(aliases))


def read_script(path: Path, shown: Path) -> Script | None:
    """The tool in a file, or None when it is neither D nor a wrapper of D."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode) or found.st_size > _LONGEST:
        return None
    data = path.read_bytes()
    if b"\0" in data:
        return None
    text = data.decode("utf-8", "surrogateescape")
    interpreter = _interpreter(text) or ("sh" if path.suffix == ".d" and _COMMAND_LINE.match(text) else "")
    if interpreter == "dtrace" or (not interpreter and path.suffix == ".d"):
        return Script(shown, "d", "", text)
    calls = tuple(_calls(text, interpreter))
    return Script(shown, "wrapper", interpreter, text, calls) if calls else None


def on_linux(wrapper: str, command: str) -> str:
    """The text of a wrapper with its calls of dtrace turned to another command; all else stays as it is."""
    return _DTRACE_PATH.sub(command, _DTRACE_CALL.sub(command, wrapper))


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(folder, name) for name in sorted(names))


def _interpreter(text: str) -> str:
    """The base name of a script's interpreter; of the command that env(1) starts; "" without a ``#!`` line."""
    shebang = _SHEBANG.match(text)
    if shebang is None:
        return ""
    name, words = Path(shebang[1]).name, (shebang[2] or "").split()
    if name == "env":
        name = next((Path(word).name for word in words if not word.startswith("-")), "")
    return name


def _calls(text: str, interpreter: str) -> Iterator[Call]:
    for call, other in zip(_read_calls(text, interpreter, NEUTRAL), _read_calls(text, interpreter, "*"), strict=True):
        yield call if call == other else replace(call, other=other)


def _read_calls(text: str, interpreter: str, neutral: str) -> Iterator[Call]:
    if interpreter in _SHELLS:
        yield from _shell_calls(text, text, 0, neutral)
    elif interpreter == "perl":
        known = _perl_variables(text, neutral)
        for part in _PERL_PARTS.finditer(text):
            if part["heredoc"] is not None:
                body = part["heredoc"] if part["mark"] == "'" else _perl_spliced(part["heredoc"], known, neutral)
                yield from _shell_calls(body, text, part.start("heredoc"), neutral)
            elif part["string"] is not None and _DTRACE_CALL.search(part["string"]):
                body = part["string"] if part["quote"] == "'" else _perl_spliced(part["string"], known, neutral)
                yield from _shell_calls(body, text, part.start("string"), neutral)


def _perl_variables(text: str, neutral: str) -> dict[str, str]:
    """Scalars that are assigned a constant, the first one; or else a string that is known in part."""
    certain: dict[str, str] = {}
    other: dict[str, str] = {}
    for name, whole, double, single in _PERL_ASSIGNMENT.findall(text):
        if whole[0] != '"':
            certain.setdefault(name, single or whole.strip("'"))
        elif any(splice[2] for splice in _PERL_SPLICE.finditer(double)):
            other.setdefault(name, _perl_spliced(double, {}, neutral))
        else:
            certain.setdefault(name, _perl_spliced(double, {}, neutral))
    return {**other, **certain}


def _perl_spliced(text: str, known: Mapping[str, str], neutral: str) -> str:
    """Text in double quotes, or a here-document, with its variables and escapes replaced."""

    def value(splice: re.Match[str]) -> str:
        escape, name = splice.groups()
        return known.get(name, neutral) if escape is None else _PERL_ESCAPES.get(escape, escape)

    return _PERL_SPLICE.sub(value, text)


def _shell_calls(shell: str, whole: str, base: int, neutral: str) -> Iterator[Call]:
    """The calls in shell text that starts at offset `base` of the file `whole`."""
    for command in read_commands(shell, neutral):
        at = _command_word(command)
        if at is not None:
            files = dict(command.files)
            if command.stdin is not None:
                files |= {"/dev/stdin": command.stdin, "-": command.stdin}
            line = whole.count("\n", 0, base) + shell.count("\n", 0, command.offset) + 1
            yield Call(command.words[at + 1 :], tuple(files.items()), line)


def _command_word(command: Command) -> int | None:
    """The index of the word that is dtrace, after commands that run others; None when it is another command."""
    for index, word in enumerate(command.words):
        if Path(word).name == "dtrace":
            return index if command.words[index + 1 : index + 2] and command.words[index + 1].startswith("-") else None
        if word not in ("exec", "sudo", "nohup", "nice", "pfexec"):
            return None
    return None
