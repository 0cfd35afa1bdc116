"""Probes in processes: which programs serve them, what the loader must look for, where their arguments are.

pid$target:libc:*alloc:entry { @[probefunc] = count(); }    one program at all entries; one `Wanted` for it
python*:::function-entry { trace(copyinstr(arg0)); }        one program at all sites; where arguments are, the site
tells

Clauses of one kind of place share a program and run in their order. Which of them a place wants, its cookie says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from dtrans.artifact import Wanted
from dtrans.attach import ANY_PROCESS, UserCode
from dtrans.check.processes import UserProbe, split_process
from dtrans.check.program import TypedClause
from dtrans.check.tree import Cast, Expr
from dtrans.check.universe import ProbeRef, RowProbe
from dtrans.errors import fail
from dtrans.knowledge.rows import Point
from dtrans.plan.leaves import Linux, PlaceWanted, RegisterArg, RegisterResult, SiteArg
from dtrans.source import Span, written
from dtrans.types import INT64, UINT64

#: Arguments that are in registers on every machine: at an offset in a function the stack tells nothing.
_REGISTERS = 6


@dataclass
class UserPlaces:
    """What a program wants of processes, as its clauses are planned one after the other."""

    zero_matches: bool
    wanted: list[Wanted] = field(default_factory=list)
    _clauses: dict[UserCode, list[int]] = field(default_factory=dict)
    _groups: dict[tuple[int, str, str, str, str], int] = field(default_factory=dict)

    def of_functions(self, clause: TypedClause, ref: ProbeRef, probe: UserProbe) -> UserCode:
        """Where a clause runs for what a description means in processes."""
        attach = UserCode(probe.moment, ANY_PROCESS * is_any_process(ref))
        self._want(attach, clause, ref, probe.base, "")
        return attach

    def of_exits(self, clause: TypedClause, ref: ProbeRef, probe: UserProbe) -> UserCode:
        """Where a program notes by which instruction a function is left whose return a description means."""
        attach = UserCode("exit", ANY_PROCESS * is_any_process(ref))
        self._want(attach, clause, ref, probe.base, "")
        return attach

    def of_row(self, clause: TypedClause, ref: ProbeRef, probe: RowProbe, index: int, point: Point) -> UserCode:
        """Where a clause runs for a row's point: `index` counts the points of the row."""
        kind, _, place = point.at.partition(":")
        moment = kind.removeprefix("user-")
        row = f"{probe.provider.name}:{probe.row.name}:{index}{ANY_PROCESS * is_any_process(ref)}"
        attach = UserCode(moment, row, point.variables)  # type: ignore[arg-type]
        self._want(attach, clause, ref, probe.provider.name, place)
        return attach

    def guard(self, attach: UserCode, clause: TypedClause) -> Expr[Linux]:
        """Whether the place that fires wants a clause."""
        return PlaceWanted(self._bit(attach, clause))

    def _bit(self, attach: UserCode, clause: TypedClause) -> int:
        clauses = self._clauses.setdefault(attach, [])
        if clause.number not in clauses:
            clauses.append(clause.number)
        return clauses.index(clause.number)

    def _want(self, attach: UserCode, clause: TypedClause, ref: ProbeRef, base: str, place: str) -> None:
        row = ref.served.row if isinstance(ref.served, UserProbe) else ref.served.provider  # type: ignore[union-attr]
        span = _description(clause, ref)
        key = clause.number, ref.provider, ref.module, ref.function, str(span.start if span else 0)
        self.wanted.append(
            Wanted(
                attach,
                self._bit(attach, clause),
                self._groups.setdefault(key, len(self._groups)),
                clause.source,
                ref.provider,
                base if split_process(ref.provider)[1] or place else "",
                ref.module,
                ref.function,
                ref.name,
                place,
                row.files if row else (),
                row.loaded_later if row else False,
                row.without if row and attach.moment in ("return", "exit") else (),
                self.zero_matches,
                row.reason if row else "",
                written(span),
            )
        )


def is_any_process(ref: ProbeRef) -> bool:
    """Whether a probe is one for all processes that have it."""
    return not split_process(ref.provider)[1]


def _description(clause: TypedClause, ref: ProbeRef) -> Span | None:
    """Where the description stands that a probe came from: the clause's only one, or the one of the same words."""
    descriptions = clause.node.probes
    for one in descriptions:
        if (one.module, one.function) == (ref.module, ref.function):
            return one.span
    return descriptions[0].span if descriptions else None


class UserArguments:
    """``argN`` at a place in a process, and ``args[]`` at a probe that programs define: nothing tells the types of
    functions' arguments."""

    def __init__(self, attach: UserCode, what: str, left: Callable[[], Expr[Linux]]) -> None:
        self.moment = attach.moment
        self.what = what
        #: Gives the offset of the instruction by which a function was left.
        self.left = left

    def arg(self, index: int, span: Span) -> Expr[Linux]:
        return Cast(self._value(index, span), INT64)

    def operand(self, index: int, span: Span) -> Expr[Linux]:
        if self.moment == "site":
            return SiteArg(index)
        raise fail("D_ARGS_IDX", f"{self.what} has no typed arguments", span, hint=f"use arg{index}")

    def _value(self, index: int, span: Span) -> Expr[Linux]:
        match self.moment:
            case "entry":
                return RegisterArg(index, UINT64, user=True)
            case "site":
                return SiteArg(index)
            case "offset" if index < _REGISTERS:
                return RegisterArg(index, UINT64, user=True)
            case "return" if index == 1:
                return RegisterResult(UINT64)
            case "return" if index == 0:
                return self.left()
        raise fail("D_ARGS_NONE", f"{self.what} has no arg{index}", span)


def user_context(point: Point, name: str) -> Expr[Linux] | None:
    """``ctx->name`` of a row's point in a process; None when it has none of that name."""
    kind = point.at.partition(":")[0]
    if name == "ret" and kind == "user-return":
        return RegisterResult(UINT64)
    if name.startswith("arg") and name[3:].isdecimal() and kind in ("user-entry", "user-site"):
        index = int(name[3:])
        return SiteArg(index) if kind == "user-site" else RegisterArg(index, UINT64, user=True)
    return SiteArg(point.variables.index(name)) if name in point.variables else None
