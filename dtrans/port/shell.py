"""Reads a shell script without running it: its simple commands, words expanded as far as they can be known.

    top=10; /usr/sbin/dtrace -n 'BEGIN { trace('$top'); }' "$1"

becomes ``Command(words=("/usr/sbin/dtrace", "-n", "BEGIN { trace(10); }", "1"), ...)``. Control flow is not followed:
all commands of the script are given, in the order written. A variable has the first value assigned to it that is
fully known, for wrappers assign their defaults first; whatever cannot be known (positional parameters, the output of
commands) is `NEUTRAL`. Serves sh, ksh and bash; the grammar is that of POSIX "Shell Command Language", with ksh's
``<( )`` and ``(( ))``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from dtrans.values import dataclass, field, replace

#: Stands for what only a run would tell. A valid D integer, also in a string or in ``tick-1sec``.
NEUTRAL = "1"

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=")
_NAME = re.compile(r"[A-Za-z_]\w*")
_HEREDOC_DELIMITER = re.compile(r"[^\s;&|<>()]+")
_RESERVED = frozenset(
    "if then else elif fi do done while until for in case esac { } ! time function export typeset".split()
)
_BLANK = " \t"
_ENDS_WORD = frozenset(" \t\n;&|()<>")


@dataclass(frozen=True, slots=True)
class Command:
    """One simple command. `stdin` is its here-document; `files` maps a word made by ``<( )`` to the text that the
    process in it prints, when it prints fixed words; `offset` is where the command starts in the script."""

    words: tuple[str, ...]
    stdin: str | None
    files: Mapping[str, str]
    offset: int


def read_commands(text: str, neutral: str = NEUTRAL) -> tuple[Command, ...]:
    """All simple commands of a script. `neutral` stands for what cannot be known. Never fails: an unterminated quote
    ends with the text."""
    first = _Reader(text, {}, neutral)
    first.read()
    return tuple(_Reader(text, first.variables(), neutral).read())


@dataclass(slots=True)
class _Draft:
    """A command being read."""

    offset: int
    words: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    stdin: str | None = None
    #: The command whose output it reads.
    source: _Draft | None = None


class _Reader:
    """One pass over a script, with the values of variables known from the start."""

    def __init__(self, text: str, known: Mapping[str, str], neutral: str) -> None:
        self.text = text
        self.neutral = neutral
        self.at = 0
        self.known = dict(known)
        self.assigned: dict[str, tuple[bool, str]] = {}
        self.certain = True
        self.draft = _Draft(0)
        self.commands: list[Command] = []
        self.heredocs: list[tuple[_Draft, str, bool, bool]] = []
        self.fed: list[_Draft] = []

    def variables(self) -> dict[str, str]:
        return {name: value for name, (_, value) in self.assigned.items()}

    def read(self, closing: bool = False) -> list[Command]:
        """Reads to the end of the text, or with `closing` past the ``)`` that ends a substitution."""
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in _BLANK or self.text.startswith("\\\n", self.at):
                self.at += 1 if char in _BLANK else 2
            elif char == "#":
                self._skip_line()
            elif char == "\n":
                self.at += 1
                self._finish()
                self._read_heredocs()
            elif self.text.startswith("((", self.at):
                self._skip_arithmetic()
            elif char == ")" and closing:
                self.at += 1
                break
            elif char == "|" and self.text[self.at + 1 : self.at + 2] != "|":
                self.at += 1
                source = self.draft
                self._finish()
                self.draft.source = source
            elif self.text.startswith("||", self.at):
                self.at += 2
                self._finish()
            elif char in ";&()":
                self.at += 1
                self._finish()
            elif char in "<>" and self.text[self.at + 1 : self.at + 2] != "(":
                self._redirect()
            else:
                self._argument()
        self._finish()
        self._read_heredocs()
        return self.commands

    # --- commands ---------------------------------------------------------------------------------------

    def _finish(self) -> None:
        draft, self.draft = self.draft, _Draft(self.at)
        if self._waits(draft):
            return  # It is complete when its here-document is read.
        if draft.source is not None and self._waits(draft.source):
            self.fed.append(draft)
        elif draft.words or draft.stdin is not None:
            self._add(draft)

    def _waits(self, draft: _Draft) -> bool:
        return any(draft is waiting for waiting, *_ in self.heredocs)

    def _add(self, draft: _Draft) -> None:
        stdin = draft.stdin
        if stdin is None and draft.source is not None:
            stdin = _printed(draft.source.words, draft.source.stdin) or None
        self.commands.append(Command(tuple(draft.words), stdin, draft.files, draft.offset))

    def _argument(self) -> None:
        if not self.draft.words:
            self.draft.offset = self.at
            if assignment := _ASSIGNMENT.match(self.text, self.at):
                self.at = assignment.end()
                self.certain = True
                value = self._word()
                self._assign(assignment[1], value)
                return
        start = self.at
        word = self._word()
        if word.isdecimal() and self.text[self.at : self.at + 1] in ("<", ">"):
            return  # The descriptor number of a redirection.
        if self.draft.words or word not in _RESERVED or self.text[start] in "'\"":
            self.draft.words.append(word)

    def _assign(self, name: str, value: str) -> None:
        """Keeps the first certain value; an uncertain one only until a certain one comes."""
        before = self.assigned.get(name)
        if before is None or (self.certain and not before[0]):
            self.assigned[name] = (self.certain, value)
            self.known.setdefault(name, value)

    def _redirect(self) -> None:
        operator = re.compile(r"<<<|<<-|<<|<&|<>|<|>>|>&|>\||>").match(self.text, self.at)
        assert operator is not None
        self.at = operator.end()
        while self.text[self.at : self.at + 1] in (" ", "\t"):
            self.at += 1
        if operator[0] not in ("<<", "<<-"):
            self._word()
            return
        delimiter = _HEREDOC_DELIMITER.match(self.text, self.at)
        if delimiter is None:
            return
        self.at = delimiter.end()
        bare = re.sub(r"[\\'\"]", "", delimiter[0])
        self.heredocs.append((self.draft, bare, operator[0] == "<<-", bare == delimiter[0]))

    def _read_heredocs(self) -> None:
        """The bodies of the here-documents that the line just ended had opened."""
        for draft, delimiter, tabs, expands in self.heredocs:
            lines = []
            while self.at < len(self.text):
                end = self.text.find("\n", self.at)
                end = len(self.text) if end < 0 else end
                line = self.text[self.at : end]
                self.at = end + 1
                line = line.lstrip("\t") if tabs else line
                if line == delimiter:
                    break
                lines.append(line + "\n")
            body = "".join(lines)
            draft.stdin = _Reader(body, self.known, self.neutral).expand_all() if expands else body
            self._add(draft)
        self.heredocs.clear()
        for draft in self.fed:
            self._add(draft)
        self.fed.clear()

    def _skip_line(self) -> None:
        end = self.text.find("\n", self.at)
        self.at = len(self.text) if end < 0 else end

    def _skip_arithmetic(self) -> None:
        end = self.text.find("))", self.at)
        self.at = len(self.text) if end < 0 else end + 2

    # --- words ------------------------------------------------------------------------------------------

    def _word(self) -> str:
        parts = []
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in "<>" and self.text[self.at + 1 : self.at + 2] == "(":
                parts.append(self._process())
            elif char in _ENDS_WORD:
                break
            elif char == "'":
                parts.append(self._single())
            elif char == '"':
                self.at += 1
                parts.append(self._double('"'))
            elif char == "\\":
                parts.append(self.text[self.at + 1 : self.at + 2].replace("\n", ""))
                self.at += 2
            elif char in "$`":
                parts.append(self._expansion())
            else:
                parts.append(char)
                self.at += 1
        return "".join(parts)

    def expand_all(self) -> str:
        """The whole text as the body of a here-document."""
        return self._double("")

    def _single(self) -> str:
        end = self.text.find("'", self.at + 1)
        end = len(self.text) if end < 0 else end
        value = self.text[self.at + 1 : end]
        self.at = end + 1
        return value

    def _double(self, closing: str) -> str:
        """Text in double quotes, up to `closing`, or all of it."""
        parts = []
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == closing:
                self.at += 1
                break
            if char == "\\" and self.text[self.at + 1 : self.at + 2] in ("$", "`", "\\", "\n", closing or "$"):
                parts.append(self.text[self.at + 1].replace("\n", ""))
                self.at += 2
            elif char in "$`":
                parts.append(self._expansion())
            else:
                parts.append(char)
                self.at += 1
        return "".join(parts)

    def _expansion(self) -> str:
        """``$name``, ``${name...}``, ``$(...)``, ``$((...))``, a backquoted command."""
        rest = self.text[self.at + 1 : self.at + 2]
        if self.text[self.at] == "`":
            return self._backquoted()
        if self.text.startswith("$((", self.at):
            self._skip_arithmetic()
            self.certain = False
            return self.neutral
        if rest == "(":
            return self._substituted()
        if rest == "{":
            return self._braces()
        if name := _NAME.match(self.text, self.at + 1):
            self.at = name.end()
            return self._value(name[0])
        if rest and rest in "0123456789@*#?$!-":
            return self._unknown(re.compile(r"\$."))
        self.at += 1
        return "$"

    def _substituted(self) -> str:
        """``$(command)``: what it prints is not known, but it is read for the calls in it."""
        self.at += 2
        nested = self._nested()
        self.commands += nested.read(closing=True)
        self.at = nested.at
        self.certain = False
        return self.neutral

    def _backquoted(self) -> str:
        start = self.at + 1
        value = self._unknown(re.compile(r"`(?:[^`\\]|\\.)*`?", re.DOTALL))
        inner = re.sub(r"\\([$`\\])", r"\1", self.text[start : self.at].removesuffix("`"))
        self.commands += (replace(command, offset=start) for command in _Reader(inner, self.known, self.neutral).read())
        return value

    def _braces(self) -> str:
        whole = re.compile(r"\$\{([A-Za-z_]\w*)(?::?[-=]([^}]*))?\}").match(self.text, self.at)
        if whole is None:
            return self._unknown(re.compile(r"\$\{[^}]*\}?"))
        self.at = whole.end()
        return self.known.get(whole[1]) or (whole[2] if whole[2] is not None else self._value(whole[1]))

    def _value(self, name: str) -> str:
        self.certain = self.certain and name in self.known
        return self.known.get(name, self.neutral)

    def _unknown(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at + 1
        self.certain = False
        return self.neutral

    def _process(self) -> str:
        """``<(command)``: a word that names a file; the text of the file when the command prints fixed words."""
        self.at += 2
        nested = self._nested()
        commands = nested.read(closing=True)
        self.at = nested.at
        name = f"/dev/fd/{63 - len(self.draft.files)}"
        self.draft.files[name] = "".join(_printed(command.words, command.stdin) for command in commands)
        return name

    def _nested(self) -> _Reader:
        nested = _Reader(self.text, self.known, self.neutral)
        nested.at = self.at
        return nested


def _printed(words: Sequence[str], stdin: str | None) -> str:
    """What ``print``, ``echo``, ``printf`` of a plain text or ``cat`` of a here-document prints; "" for others."""
    match words:
        case ["cat", *_] if stdin is not None:
            return stdin
        case ["print" | "echo", *told]:
            return " ".join(word for word in told if not re.fullmatch(r"-[rneE]+", word)) + "\n"
        case ["printf", text] if "%" not in text:
            return text.replace("\\n", "\n")
    return ""
