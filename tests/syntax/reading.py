"""Short ways to read D in tests."""

from __future__ import annotations

import pytest

from dtrans.errors import Diagnostic, DtransError
from dtrans.source import ON_COMMAND_LINE, Source
from dtrans.syntax import ast, parse, parse_expression, parse_type
from dtrans.syntax.printer import equal


def program(text: str) -> ast.Program:
    return parse(Source("test.d", text))


def item(text: str) -> ast.Item:
    (only,) = parse(Source(ON_COMMAND_LINE, text)).items
    return only


def clause(text: str) -> ast.Clause:
    found = item(text)
    assert isinstance(found, ast.Clause)
    return found


def statements(body: str) -> tuple[ast.Statement, ...]:
    found = clause(f"BEGIN {{ {body} }}").body
    assert found is not None
    return found


def expression(text: str) -> ast.Expr:
    return parse_expression(Source("test.d", text))


def type_name(text: str) -> ast.TypeExpr:
    return parse_type(Source("test.d", text))


def same(left: str, right: str) -> bool:
    """Whether two expressions make the same tree."""
    return equal(expression(left), expression(right))


def problem(text: str) -> Diagnostic:
    with pytest.raises(DtransError) as caught:
        program(text)
    return caught.value.diagnostic
