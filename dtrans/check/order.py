"""What may stand before and after speculate() and commit() in a clause, as dtrace has it.

Source: Guide, "Speculative Tracing"; libdtrace dt_cc.c, dt_stmt_append(), which has the tags and the words.
"""

from __future__ import annotations

from collections.abc import Sequence

from dtrans.check.destructive import DESTRUCTIVE
from dtrans.check.tree import Act, Aggregate, If, Solaris, Statement
from dtrans.errors import fail
from dtrans.source import Span
from dtrans.values import dataclass


@dataclass(slots=True)
class Order:
    """What a block of a clause has done so far. A branch is a block of its own, inside of what was done before it."""

    speculated: bool = False
    committed: bool = False
    recorded: bool = False

    def inner(self) -> Order:
        """The beginning of a block inside this one."""
        return Order(self.speculated, self.committed)

    def add(self, statements: Sequence[Statement[Solaris]], span: Span) -> None:
        """Takes the next statements in. Raises D_COMM_*, D_SPEC_*, D_AGG_*, D_ACT_SPEC, D_EXIT_SPEC, D_DREC_COMM."""
        for statement in statements:
            match statement:
                case If(_, then, other):
                    self.inner().add(then, span)
                    self.inner().add(other, span)
                case Aggregate():
                    self._aggregate(span)
                case Act("speculate", _, _, _):
                    self._speculate(span)
                case Act("commit", _, _, _):
                    self._commit(span)
                case Act("discard", _, _, _):
                    pass
                case Act(kind, _, _, _):
                    self._act(kind, span)

    def _speculate(self, span: Span) -> None:
        if self.speculated:
            raise fail("D_SPEC_SPEC", "speculate( ) may not follow speculate( )", span)
        if self.committed:
            raise fail("D_SPEC_COMM", "speculate( ) may not follow commit( )", span)
        if self.recorded:
            raise fail("D_SPEC_DREC", "speculate( ) may not follow data-recording action(s)", span, hint=_CLAUSES)
        self.speculated = True

    def _commit(self, span: Span) -> None:
        if self.committed:
            raise fail("D_COMM_COMM", "commit( ) may not follow commit( )", span)
        if self.recorded:
            raise fail("D_COMM_DREC", "commit( ) may not follow data-recording action(s)", span, hint=_CLAUSES)
        self.committed = True

    def _aggregate(self, span: Span) -> None:
        if self.committed:
            raise fail("D_AGG_COMM", "aggregating actions may not follow commit( )", span, hint=_CLAUSES)
        if self.speculated:
            raise fail("D_AGG_SPEC", "aggregating actions may not follow speculate( )", span, hint=_CLAUSES)
        self.recorded = True

    def _act(self, kind: str, span: Span) -> None:
        destructive = kind in DESTRUCTIVE
        if self.speculated and destructive:
            raise fail("D_ACT_SPEC", "destructive actions may not follow speculate( )", span, hint=_CLAUSES)
        if self.speculated and kind == "exit":
            raise fail("D_EXIT_SPEC", "exit( ) may not follow speculate( )", span, hint=_CLAUSES)
        if destructive:
            return
        if self.committed:
            raise fail("D_DREC_COMM", "data-recording actions may not follow commit( )", span, hint=_CLAUSES)
        self.recorded = self.recorded or not self.speculated


_CLAUSES = "put them in two clauses of the same probe"
