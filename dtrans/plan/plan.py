"""The plan: one entry for each Linux attach point, with all that runs there, in D's order.

A firing is one D probe (for system calls: whichever probe the call is) that the attach point stands for. Its clauses
run in program order and share ``this->``. The plan is the only thing that an emitter reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dtrans.artifact import Probe, Wanted
from dtrans.attach import Attach
from dtrans.check.tree import AggregationInfo, Expr, Statement, Variable
from dtrans.options import Options
from dtrans.plan.leaves import Linux
from dtrans.source import Span

Code = tuple[Statement[Linux], ...]


@dataclass(frozen=True)
class PlanClause:
    """A clause at one attach point. `guard` says whether the clause's probe fired at all; `probe` gives its number;
    `numbers` are all that it can be. `text` is the D text, for the reader of the generated program; `span` is where it
    stands, None for a clause of our own."""

    number: int
    guard: Expr[Linux] | None
    probe: Expr[Linux]
    numbers: tuple[int, ...]
    predicate: Expr[Linux] | None
    body: Code
    default: bool
    text: str
    span: Span | None = None


@dataclass(frozen=True)
class Firing:
    """`thread`: the thread on whose behalf the probe fires, and `tid` its id; None for the running one."""

    guard: Expr[Linux] | None
    thread: Expr[Linux] | None
    tid: Expr[Linux] | None
    clauses: tuple[PlanClause, ...]


@dataclass(frozen=True)
class AttachPoint:
    attach: Attach
    firings: tuple[Firing, ...]


@dataclass(frozen=True)
class Became:
    """What one probe or member became, for ``dtrans explain``."""

    subject: str
    became: str
    fidelity: str
    differs: str


@dataclass(frozen=True)
class Plan:
    points: tuple[AttachPoint, ...]
    #: Clauses of dtrace:::ERROR, run where a fault happens.
    error: Firing | None
    probes: Mapping[int, Probe]
    aggregations: tuple[AggregationInfo, ...]
    variables: tuple[Variable, ...]
    options: Options
    matched: tuple[tuple[str, int], ...]
    lost: tuple[tuple[str, str], ...]
    idle: tuple[tuple[str, str], ...]
    became: tuple[Became, ...]
    #: What is to be looked for in processes.
    wanted: tuple[Wanted, ...] = ()
