"""What is refused before the kernel sees it."""

from __future__ import annotations

import pytest

from dtrans import attach
from dtrans.artifact import Program
from dtrans.errors import DtransError, fail
from dtrans.run.programs.load import check_length, told_at

BEGIN = Program("prog_0", attach.TestRun("BEGIN"))


def test_a_function_in_which_jumps_may_be_too_long_is_refused_and_others_are_not() -> None:
    check_length(BEGIN, 32767, ())
    check_length(BEGIN, 90000, (30000, 60000))
    for functions in ((), (10,), (32768,)):
        with pytest.raises(DtransError, match="the probe BEGIN is longer than a program of the kernel may be"):
            check_length(BEGIN, 32768 + 10, functions)


def test_what_is_wrong_with_a_program_is_told_where_its_first_clause_stands() -> None:
    clauses = {1: ("x.d", 3, 1, 99, "BEGIN"), 2: ("x.d", 7, 5, 12, "\ttick-1s { x = 1; }")}
    program = Program("prog_1", attach.TestRun("BEGIN"), clauses=(2,))
    with pytest.raises(DtransError) as raised, told_at(clauses, program):
        check_length(program, 40000, ())
    assert raised.value.diagnostic.render().startswith("x.d:7:5: error: a statement at the probe BEGIN is longer")
    with pytest.raises(DtransError) as raised, told_at(clauses, program):
        raise fail("D_NO_PRIVILEGES", "no permission to load")
    assert raised.value.diagnostic.span is None
