"""The names in translators/ that this kernel must have: events, members, types. Asked of the running kernel."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType

import pytest

from dtrans.check.tree import Const, Expr
from dtrans.check.typenames import TypeNames
from dtrans.check.universe import Universe
from dtrans.errors import DtransError
from dtrans.knowledge.load import load
from dtrans.knowledge.rows import Lets, Point, ProbeRow, ProviderRow, SourceRow
from dtrans.plan.leaves import Linux
from dtrans.plan.rows import RowNames, translator_for
from dtrans.run.kernel.host import HostFacts
from dtrans.source import Source
from dtrans.syntax import ast, parse_type
from dtrans.types import INT

KNOWLEDGE = load()
PROBES = [(provider, probe) for provider in KNOWLEDGE.providers.values() for probe in provider.probes if probe.sources]
#: Members that need what some kernels do not tell: the places of their per-CPU data.
NEED_ADDRESSES = {"cpu_chip", "cpu_lgrp"}
#: What points bind: a member that is made from one of these is had at points that bind it, and refused at others.
BOUND = {name for _, probe in PROBES for source in probe.sources for point in source.points for name in point.let}


@cache
def facts() -> HostFacts:
    return HostFacts()


def _constant(node: ast.Expr) -> int:
    assert isinstance(node, ast.Integer)
    return node.value


@cache
def names() -> TypeNames:
    return TypeNames(facts(), KNOWLEDGE, 256, _constant)


def evaluated(
    point: Point,
    texts: Sequence[str],
    place: str,
    source: SourceRow | None = None,
    let: Lets = MappingProxyType({}),
    bound: Mapping[str, Expr[Linux]] = MappingProxyType({}),
) -> Expr[Linux]:
    """The checked expression: the first alternative that this kernel has all parts of."""
    try:
        found = RowNames(names(), point, source=source).evaluate(texts, let, **bound)
    except DtransError as error:
        pytest.fail(f"{place}: {error.diagnostic.render()}")
    if found is None:
        pytest.fail(f"{place}: this kernel lacks a part of {texts}")
    return found[0]


def members(kind: str, operand: Expr[Linux], point: Point, source: SourceRow | None = None) -> Iterator[str]:
    """Checks all members of a translated structure that is made from an operand; yields their names."""
    structure = KNOWLEDGE.structures.get(kind.removesuffix(" *"))
    if structure is None:
        return
    row = translator_for(structure.translators, names(), operand.type)
    assert row is not None, f"no translator makes {kind} from {operand.type}"
    for name, texts in row.members.items():
        if name in NEED_ADDRESSES and facts().symbol("runqueues") is None:
            continue
        used = {word for text in texts for word in re.findall(r"\w+", text)}
        if used & BOUND - set(point.let) - set(row.let) - {row.param}:
            continue
        evaluated(point, texts, f"{kind} {name}", source, row.let, {row.param: operand})
        yield name


@cache
def untyped() -> dict[str, str]:
    """Functions whose parameters this kernel does not tell, and their modules: those of modules before Linux 5.11."""
    listed = [(name, module) for module, names in facts().functions() if module != "vmlinux" for name in names]
    return {name: module for name, module in listed if facts().function(name, module) is None}


@pytest.mark.parametrize(("provider", "probe"), PROBES, ids=lambda row: row.name)
def test_every_part_of_a_probe_is_known_to_this_kernel(provider: ProviderRow, probe: ProbeRow) -> None:
    source = Universe(facts(), KNOWLEDGE).source(probe)
    if source is None:
        pytest.skip(f"needs {probe.sources[0].points[0].at}")
    for point in source.points:
        if module := untyped().get(point.at.partition(":")[2]):
            pytest.skip(f"needs the types of the module {module}")
        for text in filter(None, (point.when, point.thread, *dict(point.save).values(), *point.key, *point.arg)):
            evaluated(point, (text,), point.at, source)
        for kind, text in zip(() if point.save else probe.args, point.args, strict=True):
            if text:  # An argument that the point does not know is refused where it is used.
                list(members(kind, evaluated(point, (text,), point.at, source), point, source))


@pytest.mark.parametrize("name", sorted(KNOWLEDGE.builtins))
def test_every_builtin_is_known_to_this_kernel(name: str) -> None:
    row = KNOWLEDGE.builtins[name]
    served: Mapping[str, tuple[Point, tuple[str, ...]]] = {
        "running": (Point("syscall-return:read"), row.current),
        "other": (Point("rawtp:sched_switch", thread="ctx->next"), row.thread),
    }
    for which, (point, texts) in served.items():
        if texts:
            bound: dict[str, Expr[Linux]] = {"index": Const(3, INT)} if re.search(r"\bindex\b", texts[0]) else {}
            list(members(row.type, evaluated(point, texts, f"{name} of the {which} thread", bound=bound), point))


def test_every_type_is_known_to_this_kernel() -> None:
    for name, text in KNOWLEDGE.types.items():
        names().resolve(parse_type(Source(name, text)))


@pytest.mark.parametrize("name", sorted(KNOWLEDGE.calls))
def test_every_expression_of_a_system_call_is_sound(name: str) -> None:
    for call in KNOWLEDGE.calls[name].linux:
        for kind in ("entry", "return"):
            for text in (*call.args, *([call.when] if call.when else [])):
                evaluated(Point(f"syscall-{kind}:{call.name}"), (text,), f"{name} by {call.name}")


def test_system_calls_have_their_numbers(tmp_path: Path) -> None:
    """The C library's headers agree, call for call."""
    numbers = KNOWLEDGE.numbers[facts().machine]
    text = subprocess.run(
        ["cpp", "-dM", "-include", "asm/unistd.h", "/dev/null"], capture_output=True, text=True, check=False
    ).stdout
    theirs = dict(line.split()[1:3] for line in text.splitlines() if line.startswith("#define __NR_"))
    if not theirs:
        pytest.skip("needs command:cpp")
    for name, number in theirs.items():
        if number.isdigit():
            assert numbers.get(name.removeprefix("__NR_")) == int(number), name
