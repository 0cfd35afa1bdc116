"""Compiles and traces: what ``dtrace`` and ``dtrans run`` do with a command line that was read."""

from __future__ import annotations

import contextlib
import gc
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain

from dtrans.cli.compiled import compiled_artifact
from dtrans.cli.failure import say
from dtrans.errors import fail
from dtrans.invocation.arguments import Arguments
from dtrans.invocation.request import Given, given_programs, included_files, make_request
from dtrans.options import Options
from dtrans.typed import TYPE_CHECKING
from dtrans.values import replace

if TYPE_CHECKING:
    from dtrans.artifact import Artifact
    from dtrans.check.listing import Listed
    from dtrans.check.universe import ProbeRef, Universe
    from dtrans.pipeline import Pipeline


def trace(arguments: Arguments) -> int:
    """Compiles the programs, says what they matched, and traces until they end: the exit status.

    Raises DtransError.
    """
    if not arguments.specs and not arguments.compile_only:
        raise fail("D_NO_PROBES", "no probes specified", hint="give a program with -n or -s")
    arguments = _with_names(arguments)
    if arguments.show_code or arguments.verbose:
        return _trace_showing(arguments)
    given = read_programs(arguments)
    request = make_request(arguments, given)
    if not request.sources and not request.libraries:
        return 0  # -e of nothing
    artifact = compiled_artifact(request)
    return 0 if arguments.compile_only else _run(artifact, arguments, given)


def _with_names(arguments: Arguments) -> Arguments:
    """With names for numbers of probes in processes, which the compiler does not know."""
    if all(spec.kind not in ("id", "name") or not spec.text.lstrip()[:1].isdecimal() for spec in arguments.specs):
        return arguments
    from dtrans.cli.inprocess import with_names

    return with_names(arguments)


def _trace_showing(arguments: Arguments) -> int:
    """With ``-S``, what the programs become; with ``-v``, the stability report and what differs on this kernel."""
    from dtrans.cli.stability import stability_report

    pipeline, given = make_pipeline(arguments)
    if arguments.show_code:
        say(f"{pipeline.dump('plan')}\n{pipeline.dump('c')}")
    artifact = pipeline.artifact
    report = ""
    if arguments.verbose:
        tell_differences(artifact)
        report = stability_report(pipeline, given, each_probe=arguments.compile_only)
    if arguments.compile_only:
        _print(report, arguments.output)
        return 0
    return _run(artifact, arguments, given, report)


def make_pipeline(arguments: Arguments, *, target: bool = False) -> tuple[Pipeline, tuple[Given, ...]]:
    """The compiler's pipeline for a command line, on the running kernel. `target` defines ``$target`` in any case."""
    from dtrans.knowledge.load import load
    from dtrans.pipeline import Pipeline
    from dtrans.run.kernel.host import HostFacts

    given = read_programs(arguments)
    request = make_request(arguments, given)
    return Pipeline(replace(request, target=request.target or target), HostFacts(), load()), given


def read_programs(arguments: Arguments) -> tuple[Given, ...]:
    """The programs of a command line, through the preprocessor where that was asked for; ``-H`` tells what it read."""
    given = given_programs(arguments)
    if "-H" in arguments.preprocessor:
        for path in (path for program in given for path in included_files(program)):
            say(path)
    return given


def tell_differences(artifact: Artifact) -> None:
    """What ``-v`` tells before tracing: each thing that is not the same on this kernel."""
    for subject, sentence in artifact.notes:
        say(f"dtrace: {subject}: {sentence}")


def list_matching(arguments: Arguments) -> int:
    """Prints the probes that the programs' descriptions match, all of them without programs.

    Raises DtransError for programs that are wrong, and D_PDESC_ZERO, after the list, for descriptions that match none.
    """
    from dtrans.cli.inprocess import listed_target

    arguments = _with_names(arguments)
    with listed_target(arguments) as target:
        return _list_matching(arguments, target)


def _list_matching(arguments: Arguments, target: int | None) -> int:
    from dtrans.check.listing import is_served, list_probes, made_probes
    from dtrans.check.processes import process_hint
    from dtrans.check.universe import Universe, in_process
    from dtrans.cli.inprocess import ListedProcesses, declared_types
    from dtrans.cli.listing import lines, matching
    from dtrans.knowledge.load import load
    from dtrans.run.kernel.host import HostFacts
    from dtrans.syntax import parse
    from dtrans.syntax.ast import Clause, ProbeDescription

    programs = [parse(program.source) for program in given_programs(arguments)]
    wanted = [
        probe for program in programs for item in program.items if isinstance(item, Clause) for probe in item.probes
    ]
    if any(isinstance(item, Clause) and (item.body or item.predicate) for each in programs for item in each.items):
        # As with -Z: what is not here has no arguments, and no error (dtrace.c, main).
        _ = make_pipeline(replace(arguments, options={**arguments.options, "zdefs": "1"}), target=True)[0].typed
    solaris = Options(arguments.options).text("compat") == "solaris"
    universe = Universe(HostFacts(), load(), solaris=solaris)
    providers = universe.knowledge.providers
    processes = ListedProcesses(providers, target, created=bool(arguments.commands))
    found: Iterator[ProbeRef] = chain(list_probes(universe), processes.defined())
    if wanted:

        def made(description: ProbeDescription) -> Iterator[ProbeRef]:
            for probe in made_probes(universe, description):
                yield from processes.standing_for(probe, description) if in_process(probe) else (probe,)

        hint = partial(process_hint, providers)
        found = matching(wanted, universe.listed, partial(is_served, universe), made, hint)
    text = lines(found, partial(_listed, universe, declared_types(programs)) if arguments.verbose else None)
    if arguments.output is not None:
        # Written even when a description matches nothing, after the others.
        _append(arguments.output, text)
        return 0
    for line in text:
        print(line)
    return 0


def _listed(universe: Universe, declared: Mapping[tuple[str, str], tuple[str, ...]], probe: ProbeRef) -> Listed:
    """What ``-lv`` tells of a probe: of one that programs define, with the types that the D program declares."""
    from dtrans.check.listing import listed
    from dtrans.check.processes import UserProbe

    found = listed(universe, probe)
    if isinstance(probe.served, UserProbe) and (probe.served.base, probe.name) in declared:
        return replace(found, args=declared[probe.served.base, probe.name])
    return found


def _print(text: str, output: str | None) -> None:
    """Text to standard output, or to the file of ``-o``."""
    if output is not None and text:
        _append(output, text.splitlines())
    else:
        print(text, end="", flush=True)


def _append(path: str, lines: Iterable[str]) -> None:
    try:
        with open(path, "a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
    except OSError as error:
        raise fail("D_FILE", f"failed to open output file '{path}': {error.strerror}") from None


def _take_the_name() -> None:
    """Scripts leave out what the tracer does by its `execname`, ``dtrace`` by whatever command it was started."""
    with contextlib.suppress(OSError), open("/proc/self/comm", "w", encoding="ascii") as name:
        name.write("dtrace")


def _allows_none(artifact: Artifact, arguments: Arguments) -> bool:
    return arguments.zero_matches or artifact.options.get("zdefs") == "1"


def _run(artifact: Artifact, arguments: Arguments, given: tuple[Given, ...], report: str = "") -> int:
    from dtrans.run.messages import start_messages
    from dtrans.run.session import Settings, run

    _take_the_name()
    titles = tuple(program.title for program in given)

    def announce(counts: Sequence[int]) -> None:
        for message in start_messages(artifact, titles, counts):
            say(f"dtrace: {message}")
        if not artifact.matched and not artifact.wanted and not _allows_none(artifact, arguments):
            raise fail("D_NO_PROBES", "no probes matched")
        _print(report, arguments.output)

    for change, value in arguments.environment:
        name, _, text = value.partition("=")
        if change == "setenv":
            os.environ[name] = text
        else:
            os.environ.pop(name, None)
    # From here on it may go on for days. What there is stays, and need not be looked at again; what comes is hardly
    # ever garbage that only a search finds, and may be a million keys, which each search walks over.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()
    return run(artifact, Settings(arguments.commands, arguments.pids, arguments.output), announce=announce)
