"""Translates one tool of a collection: a script to a stand-alone program, a wrapper to a copy that calls dtrans.

A wrapper composes its D when it runs, from its own options; so the wrapper stays, and the D in it is compiled then.
Here its programs are compiled with the wrapper's defaults, to say whether they will.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from dtrans.errors import Diagnostic, DtransError
from dtrans.invocation.arguments import Arguments, read_arguments
from dtrans.invocation.request import given_programs, make_request, script_arguments, words_for_dtrace
from dtrans.numerals import numeral
from dtrans.port.collect import Call, Script, on_linux
from dtrans.port.differences import Defined, described, differences
from dtrans.port.outcome import Difference, Outcome, Part, Refusal, Status
from dtrans.values import replace

if TYPE_CHECKING:
    from dtrans.facts import KernelFacts
    from dtrans.knowledge.rows import Knowledge
    from dtrans.pipeline import Pipeline

#: The drop-in's name on the PATH, as the package installs it.
DROP_IN = "dtrans-dtrace"

_PROVIDER = re.compile(r"(?:^|[,;}\s])([A-Za-z_][\w$*?-]*):[\w$*?.`-]*:[\w$*?.`+-]*:?[\w$*?.-]*(?=\s*[,/{])")
_ARGUMENT = re.compile(r"\$\$?([0-9]+)")
#: What a script is refused with that is not given its arguments; with the option defaultargs they are 0 and "".
_WITHOUT_ARGUMENTS = ("D_MACRO_UNDEF", "D_PDESC_ZERO")
_SETS_PATH = re.compile(r"(?m)^\s*(?:export\s+)?PATH=")
#: A macro argument in a probe description.
_IN_DESCRIPTION = re.compile(r":[\w*?-]*\$\$?(\d+)|\$\$?(\d+)[\w*?-]*:(?!:?\s)")
#: A directive of the preprocessor.
_DIRECTIVE = re.compile(r"(?m)^[ \t]*#[ \t]*(?:include|define|undef|if|ifdef|ifndef)\b")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')


class Translator:
    """Translates tools for one kernel. Not thread-safe: each process has its own."""

    def __init__(self, facts: KernelFacts, knowledge: Knowledge) -> None:
        self._facts = facts
        self._knowledge = knowledge
        self._defined = Defined(facts.machine)

    def translate(self, script: Script, root: Path, out: Path) -> Outcome:
        """What became of a tool of the collection at `root`; writes its port below `out`. Raises OSError."""
        started, words = time.perf_counter(), 0
        if script.kind == "wrapper":
            parts = tuple(self._call(script, call, root) for call in script.calls)
            made = (
                "" if all(part.status == "refused" for part in parts) else on_linux(script.text, _drop_in(script.text))
            )
            output = script.path
        else:
            part, made = self._script(script, root)
            output = _program_name(script.path, root)
            if part.refusal is not None and part.refusal.tag in _WITHOUT_ARGUMENTS and _arguments_of(script.text):
                words = _arguments_of(script.text)
                part, made = self._with_arguments(script, root, words)
                output = script.path
            parts = (part,)
        if made:
            write_tool(out / output, made)
            if script.kind == "wrapper":
                _copy_companions(script, root, out)
        seconds = time.perf_counter() - started
        written = str(output) if made else ""
        return Outcome(
            str(script.path), script.kind, script.interpreter, parts, written, arguments=words, seconds=seconds
        )

    def _script(self, script: Script, root: Path) -> tuple[Part, str]:
        from dtrans.emit.standalone import standalone

        path = str(root / script.path)
        try:
            arguments = _started(path, script.text)
            pipeline = self._pipeline(arguments, {path: script.text}, path)
            return _part(pipeline, self._defined), standalone(pipeline.artifact, str(script.path))
        except DtransError as error:
            return _refused(error.diagnostic, script.text, root), ""

    def _with_arguments(self, script: Script, root: Path, words: int) -> tuple[Part, str]:
        """A script that cannot be compiled before it is given so many words: whether it will be, by an example of
        them, and the script that calls dtrans."""
        path = str(root / script.path)
        refused = None
        for operands in _examples(script.text, words):
            try:
                arguments = replace(_started(path, script.text), operands=operands)
                part = _part(self._pipeline(arguments, {path: script.text}, path), self._defined)
                return part, _starting_with(DROP_IN, script.text)
            except DtransError as error:
                refused = refused or _refused(error.diagnostic, script.text, root)
        assert refused is not None
        return refused, ""

    def _call(self, script: Script, call: Call, root: Path) -> Part:
        part = self._called(script, call, root)
        if part.refusal is not None:
            other = self._called(script, call.other, root) if call.other is not None else part
            part = _unknown(part, call) if other.refusal is not None else other
        return replace(part, line=call.line)

    def _called(self, script: Script, call: Call, root: Path) -> Part:
        files = dict(call.files)
        try:
            arguments = read_arguments(call.words)
            if arguments.mode != "run" and not arguments.specs:
                return Part("exact")  # It asks for all probes, or for the version.
            near = {text: str(root / path) for text, path in _beside(script, call, root)}
            specs = tuple(replace(spec, text=near.get(spec.text, spec.text)) for spec in arguments.specs)
            arguments = replace(arguments, specs=specs)
            # The preprocessor's folders are relative to where the wrapper stands.
            return _part(self._pipeline(arguments, files, str(root / script.path)), self._defined)
        except DtransError as error:
            return _refused(error.diagnostic, "\n".join([*call.words, *files.values()]), root)

    def _pipeline(self, arguments: Arguments, files: dict[str, str], path: str) -> Pipeline:
        """Compiles. ``$target`` is whatever -c or -p will say when the port runs."""
        from dtrans.pipeline import Pipeline

        folder = str(Path(path).parent)
        arguments = replace(arguments, preprocessor=(*_from(folder, arguments.preprocessor), f"-I{folder}"))
        given = given_programs(arguments, files)
        pipeline = Pipeline(replace(make_request(arguments, given, path), target=True), self._facts, self._knowledge)
        _ = pipeline.artifact
        return pipeline


def _started(path: str, text: str) -> Arguments:
    """The command line that starts a script. One without a ``#!`` line that has directives of the preprocessor is meant
    to be started with ``-C``."""
    arguments = script_arguments(path, text)
    if text.startswith("#!") or not _DIRECTIVE.search(_COMMENT.sub(" ", text)):
        return arguments
    return replace(arguments, options={**arguments.options, "cpp": "1"})


def _unknown(part: Part, call: Call) -> Part:
    """A refused call that the wrapper puts together of what only a run tells: the name of the D file, or all of it."""
    tag = part.refusal.tag if part.refusal is not None else ""
    if not (tag == "D_EMPTY" or (tag == "D_FILE" and call.other is not None)):
        return part
    told = Refusal(tag, "what D it runs is known only when it runs", hint="D files beside it are tools of their own")
    return replace(part, refusal=told)


def crashed(script: Script, reason: str) -> Outcome:
    """The outcome of a tool whose translation ended in a fault of dtrans."""
    refusal = Refusal(
        "D_INTERNAL", f"internal error: {reason}", hint="please report this with the script: it is a bug of dtrans"
    )
    part = Part("failed", tuple(providers_in(script.text)), refusal=refusal)
    return Outcome(str(script.path), script.kind, script.interpreter, (part,))


def providers_in(text: str) -> Iterator[str]:
    """The providers that D text names, found without compiling it, for programs that do not compile."""
    plain = _STRING.sub('""', _COMMENT.sub(" ", text))
    yield from sorted({match[1] for match in _PROVIDER.finditer(plain)})


def write_tool(path: Path, text: str) -> None:
    """Writes a program that can be started. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    path.chmod(0o755)


def _drop_in(wrapper: str) -> str:
    """The command that a wrapper's copy calls: by its place, where the wrapper sets the PATH itself."""
    import sys

    place = Path(sys.executable).with_name(DROP_IN)
    return str(place) if _SETS_PATH.search(wrapper) and place.exists() else DROP_IN


def _beside(script: Script, call: Call, root: Path) -> Iterator[tuple[str, Path]]:
    """The D files of ``-s`` that stand where the wrapper does, as written, and below the collection's root. The
    folder that the wrapper gives may be one that only a run would tell."""
    folder, given = script.path.parent, dict(call.files)
    for flag, text in zip(call.words, call.words[1:], strict=False):
        if not (flag.startswith("-") and flag.endswith("s")) or text in given:
            continue
        for path in (folder / text, folder / Path(text).name):
            if (root / path).is_file():
                yield text, path
                break


def _copy_companions(script: Script, root: Path, out: Path) -> None:
    """A wrapper's programs stay D, and may include the headers that stand beside it, or be files. Raises OSError."""
    source = (root / script.path).parent
    headers = {path.relative_to(root) for path in source.glob("*.h")}
    for path in sorted(headers | {path for call in script.calls for _, path in _beside(script, call, root)}):
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, out / path)


def _part(pipeline: Pipeline, defined: Defined) -> Part:
    absent = tuple(defined.missing(pipeline.artifact))
    idle = tuple(
        Difference(described(probe), "", "none", "No such probe here, and -Z lets the program run without it.")
        for clause in pipeline.typed.clauses
        if not clause.probes
        for probe in clause.node.probes
    )
    idle += tuple(
        Difference(text, "", "none", f"It fires nothing here, and its clause fires without it: {reason}")
        for text, reason in pipeline.typed.idle
    )
    idle += tuple(one for one in absent if one.fidelity == "none")
    told = {one.subject for one in idle}
    different = tuple(one for one in differences(pipeline) if one.subject not in told)
    different += tuple(one for one in absent if one.fidelity != "none")
    status: Status = "idle" if idle else "differs" if different else "exact"
    return Part(status, _providers(pipeline), pipeline.artifact.matched, idle + different)


def _providers(pipeline: Pipeline) -> tuple[str, ...]:
    from dtrans.syntax.ast import Clause

    clauses = [item for program in pipeline.ast for item in program.items if isinstance(item, Clause)]
    return tuple(sorted({probe.provider for clause in clauses for probe in clause.probes if probe.provider}))


def _arguments_of(text: str) -> int:
    """The highest number of a macro argument of a script."""
    plain = _STRING.sub('""', _COMMENT.sub(" ", text))
    return max((numeral(number) for number in _ARGUMENT.findall(plain)), default=0)


def _examples(text: str, words: int) -> tuple[tuple[str, ...], ...]:
    """What a script may be given: ``1`` can stand for a number and for a text, ``*`` for a part of a probe's name."""
    plain = _COMMENT.sub(" ", text)
    named = {int(first or second) for first, second in _IN_DESCRIPTION.findall(plain)}
    mixed = tuple("*" if number in named else "1" for number in range(1, words + 1))
    return tuple(dict.fromkeys((("1",) * words, mixed, ("*",) * words)))


def _starting_with(command: str, text: str) -> str:
    """A D script whose first line starts a command, with the flags that it gave dtrace."""
    first, _, rest = text.partition("\n")
    flags = words_for_dtrace(first[2:].split()) if first.startswith("#!") else None
    if flags is None:
        rest = text
    if not flags or not flags[-1].endswith("s"):
        flags = [*(flags or ()), "-Cs" if _started("", text).cpp else "-s"]
    return f"#!/usr/bin/env -S {command} {' '.join(flags)}\n{rest}"


def _refused(diagnostic: Diagnostic, text: str, root: Path) -> Part:
    place = ""
    if diagnostic.span is not None:
        file, line, column = diagnostic.span.location
        place = f"{_relative(file, root)}:{line}:{column}"
    refusal = Refusal(diagnostic.tag, diagnostic.message, place, diagnostic.hint)
    return Part("refused", tuple(providers_in(text)), refusal=refusal)


def _relative(file: str, root: Path) -> str:
    path = Path(file)
    return str(path.relative_to(root)) if path.is_relative_to(root) else file


def _from(folder: str, words: tuple[str, ...]) -> Iterator[str]:
    """The preprocessor's words with relative folders taken from the script's."""
    for word in words:
        yield f"-I{Path(folder, word[2:])}" if word.startswith("-I") else word


def _program_name(path: Path, root: Path) -> Path:
    """``Disk/bitesize.d`` is written as ``Disk/bitesize.py``, unless a ``Disk/bitesize`` stands beside it."""
    if path.suffix == ".d" and not (root / path.with_suffix("")).exists():
        return path.with_suffix(".py")
    return path.with_name(path.name + ".py")
