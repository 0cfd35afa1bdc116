"""A firing's clauses over several programs: in order, each once, and none larger than a program may be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dtrans.check.tree import Const
from dtrans.emit.pieces import MOST_PIECES, FiringText, Part, in_pieces, in_programs, size_of
from dtrans.plan.plan import PlanClause
from dtrans.types import INT

CLAUSE = PlanClause(1, None, Const(1, INT), (1,), None, (), default=False, text="")

LINES = st.lists(
    st.sampled_from(("x = 1;", "dt_strcpy(a, 8, b, 8);", "ZERO(k, 280);", "REPORT_FAULT();")), max_size=400
)
PARTS = st.builds(lambda lines: Part(CLAUSE, lines), LINES)
FIRINGS = st.builds(lambda clauses: FiringText("f", 1, clauses=clauses), st.lists(PARTS, max_size=12))


def numbered(count: int) -> FiringText:
    return FiringText("f", 1, clauses=[Part(CLAUSE, [f"c{number};"] * 300) for number in range(count)])


@given(FIRINGS, st.integers(0, 500))
def test_clauses_stay_in_order_and_none_is_lost(firing: FiringText, error: int) -> None:
    pieces = in_pieces(firing, error)
    assert [clause for piece in pieces for clause in piece] == firing.clauses
    for piece in pieces:
        assert len(piece) == 1 or size_of([line for clause in piece for line in clause.lines], error) <= 10_000


def test_pieces_are_larger_before_they_are_too_many() -> None:
    few, many = (numbered(count * MOST_PIECES) for count in (4, 9))
    assert (len(in_pieces(few, 0)), len(in_pieces(many, 0))) == (MOST_PIECES, MOST_PIECES)


@given(st.lists(FIRINGS, max_size=6))
def test_firings_stay_in_order_and_none_is_lost(firings: list[FiringText]) -> None:
    assert [firing for group in in_programs(firings, 0) for firing in group] == firings


def test_a_piece_goes_on_to_the_next_with_what_it_keeps() -> None:
    firing = numbered(2)
    firing.kept = {"t_x": "s64", "t_y": "s64"}
    firing.clauses[1].lines.append("t_x++;")
    firing.guard, firing.fresh, firing.opening = ["guard;"], ["s64 t_x = 0;"], ["self;"]
    first = firing.piece(firing.clauses[:1], "chain_4", 0, last=False).text
    second = firing.piece(firing.clauses[1:], "chain_4", 1, last=True).text
    assert [part in first for part in ("guard;", "s64 t_x = 0;", "self;", "s->kept_t_x = t_x;")] == [True] * 4
    assert first.index("c0;") < first.index("s->kept_t_x = t_x;") < first.index("chain_4.call(ctx, 1);")
    assert second.index("s64 t_x = s->kept_t_x;") < second.index("self;") < second.index("c1;")
    assert "s->kept_t_y = t_y;" in first
    assert "t_y" not in second
    assert [part in second for part in ("guard;", "= 0;", "call(")] == [False] * 3
