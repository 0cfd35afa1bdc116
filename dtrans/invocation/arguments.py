"""The command line of ``dtrace``, read as the original reads it.

    ['-qn', 'BEGIN { trace($1); }', '42', '-x', 'bufsize=1k']

becomes ``Arguments(specs=(Spec("name", "BEGIN ..."),), operands=("42",), options={"quiet": "1", "bufsize": "1k"})``.
The rules are those of the dtrace command (dtrace(1M); usr/src/cmd/dtrace/dtrace.c) and of POSIX getopt, which it
calls anew after each operand: so options may stand after operands, and ``--`` protects just the one word that follows
it. `dtrans run` makes the same value from its own options.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dtrans.errors import fail, usage
from dtrans.numerals import is_numeral, numeral
from dtrans.options import check_option
from dtrans.typed import Literal
from dtrans.values import dataclass, field

#: Option letters; a colon follows those that take a value.
LETTERS = "3:6:aAb:Bc:CD:ef:FGhHi:I:lL:m:n:o:p:P:qs:SU:vVwx:X:Z"

SpecKind = Literal["script", "name", "function", "module", "provider", "id"]
Mode = Literal["run", "list", "version", "header"]

_SPECS: Mapping[str, SpecKind] = {
    "s": "script",
    "n": "name",
    "f": "function",
    "m": "module",
    "P": "provider",
    "i": "id",
}
_MODES: Mapping[str, Mode] = {"l": "list", "V": "version", "h": "header"}
#: What ``-X`` makes of ``__STDC__``, which is 0 unless it says otherwise (libdtrace dt_cc.c, dt_preproc).
_STANDARDS: Mapping[str, list[str]] = {"a": [], "t": [], "c": ["-D__STDC__=1"], "s": ["-U__STDC__"]}
_FLAGS = {"q": "quiet", "w": "destructive", "F": "flowindent", "C": "cpp", "Z": "zdefs"}
_REFUSED = {
    "a": (
        "there is no anonymous tracing on Linux: BPF programs are loaded by a process",
        "start the script from an early service of init",
    ),
    "A": (
        "there is no anonymous tracing on Linux: BPF programs are loaded by a process",
        "start the script from an early service of init",
    ),
    "B": (
        "output is always text; there are no raw buffers to dump",
        "'dtrans explain --stage c' shows the generated program",
    ),
    "G": (
        "static probes need no object from dtrace on Linux: <sys/sdt.h> puts them into the program itself",
        "build with the header of systemtap-sdt-dev (systemtap-sdt-devel)",
    ),
}


@dataclass(frozen=True, slots=True)
class Spec:
    """One program on the command line: a script's path, or D text that starts with a description of that kind."""

    kind: SpecKind
    text: str


@dataclass(frozen=True, slots=True)
class Arguments:
    """A whole command line. `operands` become ``$1``...; `options` are by the names of `dtrans.options`, checked;
    `preprocessor` holds the words for cpp: ``-I``, ``-D``, ``-U``, ``-H``, those of ``-x cppargs``; `libraries` the
    folders of ``-L``; `environment` what ``-x setenv=NAME=VALUE`` and ``-x unsetenv=NAME`` change for
    commands, in order."""

    mode: Mode = "run"
    specs: tuple[Spec, ...] = ()
    operands: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    commands: tuple[str, ...] = ()
    pids: tuple[int, ...] = ()
    preprocessor: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    output: str | None = None
    verbose: bool = False
    compile_only: bool = False
    show_code: bool = False

    @property
    def cpp(self) -> bool:
        return self.options.get("cpp") == "1"

    @property
    def zero_matches(self) -> bool:
        return self.options.get("zdefs") == "1"


def read_arguments(words: Sequence[str]) -> Arguments:
    """The value of a command line, without the command's own name.

    Raises DtransError, with status 2 for a line that breaks the syntax, 1 for a bad value and for an option that has no
    meaning on Linux (with the reason).
    """
    reading = _Reading()
    for letter, value in split_words(words):
        reading.take(letter, value)
    return reading.result()


def split_words(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each option as (letter, value or ""), each operand as ("", word), in the order written.

    Raises DtransError with status 2 for an unknown letter or a missing value.
    """
    pending = list(reversed(words))
    first = True
    while pending:
        word = pending.pop()
        if word == "--":
            if pending:
                yield "", pending.pop()
        elif len(word) < 2 or word[0] != "-":
            yield "", word
        elif first and _is_kernel_word(word):
            # `#!/usr/sbin/dtrace -q -s`: Linux passes everything after the interpreter as one word.
            pending.extend(reversed(word.split()))
        else:
            yield from _cluster(word, pending)
        first = False


def _cluster(word: str, pending: list[str]) -> Iterator[tuple[str, str]]:
    """The options of one word such as ``-qn``; a value is the rest of the word, or else the next word."""
    for index in range(1, len(word)):
        letter = word[index]
        at = LETTERS.find(letter) if letter != ":" else -1
        if at < 0:
            raise usage(f"illegal option -- {letter}")
        if LETTERS[at + 1 : at + 2] != ":":
            yield letter, ""
            continue
        rest = word[index + 1 :]
        if not rest and not pending:
            raise usage(f"option requires an argument -- {letter}")
        yield letter, rest or pending.pop()
        return


def _is_kernel_word(word: str) -> bool:
    """Whether a first word holds several: flags without values, a blank, and more options (``-q -s``)."""
    head, blank, rest = word[1:].partition(" ")
    plain = all(letter in LETTERS and LETTERS[LETTERS.find(letter) + 1 :][:1] != ":" for letter in head)
    return bool(blank) and plain and rest.lstrip().startswith("-")


class _Reading:
    """What was read so far."""

    def __init__(self) -> None:
        self.modes: list[Mode] = []
        self.specs: list[Spec] = []
        self.operands: list[str] = []
        self.options: dict[str, str] = {}
        self.commands: list[str] = []
        self.pids: list[int] = []
        self.preprocessor: list[str] = []
        self.libraries: list[str] = []
        self.environment: list[tuple[str, str]] = []
        self.output: str | None = None
        self.flags: set[str] = set()

    def take(self, letter: str, value: str) -> None:
        match letter:
            case "":
                self.operands.append(value)
            case "3" | "6":
                _check_model(letter, value)
            case _ if letter in _REFUSED:
                reason, hint = _REFUSED[letter]
                raise fail("D_NOT_ON_LINUX", f"-{letter}: {reason}", hint=hint)
            case _ if letter in _SPECS:
                self.specs.append(Spec(_SPECS[letter], value))
            case _ if letter in _MODES:
                self.modes.append(_MODES[letter])
            case _ if letter in _FLAGS:
                self.options[_FLAGS[letter]] = "1"
            case "x":
                name, equals, setting = value.strip().partition("=")
                self._set(name, check_option(name, setting if equals else None))
            case "b":
                self.options["bufsize"] = check_option("bufsize", value.strip())
            case "c":
                self.commands.append(value)
            case "p":
                self.pids.append(read_pid(value))
            case "o":
                self.output = value
            case "D" | "I" | "U":
                self.preprocessor.append(f"-{letter}{value}")
            case "H":
                self.preprocessor.append("-H")
            case "L":
                self.libraries.append(value)
            case "X":
                self._set("stdc", check_option("stdc", value))
            case _:
                self.flags.add(letter)

    def _set(self, name: str, value: str) -> None:
        """An option of ``-x``. Some stand for a letter, and may be given more than once."""
        match name:
            case "define" | "undef" | "incdir":
                self.preprocessor.append({"define": "-D", "undef": "-U", "incdir": "-I"}[name] + value)
            case "cppargs":
                self.preprocessor += value.split()
            case "stdc":
                self.preprocessor += _STANDARDS[value]
            case "cpphdrs":
                self.preprocessor += ["-H"] * bool(value)
            case "verbose":
                self.flags |= {"S"} if value else set()
            case "setenv" | "unsetenv":
                self.environment.append((name, value))
            case _:
                if name == "libdir":
                    self.libraries.append(value)
                self.options[name] = value

    def result(self) -> Arguments:
        if len(self.modes) > 1:
            raise usage("only one of the [-AGhlV] options can be specified at a time")
        return Arguments(
            mode=self.modes[0] if self.modes else "run",
            specs=tuple(self.specs),
            operands=tuple(self.operands),
            options=self.options,
            commands=tuple(self.commands),
            pids=tuple(self.pids),
            preprocessor=tuple(self.preprocessor),
            libraries=tuple(self.libraries),
            environment=tuple(self.environment),
            output=self.output,
            verbose="v" in self.flags,
            compile_only="e" in self.flags,
            show_code="S" in self.flags,
        )


def read_pid(text: str) -> int:
    """The process id in a ``-p`` value. Blanks before it are skipped, as strtol(3) does: ``'-p 81'`` is one word."""
    digits = text.lstrip()
    if not is_numeral(digits):
        raise fail("D_PROC_GRAB", f"invalid pid: {text}", hint="-p takes the number of a running process")
    return numeral(digits)


def _check_model(letter: str, value: str) -> None:
    if letter + value not in ("32", "64"):
        raise usage(f"illegal option -- {letter}{value}")
    if letter == "3":
        raise fail("D_NOT_ON_LINUX", "-32: BPF programs are 64-bit", hint="leave -32 out")
