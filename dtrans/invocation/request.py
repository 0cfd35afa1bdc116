"""From a command line to the compiler's `Request`: reads the scripts, runs the preprocessor, names the sources.

Arguments(specs=(Spec("script", "x.d"),), operands=("42",))  becomes  Request(sources=(Source("x.d", ...),),
args=("42",), ...)
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from dtrans.errors import fail
from dtrans.files import read_bytes
from dtrans.invocation.arguments import Arguments, Spec, read_arguments
from dtrans.invocation.specifier import complete, shown_name
from dtrans.options import Options
from dtrans.request import Request
from dtrans.source import ON_COMMAND_LINE, Source
from dtrans.values import dataclass, replace

_ENTERED = r'(?m)^# \d+ "((?:[^"\\\n]|\\.)*)" 1\b'


@dataclass(frozen=True, slots=True)
class Given:
    """One program of a command line: its source, and how messages call it (``script 'x.d'``)."""

    source: Source
    kind: str
    name: str

    @property
    def title(self) -> str:
        return f"{self.kind} '{self.name}'"


def given_programs(arguments: Arguments, files: Mapping[str, str] | None = None) -> tuple[Given, ...]:
    """The programs in order, scripts read and preprocessed.

    `files` are texts of scripts that are not on any disk, by name. Raises DtransError D_FILE for a script that cannot
    be read. A file is read once, so that a pipe (``/dev/stdin``, ``<( )``) will do.
    """
    return tuple(_given(spec, arguments, files or {}) for spec in arguments.specs)


def make_request(arguments: Arguments, given: tuple[Given, ...], command: str = "dtrace") -> Request:
    """The request for the pipeline. `command` is ``$0`` where no script is (dtrace(1M))."""
    script = next((program.name for program in given if program.kind == "script"), command)
    return Request(
        sources=tuple(program.source for program in given),
        args=arguments.operands,
        script=script,
        options={name: value for name, value in arguments.options.items() if name not in ("cpp", "zdefs")},
        target=bool(arguments.commands or arguments.pids),
        zero_matches=arguments.zero_matches,
        libraries=() if arguments.options.get("nolibs") == "1" else tuple(_libraries(arguments.libraries)),
    )


def _libraries(folders: Sequence[str]) -> Iterator[Source]:
    """The D libraries of some folders: their files that end in ``.d``. Raises DtransError D_FILE."""
    for folder in folders:
        try:
            names = sorted(name for name in os.listdir(folder) if os.path.splitext(name)[1] == ".d")
        except OSError as error:
            raise fail("D_FILE", f"failed to read the folder of libraries {folder}: {error.strerror}") from None
        for name in names:
            path = os.path.join(folder, name)
            yield Source(path, read_script(path))


def script_arguments(path: str, text: str) -> Arguments:
    """The command line that the ``#!`` line of a script makes when the script is started by its name.

    ``#!/usr/sbin/dtrace -Zs`` with path ``x.d`` gives that of ``dtrace -Zs x.d``; no such line, ``dtrace -s x.d``.
    Raises DtransError D_FILE for a script of another interpreter.
    """
    if not text.startswith("#!"):
        return Arguments(specs=(Spec("script", path),))
    interpreter = text[2:].partition("\n")[0].strip()
    words = words_for_dtrace(interpreter.split())
    if words is None:
        hint = "start the script itself; 'dtrans install-dtrace' puts the command in place that such scripts call"
        raise fail("D_FILE", f"{path} is no D script: its first line names {interpreter}", hint=hint)
    if words and words[-1].endswith("s"):
        return read_arguments([*words, path])
    arguments = read_arguments(words)
    return replace(arguments, specs=(*arguments.specs, Spec("script", path)))


def words_for_dtrace(words: Sequence[str]) -> list[str] | None:
    """What stands behind ``dtrace``, or ``dtrans run``, in the words of a ``#!`` line; None where neither is called."""
    for index, word in enumerate(words):
        if word.endswith("dtrace"):
            return list(words[index + 1 :])
        if word.endswith("dtrans") and words[index + 1 : index + 2] == ["run"]:
            return list(words[index + 2 :])
    return None


def merged(first: Arguments, second: Arguments) -> Arguments:
    """Both command lines in one; where they differ the second decides. Its programs come after the first's."""
    return replace(
        second,
        specs=first.specs + second.specs,
        operands=first.operands + second.operands,
        options={**first.options, **second.options},
        commands=first.commands + second.commands,
        pids=first.pids + second.pids,
        preprocessor=first.preprocessor + second.preprocessor,
        libraries=first.libraries + second.libraries,
        environment=first.environment + second.environment,
        output=second.output if second.output is not None else first.output,
        verbose=first.verbose or second.verbose,
        compile_only=first.compile_only or second.compile_only,
        show_code=first.show_code or second.show_code,
    )


def read_script(path: str) -> str:
    """The text of a script. Raises DtransError D_FILE."""
    try:
        return read_bytes(path).decode("utf-8", "surrogateescape")
    except OSError as error:
        raise fail("D_FILE", f"failed to open {path}: {error.strerror}") from None


def included_files(program: Given) -> tuple[str, ...]:
    """The files that the preprocessor read for a program, in order, by the markers in its output: ``# 1 "x.h" 1``."""
    import re

    return tuple(match[1] for match in re.finditer(_ENTERED, program.source.text))


def _given(spec: Spec, arguments: Arguments, files: Mapping[str, str]) -> Given:
    if spec.kind != "script":
        source = Source(ON_COMMAND_LINE, complete(spec.kind, spec.text), specifier=spec.text)
        return Given(source, "description", shown_name(spec.text))
    text = files[spec.text] if spec.text in files else read_script(spec.text)
    source = Source(spec.text, text)
    if arguments.cpp:
        source = _preprocessed(source, arguments)
    return Given(source, "script", spec.text)


def _preprocessed(source: Source, arguments: Arguments) -> Source:
    from dtrans.syntax.preprocess import preprocess

    words = arguments.preprocessor
    return preprocess(
        source,
        defines=_values("-D", words),
        undefines=_values("-U", words),
        include_dirs=_values("-I", words),
        extra_args=[word for word in words if word[:2] not in ("-D", "-U", "-I", "-H")],
        command=Options(arguments.options).text("cpppath"),
    )


def _values(letter: str, words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word.removeprefix(letter) for word in words if word.startswith(letter))
