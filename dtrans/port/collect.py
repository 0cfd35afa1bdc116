"""Finds the D programs of a collection: scripts, and D text inside shell and Perl wrappers.

A wrapper is a script for another interpreter that calls dtrace. What it hands over is put together when it runs; here
it is read without running it (`dtrans.port.shell`), so that it can be said whether the D in it translates. Variables
have the wrapper's defaults. The report's numbers for a wrapper are those of this reading; what runs is the wrapper
itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from dtrans.port.shell import NEUTRAL, Command, read_commands
from dtrans.values import dataclass

#: Longer files are no scripts.
_LONGEST = 1 << 20
_SHELLS = frozenset({"sh", "ksh", "ksh93", "bash", "dash", "zsh"})
_SHEBANG = re.compile(r"#!\s*(\S+)(?:[ \t]+(.*))?")
_PERL_HEREDOC = re.compile(r"<<\s*([\"']?)(\w+)\1[^\n]*\n(.*?)^\2$", re.DOTALL | re.MULTILINE)
_PERL_SPLICE = re.compile(r"\\(.)|[$@]\{?(\w+(?:::\w+)*)\}?(?:->)?(?:[\[{][^\]}]*[\]}])?", re.DOTALL)
_PERL_ESCAPES = {"n": "\n", "t": "\t"}
_PERL_ASSIGNMENT = re.compile(
    r"""^\s*(?:my\s+|our\s+)?\$(\w+)\s*=\s*("((?:[^"\\]|\\.)*)"|'([^']*)'|\d+)""", re.MULTILINE
)
_DTRACE_CALL = re.compile(r"(?<![\w./$-])(?:/usr/sbin/|/usr/bin/)?dtrace(?=[ \t]+-)")
_DTRACE_PATH = re.compile(r"(?<==)/usr/s?bin/dtrace\b")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of dtrace in a wrapper: its words, without the command's own; the texts of ``-s`` files that the
    wrapper writes itself (here-document or ``<( )``), by name; the wrapper's line that it starts on."""

    words: tuple[str, ...]
    files: tuple[tuple[str, str], ...]
    line: int


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
        if path.is_symlink():
            target = path.resolve()
            if target.is_file() and target.is_relative_to(root.resolve()) and read_script(target, path):
                aliases.append((path.relative_to(root), target.relative_to(root.resolve())))
        elif script := read_script(path, path.relative_to(root)):
            scripts.append(script)
    return Collection(tuple(scripts), tuple(aliases))


def read_script(path: Path, shown: Path) -> Script | None:
    """The tool in a file, or None when it is neither D nor a wrapper of D."""
    if path.stat().st_size > _LONGEST:
        return None
    data = path.read_bytes()
    if b"\0" in data:
        return None
    text = data.decode("utf-8", "surrogateescape")
    interpreter = _interpreter(text)
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
    if interpreter in _SHELLS:
        yield from _shell_calls(text, text, 0)
    elif interpreter == "perl":
        known = _perl_variables(text)
        for heredoc in _PERL_HEREDOC.finditer(text):
            body = heredoc[3] if heredoc[1] == "'" else _perl_spliced(heredoc[3], known)
            yield from _shell_calls(body, text, heredoc.start(3))


def _perl_variables(text: str) -> dict[str, str]:
    """Scalars that are assigned a constant, the first one; or else a string that is known in part."""
    certain: dict[str, str] = {}
    other: dict[str, str] = {}
    for name, whole, double, single in _PERL_ASSIGNMENT.findall(text):
        if whole[0] != '"':
            certain.setdefault(name, single or whole.strip("'"))
        elif any(splice[2] for splice in _PERL_SPLICE.finditer(double)):
            other.setdefault(name, _perl_spliced(double, {}))
        else:
            certain.setdefault(name, _perl_spliced(double, {}))
    return {**other, **certain}


def _perl_spliced(text: str, known: Mapping[str, str]) -> str:
    """Text in double quotes, or a here-document, with its variables and escapes replaced."""

    def value(splice: re.Match[str]) -> str:
        escape, name = splice.groups()
        return known.get(name, NEUTRAL) if escape is None else _PERL_ESCAPES.get(escape, escape)

    return _PERL_SPLICE.sub(value, text)


def _shell_calls(shell: str, whole: str, base: int) -> Iterator[Call]:
    """The calls in shell text that starts at offset `base` of the file `whole`."""
    for command in read_commands(shell):
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
