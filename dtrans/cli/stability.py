"""The stability report of ``-v``, and what ``-v`` adds to a listed probe, as dtrace words them.

    Stability attributes for description BEGIN:

            Minimum Probe Description Attributes
                    Identifier Names: Unstable
                    Data Semantics:   Unstable
                    Dependency Class: Common
    ...

Source: cmd/dtrace (exec_prog, info_stmt, print_probe_info).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from dtrans.knowledge.stability import STABILITIES, Attributes

if TYPE_CHECKING:
    from dtrans.check.program import TypedClause
    from dtrans.check.universe import ProbeRef
    from dtrans.invocation.request import Given
    from dtrans.pipeline import Pipeline
    from dtrans.syntax.ast import ProbeDescription

_EVOLVING = STABILITIES.index("Evolving")


def attributes_lines(title: str, attributes: Attributes) -> list[str]:
    """A block of three attributes, below an empty line."""
    return [
        "",
        f"\t{title}",
        f"\t\tIdentifier Names: {attributes.names}",
        f"\t\tData Semantics:   {attributes.data}",
        f"\t\tDependency Class: {attributes.dependency}",
    ]


def probe_lines(description: Attributes, arguments: Attributes, types: Sequence[str]) -> list[str]:
    """What a probe is: its attributes, those of its arguments, and the arguments' types."""
    shown = [f"\t\targs[{number}]: {kind}" for number, kind in enumerate(types)] or ["\t\tNone"]
    return [
        *attributes_lines("Probe Description Attributes", description),
        *attributes_lines("Argument Attributes", arguments),
        "",
        "\tArgument Types",
        *shown,
    ]


def stability_report(pipeline: Pipeline, given: Sequence[Given], *, each_probe: bool) -> str:
    """The report of all programs; `each_probe` adds what each probe description names, as ``-e`` does."""
    lines: list[str] = []
    for program, found in zip(given, pipeline.stability, strict=True):
        lines += ["", f"Stability attributes for {program.kind} {program.name}:"]
        lines += attributes_lines("Minimum Probe Description Attributes", found.descriptions)
        lines += attributes_lines("Minimum Statement Attributes", found.statements)
        if each_probe:
            for clause in pipeline.typed.clauses:
                if clause.node.span.source == program.source:
                    lines += _clause_lines(pipeline, clause)
        else:
            lines.append("")
    return "".join(f"{line}\n" for line in lines)


def _clause_lines(pipeline: Pipeline, clause: TypedClause) -> Iterator[str]:
    for written in clause.node.probes:
        yield ""
        yield f"{written.provider}:{written.module}:{written.function}:{written.name}"
        description, arguments = pipeline.described(written)
        kinds = _types(pipeline, clause, written, arguments)
        if kinds is not None:
            yield from probe_lines(description, arguments, kinds)
            yield ""


def _types(
    pipeline: Pipeline, clause: TypedClause, written: ProbeDescription, arguments: Attributes
) -> tuple[str, ...] | None:
    """The types of the arguments; None where there is no one answer (libdtrace dt_probe_info)."""
    probes: Sequence[ProbeRef] = clause.probes
    if len(clause.node.probes) > 1 and "$" not in written.provider:
        probes = pipeline.universe.match(written)
    if not probes or (len(probes) > 1 and STABILITIES.index(arguments.data) < _EVOLVING):
        return None
    kinds = {tuple(map(str, pipeline.universe.args(probe))) for probe in probes}
    return kinds.pop() if len(kinds) == 1 else None
