"""Whether the clauses of dtrace:::ERROR can be run by the reader, for a value that only the reader finds missing.

Before: ``ERROR { printf("%d %x", arg4, arg5); exit(1); }``  After: True
Before: ``ERROR { printf("%d", ppid); }``                    After: False

A program that fails runs them itself, at once. The reader runs them later and as its own process: what they ask of the
process at hand would be another's, but for what the record has for them: the thread's ids and name, its user, the CPU.
"""

from __future__ import annotations

from dtrans.check.tree import Act, Assign, Call, Expr, Load, Read, Rewriter, Statement, StringOf
from dtrans.plan.leaves import FaultArg, Intrinsic, Linux, ProbeIn, ProbePart
from dtrans.plan.plan import Firing

#: Intrinsics that give the same wherever they are asked for, and those that the reader's firing is told.
_ANYWHERE = frozenset({
    "__comm", "__cpu", "__gid", "__tgid", "__tid", "__uid",
    "__epid", "__host", "__kernel_word", "__ktime", "__probe_id", "__probefunc", "__probemod", "__probename",
    "__probeprov", "__provider", "__tick", "__wall",
})  # fmt: skip
#: Subroutines and actions that are of the process or the stack at hand.
_OF_PROCESS = frozenset({
    "copyin", "copyinstr", "copyinto", "jstack", "progenyof", "stack", "uaddr", "ufunc", "umod", "ustack", "usym",
})  # fmt: skip
_ON_PROCESS = frozenset({"chill", "copyout", "copyoutstr", "raise", "stop"})


def runs_anywhere(firing: Firing) -> bool:
    """Whether nothing in the clauses of a firing depends on what runs on the CPU, but for what the record has."""
    search = _Search()
    for clause in firing.clauses:
        if clause.predicate is not None:
            search.expr(clause.predicate)
        for statement in clause.body:
            search.statement(statement)
    return not search.found


class _Search(Rewriter[Linux, Linux]):
    """Looks at all parts of clauses, and leaves them as they are. `found`: one of them is of the thread at hand."""

    def __init__(self) -> None:
        super().__init__(self._look)
        self.found = False

    def _look(self, leaf: Linux) -> Expr[Linux]:
        match leaf:
            case FaultArg() | ProbeIn() | ProbePart():
                return leaf
            case Intrinsic(name, args, _):
                self.found |= name not in _ANYWHERE
                for each in args:
                    self.expr(each)
                return leaf
        self.found = True
        return leaf

    def expr(self, expr: Expr[Linux]) -> Expr[Linux]:
        match expr:
            case Read(variable, _) | Assign(variable, _, _, _, _):
                self.found |= variable.scope == "self"
            case Load(_, _, space, _) | StringOf(_, space, _):
                self.found |= space == "user"
            case Call(name, _, _, _):
                self.found |= name in _OF_PROCESS
        return super().expr(expr)

    def statement(self, statement: Statement[Linux]) -> Statement[Linux]:
        match statement:
            case Act(kind, _, _, _):
                self.found |= kind in _ON_PROCESS
        return super().statement(statement)
