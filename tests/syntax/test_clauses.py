"""Probe descriptions, predicates, statements."""

from __future__ import annotations

import pytest

from dtrans.syntax import ast
from tests.syntax.reading import clause, problem, program, statements


def parts(text: str) -> list[tuple[str, str, str, str]]:
    return [(it.provider, it.module, it.function, it.name) for it in clause(text).probes]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BEGIN", ("", "", "", "BEGIN")),
        ("read:entry", ("", "", "read", "entry")),
        ("syscall::read:entry", ("syscall", "", "read", "entry")),
        ("fbt:::", ("fbt", "", "", "")),
        (":::", ("", "", "", "")),
        ("tick-1sec", ("", "", "", "tick-1sec")),
        ("profile:::profile-$1", ("profile", "", "", "profile-$1")),
        ("pid$target:libc:malloc:entry", ("pid$target", "libc", "malloc", "entry")),
        ("pid$1::-:", ("pid$1", "", "-", "")),
        ("syscall::*read*:entry", ("syscall", "", "*read*", "entry")),
        ("fbt::[a-f]?x:!x", ("fbt", "", "[a-f]?x", "!x")),
        (r"fbt::a\*b:", ("fbt", "", r"a\*b", "")),
        ("rea*", ("", "", "", "rea*")),
        ("pid123:a.out:main:1c", ("pid123", "a.out", "main", "1c")),
        ("self:::x", ("self", "", "", "x")),
    ],
)
def test_descriptions_count_their_parts_from_the_right(text: str, expected: tuple[str, str, str, str]) -> None:
    assert parts(f"{text} {{ }}") == [expected]
    assert parts(f"{text}{{ }}") == [expected]
    assert parts(text) == [expected]


def test_descriptions_may_be_several_and_numbers() -> None:
    probes = clause("BEGIN, 12\n, /* and */ END /1/ { }").probes
    assert [it.name or it.id for it in probes] == ["BEGIN", 12, "END"]


def test_five_parts_are_too_many() -> None:
    assert problem("a:b:c:d:e { }").tag == "D_PDESC_INVAL"


def test_a_clause_without_braces_has_the_default_action() -> None:
    assert clause("BEGIN").body is None
    assert clause("BEGIN { }").body == ()


@pytest.mark.parametrize(
    "text", ["BEGIN END { }", "tick-1s tick-2s { }", "profile-1:int i { }", "syscall::: BEGIN { }"]
)
def test_only_the_last_clause_may_go_without_actions(text: str) -> None:
    diagnostic = problem(text)
    assert (diagnostic.tag, "following probe description" in diagnostic.message) == ("D_SYNTAX", True)


@pytest.mark.parametrize(
    "predicate",
    [
        *("pid == $target", "self->ts", "x / 2 > 1", "(x / 2) > (y / z)", "x /* half */ / 2", "a[1] / b[2]", "!(x)"),
        *("x /\n2", "*p", '"/" == s', "'/' == c"),
    ],
)
def test_predicates_may_divide(predicate: str) -> None:
    for text in (f"BEGIN / {predicate} / {{ }}", f"BEGIN\n/ {predicate}/\n{{ }}", f"BEGIN/ {predicate}/{{ }}"):
        assert clause(text).predicate is not None


@pytest.mark.parametrize("between", ["", " ", "\n\n", " /* why */ ", "/* why */", "// why\n", "\n# 7\n"])
def test_blanks_and_comments_may_follow_a_predicate(between: str) -> None:
    assert isinstance(clause(f"BEGIN /pid == 1/{between}{{ }}").predicate, ast.Binary)


def test_a_predicate_needs_actions() -> None:
    assert "expected actions" in problem("BEGIN /1/").message


def test_open_parentheses_do_not_end_a_predicate() -> None:
    assert "closing )" in problem("BEGIN /(1 / { }").message


@pytest.mark.parametrize(
    ("body", "count"),
    [("", 0), (";;", 0), ("a", 1), ("a;", 1), (";a;;b;", 2), ("a; b", 2), ("a, b", 1), ("a;\n\\\nb", 2)],
)
def test_statements_are_separated_by_semicolons(body: str, count: int) -> None:
    assert len(statements(body)) == count


def test_if_and_else() -> None:
    (found,) = statements("if (a) { b; c; } else if (d) e; else { }")
    assert isinstance(found, ast.If)
    assert len(found.then) == 2
    (other,) = found.other
    assert isinstance(other, ast.If)
    assert (len(other.then), other.other) == (1, ())


def test_else_belongs_to_the_nearest_if() -> None:
    (found,) = statements("if (a) if (b) c; else d;")
    assert isinstance(found, ast.If)
    assert found.other == ()
    assert isinstance(found.then[0], ast.If)
    assert len(found.then[0].other) == 1


@pytest.mark.parametrize(
    "body", ["if (a) b", "if (a) { b } else c", "if (a) b; else c", "if (a) { } b", "if (a) ; b", "if (a) if (b) c"]
)
def test_the_last_semicolon_may_be_left_out(body: str) -> None:
    assert isinstance(statements(body)[0], ast.If)


def test_an_interpreter_line_and_comments_are_skipped() -> None:
    assert len(program("#!/usr/sbin/dtrace -s\n/* a\n * b */ // c { \nBEGIN { } /* d */ // e").items) == 1


def test_nested_comments_are_refused_as_libdtrace_does() -> None:
    assert "inside a comment" in problem("/* a /* b */ BEGIN { }").message
    assert "before matching */" in problem("/* a").message


def test_the_empty_program_has_no_items() -> None:
    assert program("").items == ()
    assert program("/* nothing */\n").items == ()
