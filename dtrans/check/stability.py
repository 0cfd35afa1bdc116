"""The stability report: the least stable of all that a program names (dtrace -v; Guide, chapter "Stability").

Before: ``syscall:::entry { trace(curthread->comm); }``
After: descriptions Evolving/Evolving/Common, statements Stable/Private/Common

Source: libdtrace dt_provider.c (dt_probe_info), dt_cc.c (dt_setcontext) and dt_parser.c (dt_cook_clause).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from dtrans.check.typenames import TypeNames
from dtrans.errors import fail
from dtrans.knowledge.rows import Knowledge
from dtrans.knowledge.stability import (
    OPEN_PROVIDER,
    PRIVATE,
    Attributes,
    ProviderStability,
    least,
    provider_stability,
)
from dtrans.source import Span
from dtrans.syntax import ast
from dtrans.types import StructRef

_GLOB = re.compile(r"[*?\[\\]")
#: A process id, or a macro for one, at the end of a provider's name: ``pid$target``.
_PROCESS = re.compile(r"(\$\w+|\d+)$")


@dataclass(frozen=True, slots=True)
class Stability:
    """The least attributes of a program's probe descriptions and of its statements."""

    descriptions: Attributes
    statements: Attributes


def program_stability(program: ast.Program, knowledge: Knowledge, types: TypeNames) -> Stability:
    """The report of one source."""
    report = _Report(knowledge, types)
    for item in program.items:
        report.declare(item)
    clauses = [item for item in program.items if isinstance(item, ast.Clause)]
    return Stability(
        least(described(probe, knowledge)[0] for clause in clauses for probe in clause.probes),
        least(found for clause in clauses for probe in clause.probes for found in report.statements(clause, probe)),
    )


def check_minimum(program: ast.Program, knowledge: Knowledge, types: TypeNames, minimum: Attributes) -> None:
    """Raises D_ATTR_MIN for the first description, statement or predicate of a source that is less stable than the
    option amin asks for."""
    report = _Report(knowledge, types)
    for item in program.items:
        report.declare(item)
        match item:
            case ast.Clause(probes, predicate, body, _):
                for probe in probes:
                    _insist(described(probe, knowledge)[0], minimum, probe.span)
                    parts: list[ast.Statement | ast.Expr] = [*(body or ())]
                    for part in parts if predicate is None else [*parts, predicate]:
                        _insist(least(report.part(part, probe)), minimum, part.span)


def _insist(found: Attributes, minimum: Attributes, span: Span) -> None:
    if least((found, minimum)) != minimum:
        told = f"attributes {found} are less than the predefined minimum {minimum}"
        raise fail("D_ATTR_MIN", told, span, hint="the option amin sets the minimum")


def described(probe: ast.ProbeDescription, knowledge: Knowledge) -> tuple[Attributes, Attributes]:
    """The attributes of a probe description, and of the arguments of the probes that it names."""
    known = _provider(probe, knowledge)
    parts = ((probe.module, known.module), (probe.function, known.function), (probe.name, known.name))
    shown = least([known.provider, *(attributes for text, attributes in parts if not _is_open(text))])
    return shown, known.arguments


def _provider(probe: ast.ProbeDescription, knowledge: Knowledge) -> ProviderStability:
    """The attributes of the provider that a description names; Unstable ones where it names none."""
    if _is_open(probe.provider):
        return OPEN_PROVIDER
    rows = knowledge.providers
    return provider_stability(rows.get(probe.provider) or rows.get(_PROCESS.sub("", probe.provider)))


class _Report:
    def __init__(self, knowledge: Knowledge, types: TypeNames) -> None:
        self._knowledge = knowledge
        self._types = types
        self._inlines: dict[str, ast.Inline] = {}
        #: What ``#pragma D attributes`` says of the program's own names, whatever stands behind them.
        self._stated: dict[str, Attributes] = {}

    def declare(self, item: ast.Item) -> None:
        """Takes note of what an item says of names."""
        match item:
            case ast.Inline(name=name):
                self._inlines[name] = item
            case ast.Pragma("attributes", (text, name)):
                self._stated[name] = Attributes.parse(text)

    def statements(self, clause: ast.Clause, probe: ast.ProbeDescription) -> Iterator[Attributes]:
        """What a clause names in its actions and its predicate."""
        for part in (clause.body, clause.predicate):
            yield from self.part(part, probe)

    def part(self, part: Any, probe: ast.ProbeDescription) -> Iterator[Attributes]:
        """What a part of a clause names."""
        known = _provider(probe, self._knowledge)
        context = {
            "probeprov": known.provider,
            "probemod": known.module,
            "probefunc": known.function,
            "probename": known.name,
            "args": known.arguments,
        }
        yield from self._named(part, context, frozenset())

    def _named(self, node: Any, context: dict[str, Attributes], open_: frozenset[str]) -> Iterator[Attributes]:
        match node:
            case ast.Name(name) if name in self._stated:
                yield self._stated[name]
            case ast.Name(name) if name in self._inlines:
                if name not in open_:
                    yield from self._named(self._inlines[name].value, context, open_ | {name})
            case ast.Name(name) | ast.Call(name, _, _):
                if name in context:
                    yield context[name]
                elif name in self._knowledge.stability:
                    yield Attributes.parse(self._knowledge.stability[name])
            case ast.KernelSymbol() | ast.Xlate():
                # A translator's members are made from the kernel's own.
                yield PRIVATE
            case ast.PointerType() | ast.TaggedType() | ast.NamedType():
                yield from self._type(node)
        if is_dataclass(node):
            for part in fields(node):
                yield from self._named(getattr(node, part.name), context, open_)
        elif isinstance(node, tuple):
            for one in node:
                yield from self._named(one, context, open_)

    def _type(self, node: ast.TypeExpr) -> Iterator[Attributes]:
        """A type that only the kernel has."""
        if isinstance(node, ast.TaggedType | ast.NamedType):
            found = self._types.resolve(node)
            if isinstance(found, StructRef) and found.origin == "kernel":
                yield PRIVATE


def _is_open(part: str) -> bool:
    return not part or _GLOB.search(part) is not None
