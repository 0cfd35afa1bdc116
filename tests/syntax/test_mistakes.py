"""What is said of text that does not parse: place, token, hint; and that nothing else than that ever happens."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtrans.errors import DtransError
from dtrans.source import Source
from dtrans.syntax import ast, parse, parse_expression, parse_type
from dtrans.syntax.printer import show
from tests.syntax.reading import problem, program


@pytest.mark.parametrize(
    ("text", "at", "hint"),
    [
        ("BEGIN { x = 1 «y» = 2; }", "y", "; may be missing"),
        ("BEGIN {\n\tx = 1\n\t«if» (y) z; }", "if", "; may be missing"),
        ('BEGIN { printf «"x"»; }', "x", "printf(...)"),
        ("BEGIN { «while» (1) x; }", "while", "no loops"),
        ("BEGIN { «return»; }", "return", "no functions"),
        ("BEGIN { «switch» (x) y; }", "switch", "no switch"),
        ("BEGIN /pid == 1 «{» }", "{", "a / is missing"),
        ("BEGIN { a;\nEND «{» b; }", "{", "of line 1 is not closed"),
        ("BEGIN { a = (1 + 2«;» }", ";", "( of line 1 is not closed"),
        ("BEGIN { a = b[1«)»; }", ")", "[ of line 1 is not closed"),
        ("BEGIN { a = b«)»; }", ")", "{ of line 1 is not closed"),
        ("BEGIN { } «}»", "}", "one } too many"),
        ("BEGIN { self«.»x = 1; }", ".", "self->name"),
        ("BEGIN { «int» x; }", "int", "outside clauses"),
        ("«/»1/ { }", "/", "descriptions of its probes"),
        ("BEGIN { if (a) { b; } c; «else» d; }", "else", "no if stands before"),
        ("BEGIN { a + b «=» c; }", "=", "assigned"),
        ("BEGIN { }«;»", ";", "leave the ; out"),
        ("x «=» 1;", "=", "missing"),
        ("printf«(»1);", "(", "missing"),
        ("struct a { int x; }\n«int» y;", "int", "; may be missing"),
        ("BEGIN { x = «é»; }", "é", ""),
    ],
)
def test_errors_name_the_token_and_the_likely_mistake(text: str, at: str, hint: str) -> None:
    before, rest = text.split("«")
    wrong, after = rest.split("»")
    diagnostic = problem(before + wrong + after)
    assert diagnostic.tag == "D_SYNTAX"
    assert f'near "{at}"' in diagnostic.message
    assert diagnostic.span is not None
    assert (diagnostic.span.start, diagnostic.span.end) == (len(before), len(before) + len(wrong))
    assert hint in diagnostic.hint


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("BEGIN { trace(1);", "{ of line 1 is not closed"),
        ("BEGIN { trace(1", "( of line 1 is not closed"),
        ("BEGIN\n{ if (x) {\n a; }", "{ of line 2 is not closed"),
        ("BEGIN /x", "/ of line 1 is not closed"),
    ],
)
def test_a_text_that_ends_too_early_says_what_is_open(text: str, hint: str) -> None:
    diagnostic = problem(text)
    assert "end of the text" in diagnostic.message
    assert hint in diagnostic.hint


def test_the_first_of_two_errors_is_told() -> None:
    diagnostic = problem('BEGIN { ) }\nEND { x = "a\n }')
    assert 'near ")"' in diagnostic.message


def test_nothing_at_all_is_no_expression_and_no_type() -> None:
    for read, what in ((parse_expression, "expression"), (parse_type, "type")):
        with pytest.raises(DtransError, match=f"empty {what}"):
            read(Source("test.d", " "))


DEPTH = 10_000


@pytest.mark.parametrize(
    "text",
    [
        "BEGIN { x = " + "- " * DEPTH + "1; }",
        "BEGIN { x" + " = x" * DEPTH + "; }",
        "BEGIN { 1" + " + 1" * DEPTH + "; }",
        "BEGIN { x" + "->y" * DEPTH + "; }",
        "BEGIN { " + "f(" * DEPTH + ")" * DEPTH + "; }",
        "BEGIN { " + "a ? b : " * DEPTH + "c; }",
        "BEGIN { " + "if (a) { " * DEPTH + "}" * DEPTH + "}",
        "BEGIN { if (a) b;" + " else if (a) b;" * DEPTH + "}",
        "int " + "*" * DEPTH + "x;",
        "int x" + "[2]" * DEPTH + ";",
        "BEGIN { x = (int (*)" + "[2]" * DEPTH + ")0; }",
        "struct a { " * DEPTH + "int x; " + "} b; " * DEPTH,
    ],
)
def test_trees_too_deep_for_later_passes_are_refused(text: str) -> None:
    assert "nested too deeply" in problem(text).message


def test_long_programs_are_not_deep() -> None:
    table = " : ".join(f'n == {number} ? "E{number}"' for number in range(150))
    text = f'inline string name[int n] = {table} : "?";\nBEGIN {{ {"x = 1; " * DEPTH} f({", ".join("1" * DEPTH)}); }}'
    assert len(program(text).items) == 2


FRAGMENTS = [
    *("BEGIN", "syscall::read:entry", "tick-1s", "{", "}", "(", ")", "[", "]", "/", "*", ";", ",", "?", ":", "=", "+="),
    *(
        "++",
        "--",
        "->",
        ".",
        "...",
        "&&",
        "^^",
        "<",
        "<<",
        "!",
        "-",
        "@a",
        "@",
        "$1",
        "$$1",
        "`x",
        "m`x",
        "x",
        "foo_t",
        "0x1f",
    ),
    *(
        "089",
        "1.5",
        '"s"',
        '"',
        "'c'",
        "'",
        "self",
        "this",
        "int",
        "struct",
        "enum",
        "union",
        "typedef",
        "inline",
        "const",
    ),
    *(
        "translator",
        "provider",
        "probe",
        "sizeof",
        "offsetof",
        "stringof",
        "xlate",
        "if",
        "else",
        "while",
        "static",
        "void",
    ),
    *(
        "/*",
        "*/",
        "//",
        "\n",
        "\n#",
        "#pragma D option quiet\n",
        '\n# 1 "x"\n',
        "\\",
        "\0",
        "é",
        "\udc80",
        "\ud800",
        "\r",
    ),
]


@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(FRAGMENTS), max_size=25).map(" ".join)))
def test_any_text_parses_or_is_a_problem_that_can_be_shown(text: str) -> None:
    for read in (parse, parse_expression, parse_type):
        try:
            assert isinstance(show(read(Source("test.d", text))), str)
        except DtransError as error:
            diagnostic = error.diagnostic
            assert diagnostic.tag.startswith("D_")
            assert diagnostic.span is not None
            assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(text)
            assert diagnostic.render()


@given(st.binary(max_size=80))
def test_any_bytes_parse_or_are_a_problem(raw: bytes) -> None:
    source = Source("test.d", raw.decode("utf-8", "surrogateescape"))
    with suppress(DtransError):
        assert isinstance(parse(source), ast.Program)
