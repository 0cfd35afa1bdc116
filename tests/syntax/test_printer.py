"""Trees print as text that reads back as the same tree."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtrans.source import NOWHERE, ON_COMMAND_LINE, Source
from dtrans.syntax import ast, parse, parse_expression, parse_type
from dtrans.syntax.printer import equal, show
from tests.syntax.reading import expression

CANONICAL = """\
#pragma D option quiet

self int last[dev_t];

inline int OPT = 1;

inline string name[int n] = n == 1 ? "one" : "other";

struct pair { int a : 3; char *b[4]; int (*c)(int, char *, ...); };

enum color { RED, GREEN = 2 };

translator pair_t < struct foo *F > {
	a = F->a;
	b = F == NULL ? 0 : F->b;
};

provider app {
	probe start(int, char *name) : (pair_t *p);
};

dtrace:::BEGIN,
syscall::*read*:entry
/pid == $target && (self->ts ^^ !this->x)/
{
	@a[execname, stringof(arg0)] = quantize(timestamp - self->ts);
	if (x) {
		y = (uint64_t)(-1);
	} else if (z) {
		trace(`hz);
	} else {
		exit(0);
	}
	x = (a, b) + sizeof (const foo) * - -c;
}

tick-1s
"""


def program(text: str) -> ast.Program:
    """The tree of a text on the command line, whose last clause may be a description alone."""
    return parse(Source(ON_COMMAND_LINE, text))


def test_canonical_text_is_printed_as_it_was() -> None:
    assert show(program(CANONICAL)) == CANONICAL


@pytest.mark.parametrize(
    "text",
    [
        *(
            "(a, b)[1]",
            "(a = b) + c",
            "(a ? b : c) ? d : e",
            "a ? (b, c) : d",
            "(a ? b : c) + 1",
            "a - (b - c)",
            "-(-a)",
        ),
        *("&(&a)", "+(+a)", "-(--a)", "(-a)--", "(*a)->b", "(a + b)->c", "((int)a)->b", "(int)(a + b)", "!(int)a"),
        *("sizeof ((int)a)", "sizeof (a + b)", "sizeof -a", "(sizeof a)[1]", "(stringof(a))->b", "stringof(a, b)"),
        *("(xlate <foo *>(a))->b", "offsetof(struct a, b)", "f(a, (b, c))", "(@a)[1]", "@a[(b, c)]", "x = y = z"),
        *(
            "(x = y) = z",
            "a[b = c]",
            "(foo)(-a)",
            "(foo)(*a)",
            "(foo *)-a",
            "(foo)(a)",
            "sizeof (foo_t)",
            "sizeof foo_t",
        ),
        *("1 .b", "(1).b", "1->b", r"'\0'", r"'\n\\\''", r'"\"\0011\377"', '"é"', "0", "010", "0x10uLL", "$$1", "m`x"),
        *("a / *b", "a && b || c ^^ d", "a << b >> c", "++*a", "*a++", "(a ? b : c) = d", "a, b, c", "a, (b, c)"),
    ],
)
def test_expressions_read_back_as_the_same_tree(text: str) -> None:
    tree = expression(text)
    assert equal(expression(show(tree)), tree)


@pytest.mark.parametrize(
    "text",
    [
        *("/1/ { }", "/ *p / { }", "/a / b / { }", "{ }", "", "{ if (a) if (b) c; else d; }", "{ if (a) { } else b; }"),
    ],
)
def test_clauses_read_back_as_the_same_tree(text: str) -> None:
    for description in ("BEGIN", "a:b", "a:::", ":::", ":::int", ":::1x", "12", "foo", "a*, b?"):
        tree = program(f"{description} {text}")
        assert equal(program(show(tree)), tree)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "int x[foo *];",
            "int x[foo a];",
            "int x[(foo_t)];",
            "int x[foo_t + 1];",
            "int x[n];",
            "int f(foo);",
            "int x[];",
        ),
        *(
            "int (*x)[3];",
            "int *x[3];",
            "int (*x)[int];",
            "int *x[int, foo];",
            "int (*(*x)(int))(foo *);",
            "int f(...);",
        ),
        *(
            "inline int *f[int a][3] = x;",
            "struct a { struct b { int c; } d; int; int : 3; };",
            "self x;",
            "typedef a b;",
        ),
    ],
)
def test_declarations_read_back_as_the_same_tree(text: str) -> None:
    tree = program(text)
    assert equal(program(show(tree)), tree)


@pytest.mark.parametrize("words", [("a b",), ('a"b',), ("",), ("/*x*/",), ("//x",), ("x//y",), ("\n",)])
def test_pragma_words_are_quoted_when_they_must(words: tuple[str, ...]) -> None:
    tree = ast.Program((ast.Pragma("error", words, NOWHERE),), NOWHERE)
    assert equal(program(show(tree)), tree)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("char*", "char *"), ("struct a*", "struct a *"), ("int[3]", "int [3]"), ("int(*)(int)", "int (*)(int)")],
)
def test_types_print_as_in_c(text: str, shown: str) -> None:
    assert show(parse_type(Source("test.d", text))) == shown


def test_parts_of_programs_print_too() -> None:
    clause, _ = program("BEGIN { if (a) b; } enum { A = 1 }; ").items
    assert isinstance(clause, ast.Clause)
    assert show(clause.probes[0]) == "BEGIN"
    assert show((clause.body or ())[0]) == "if (a) {\n\tb;\n}"


def test_trees_differ_by_what_they_say_not_by_where() -> None:
    assert equal(expression("a+b"), expression(" a  + b"))
    assert not equal(expression("a + b"), expression("a - b"))
    assert not equal(expression("f(a)"), expression("f(a, b)"))
    assert not equal(expression("1"), expression("1u"))


NAMES = st.sampled_from(["a", "foo", "BEGIN", "pid", "dev_t", "probed"])
KINDS: tuple[Literal["struct", "union", "enum"], ...] = ("struct", "union", "enum")
TYPES = st.recursive(
    st.one_of(
        st.sampled_from([("int",), ("unsigned", "long"), ("foo",), ("dev_t",), ("m`t",)]).map(
            lambda words: ast.NamedType(words, NOWHERE)
        ),
        st.sampled_from(KINDS).map(lambda kind: ast.TaggedType(kind, "tag", None, NOWHERE)),
    ),
    lambda inner: st.one_of(
        inner.map(lambda of: ast.PointerType(of, NOWHERE)),
        inner.map(lambda of: ast.ArrayType(of, ast.Integer(3, "", True, NOWHERE), NOWHERE)),
        st.tuples(inner, st.lists(inner, min_size=1, max_size=2)).map(
            # C has functions only behind pointers, other than at the top.
            lambda parts: ast.PointerType(
                ast.FunctionType(parts[0], tuple(("", kind) for kind in parts[1]), False, NOWHERE), NOWHERE
            )
        ),
        st.tuples(inner, st.lists(inner, min_size=1, max_size=2)).map(
            lambda parts: ast.AssociativeType(parts[0], tuple(parts[1]), NOWHERE)
        ),
    ),
    max_leaves=5,
)
LEAVES = st.one_of(
    NAMES.map(lambda name: ast.Name(name, NOWHERE)),
    st.integers(1, 2**64 - 1).map(lambda value: ast.Integer(value, "", True, NOWHERE)),
    st.integers(0, 2**64 - 1).map(lambda value: ast.Integer(value, "ull", False, NOWHERE)),
    st.integers(0, 2**64 - 1).map(lambda value: ast.Character(value, NOWHERE)),
    st.text(st.characters(max_codepoint=255), max_size=8).map(lambda text: ast.String(text, NOWHERE)),
    NAMES.map(lambda name: ast.ScopedName("self", name, NOWHERE)),
    NAMES.map(lambda name: ast.KernelSymbol("", name, NOWHERE)),
    NAMES.map(lambda name: ast.Macro(name, True, NOWHERE)),
    NAMES.map(lambda name: ast.Aggregation(name, None, NOWHERE)),
    TYPES.map(lambda kind: ast.SizeofType(kind, NOWHERE)),
    TYPES.map(lambda kind: ast.Offsetof(kind, "class", NOWHERE)),
)
BINARY = ["||", "^^", "&&", "|", "^", "&", "==", "!=", "<", ">", "<=", ">=", "<<", ">>", "+", "-", "*", "/", "%"]
UNARY = ["+", "-", "!", "~", "*", "&"]


def is_value(kind: ast.TypeExpr) -> bool:
    """Whether there are values of a type, so that one can be cast to it."""
    return not isinstance(kind, ast.ArrayType | ast.AssociativeType)


def deeper(inner: st.SearchStrategy[ast.Expr]) -> st.SearchStrategy[ast.Expr]:
    some = st.lists(inner, min_size=1, max_size=3).map(tuple)
    # An aggregation with brackets after it is one with keys.
    bases = inner.map(lambda base: ast.Name("a", NOWHERE) if isinstance(base, ast.Aggregation) else base)
    return st.one_of(
        st.builds(ast.Binary, st.sampled_from(BINARY), inner, inner, st.just(NOWHERE)),
        st.builds(ast.Unary, st.sampled_from(UNARY), inner, st.just(NOWHERE)),
        st.builds(ast.Step, st.sampled_from(["++", "--"]), inner, st.booleans(), st.just(NOWHERE)),
        st.builds(ast.Conditional, inner, inner, inner, st.just(NOWHERE)),
        st.builds(ast.Assign, st.sampled_from(["=", "<<="]), inner, inner, st.just(NOWHERE)),
        st.builds(ast.Comma, inner, inner, st.just(NOWHERE)),
        st.builds(ast.Cast, TYPES.filter(is_value), inner, st.just(NOWHERE)),
        st.builds(ast.Xlate, TYPES, inner, st.just(NOWHERE)),
        st.builds(ast.SizeofExpr, inner, st.just(NOWHERE)),
        st.builds(ast.Stringof, inner, st.just(NOWHERE)),
        st.builds(ast.Index, bases, some, st.just(NOWHERE)),
        st.builds(ast.Aggregation, NAMES, some, st.just(NOWHERE)),
        st.builds(ast.Call, NAMES, some, st.just(NOWHERE)),
        st.builds(ast.Member, inner, NAMES, st.booleans(), st.just(NOWHERE)),
    )


@given(st.recursive(LEAVES, deeper, max_leaves=12))
def test_any_expression_reads_back_as_the_same_tree(tree: ast.Expr) -> None:
    shown = show(tree)
    assert equal(parse_expression(Source("test.d", shown)), tree), shown


@given(TYPES)
def test_any_type_reads_back_as_the_same_tree(tree: ast.TypeExpr) -> None:
    shown = show(tree)
    assert equal(parse_type(Source("test.d", shown)), tree), shown


def test_printing_twice_changes_nothing() -> None:
    once = show(program(CANONICAL.replace("\t", "  ")))
    assert show(program(once)) == once
