"""Expressions: levels, operands, casts, constants."""

from __future__ import annotations

from itertools import pairwise

import pytest

from dtrans.errors import DtransError
from dtrans.source import Source
from dtrans.syntax import ast, parse_expression
from dtrans.syntax.printer import equal
from tests.syntax.reading import expression, problem, same, statements

LEVELS = ["||", "^^", "&&", "|", "^", "&", "==", "<", "<<", "+", "*"]


@pytest.mark.parametrize(("looser", "tighter"), list(pairwise(LEVELS)))
def test_each_level_of_operators_binds_tighter_than_the_one_before(looser: str, tighter: str) -> None:
    assert same(f"a {looser} b {tighter} c", f"a {looser} (b {tighter} c)")
    assert same(f"a {tighter} b {looser} c", f"(a {tighter} b) {looser} c")


@pytest.mark.parametrize("operator", [*LEVELS, "!=", ">", "<=", ">=", ">>", "-", "/", "%"])
def test_binary_operators_group_to_the_left(operator: str) -> None:
    assert same(f"a {operator} b {operator} c", f"(a {operator} b) {operator} c")
    assert not same(f"a {operator} b {operator} c", f"a {operator} (b {operator} c)")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a = b = c", "a = (b = c)"),
        ("a += b -= c", "a += (b -= c)"),
        ("a ? b : c ? d : e", "a ? b : (c ? d : e)"),
        ("a ? b, c : d", "a ? (b, c) : d"),
        ("a || b ? c : d", "(a || b) ? c : d"),
        ("a = b ? c : d", "a = (b ? c : d)"),
        ("a, b = c", "a, (b = c)"),
        ("a, b, c", "(a, b), c"),
        ("-a * b", "(-a) * b"),
        ("!a == b", "(!a) == b"),
        ("*a++", "*(a++)"),
        ("-a->b", "-(a->b)"),
        ("&a[1]", "&(a[1])"),
        ("(int)a + b", "((int)a) + b"),
        ("(int)a->b", "(int)(a->b)"),
        ("(int)-a", "(int)(-a)"),
        ("sizeof a + b", "(sizeof a) + b"),
        ("sizeof (int) - 1", "(sizeof (int)) - 1"),
        ("stringof(a) == b", "(stringof(a)) == b"),
        ("stringof a->b", "stringof(a->b)"),
        ("a.b.c", "(a.b).c"),
        ("- -a", "-(-a)"),
        ("!!a", "!(!a)"),
        ("++a->b", "++(a->b)"),
    ],
)
def test_operators_group_as_in_c(written: str, meant: str) -> None:
    assert same(written, meant)


@pytest.mark.parametrize(
    "text",
    [
        "OPT ? self->ok = 1 : 1",
        "OPT ? @a[k] = count() : 1",
        'x ? printf("a") : 1',
        "x ? (self->ok = 1, y = 2) : 1",
        "x ? y++ : (z = 1)",
    ],
)
def test_branches_of_a_conditional_take_assignments_and_actions(text: str) -> None:
    assert isinstance(expression(text), ast.Conditional)


def test_a_conditional_is_no_target_of_an_assignment() -> None:
    diagnostic = problem("BEGIN { a ? b : c = 1; }")
    assert (diagnostic.tag, "assigned" in diagnostic.hint) == ("D_SYNTAX", True)


@pytest.mark.parametrize("operator", ["=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="])
def test_every_assignment_operator_is_kept(operator: str) -> None:
    found = expression(f"this->a {operator} 1")
    assert isinstance(found, ast.Assign)
    assert found.op == operator


def test_steps_before_and_after_differ() -> None:
    assert isinstance(before := expression("--a"), ast.Step)
    assert isinstance(after := expression("a--"), ast.Step)
    assert (before.postfix, after.postfix) == (False, True)


@pytest.mark.parametrize(
    "text",
    [
        *("(uint64_t)x", "(char *)p", "(conn_t *)x", "(struct foo *)x", "(boolean_t)x", "(foo)x", "(foo)(x)", "(foo)1"),
        *('(foo)"x"', "(foo)'x'", "(foo)~x", "(foo)!x", "(foo)$1", "(foo)self->x", "(foo)`x", "(foo)sizeof (int)"),
        *("(foo **)x", "(foo const *)x", "(const foo *)x", "(unsigned long)x", "(int (*)(int))x", "(foo (*)(int))x"),
        *("(uint_t)-x", "(size_t)*x", "(id_t)&x", "(id_t)++x", "(mod`foo *)x", "(struct mod`foo *)x", "(string)x"),
    ],
)
def test_casts_are_told_from_parentheses(text: str) -> None:
    assert isinstance(expression(text), ast.Cast)


@pytest.mark.parametrize(
    ("text", "operator"),
    [
        ("(foo) - 1", "-"),
        ("(foo) * 2", "*"),
        ("(foo) & 3", "&"),
        ("(foo) + 3", "+"),
        ("(foo) / 2", "/"),
        ("(foo) == 1", "=="),
    ],
)
def test_a_plain_name_in_parentheses_before_an_operator_is_an_operand(text: str, operator: str) -> None:
    found = expression(text)
    assert isinstance(found, ast.Binary)
    assert (found.op, getattr(found.left, "name", "")) == (operator, "foo")


def test_the_caller_says_what_names_a_type_where_the_text_does_not() -> None:
    source = Source("test.d", "(foo) - 1")
    assert isinstance(parse_expression(source, lambda name: name == "foo"), ast.Cast)
    assert isinstance(parse_expression(source, lambda name: name != "foo"), ast.Binary)


def test_sizeof_takes_types_and_expressions() -> None:
    assert isinstance(expression("sizeof (stack_t)"), ast.SizeofType)
    assert isinstance(expression("sizeof (struct stat)"), ast.SizeofType)
    assert isinstance(expression("sizeof (foo *)"), ast.SizeofType)
    assert isinstance(expression("sizeof (foo)"), ast.SizeofExpr)
    assert isinstance(expression("sizeof foo_t"), ast.SizeofExpr)


def test_operators_on_types_keep_their_types() -> None:
    assert isinstance(found := expression("offsetof(foo, class)"), ast.Offsetof)
    assert found.member == "class"
    assert isinstance(translated := expression("xlate <struct vtype *>(args[0]->v_type)->code"), ast.Member)
    assert isinstance(translated.base, ast.Xlate)
    assert isinstance(translated.base.type, ast.PointerType)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("args[0]->b_flags", "b_flags"),
        ("a->class", "class"),
        ("a->string", "string"),
        ("a->int", "int"),
        ("a.self", "self"),
        ("a.while", "while"),
        ("a->probe", "probe"),
        ("a->if", "if"),
        ("self->string", "string"),
        ("this->BEGIN", "BEGIN"),
        ("self->self", "self"),
        ("self->foo_t", "foo_t"),
    ],
)
def test_any_word_names_a_member(text: str, name: str) -> None:
    found = expression(text)
    assert isinstance(found, ast.Member | ast.ScopedName)
    assert found.name == name


@pytest.mark.parametrize("name", ["BEGIN", "END", "trace", "exec", "fork", "in", "class"])
def test_words_that_are_no_keywords_in_expressions_name_variables(name: str) -> None:
    found = expression(f"{name} + 1")
    assert isinstance(found, ast.Binary)
    assert getattr(found.left, "name", "") == name


def test_aggregations_have_names_and_keys() -> None:
    named = expression('@a[pid, "x", self->y]')
    assert isinstance(named, ast.Aggregation)
    assert (named.name, len(named.keys or ())) == ("a", 3)
    assert equal(expression("@"), expression("@ "))
    assert isinstance(bare := expression("@"), ast.Aggregation)
    assert (bare.name, bare.keys) == ("", None)
    assert isinstance(unnamed := expression("@[1]"), ast.Aggregation)
    assert (unnamed.name, len(unnamed.keys or ())) == ("", 1)


def test_symbols_have_a_module_or_none() -> None:
    for text, module, name in [
        ("`hz", "", "hz"),
        ("unix`hz", "unix", "hz"),
        ("8021q`x", "8021q", "x"),
        ("a`b`c", "a`b", "c"),
    ]:
        found = expression(text)
        assert isinstance(found, ast.KernelSymbol)
        assert (found.module, found.name) == (module, name)


def test_macros_keep_their_names() -> None:
    for text, name, quoted in [
        ("$1", "1", False),
        ("$$1", "1", True),
        ("$target", "target", False),
        ("$$0", "0", True),
    ]:
        found = expression(text)
        assert isinstance(found, ast.Macro)
        assert (found.name, found.quoted) == (name, quoted)


def test_arrays_take_any_tuple() -> None:
    found = expression('a[pid, "x", (int)1, self->b ? 1 : 2]')
    assert isinstance(found, ast.Index)
    assert len(found.keys) == 4


@pytest.mark.parametrize("text", ["a->b(1)", "f(1)(2)", "`f(1)", "@a(1)"])
def test_only_names_are_called(text: str) -> None:
    with pytest.raises(DtransError) as caught:
        expression(text)
    assert caught.value.diagnostic.tag == "D_FUNC_IDENT"


def test_division_inside_a_body_is_division_even_before_a_comment_or_a_brace() -> None:
    assert isinstance(statements("x = a / /* half */ 2")[0], ast.ExprStatement)


@pytest.mark.parametrize(
    ("text", "value", "suffix", "decimal"),
    [
        *(
            ("0", 0, "", False),
            ("7", 7, "", True),
            ("017", 15, "", False),
            ("0x1F", 31, "", False),
            ("10u", 10, "u", True),
        ),
        *(("10L", 10, "l", True), ("10LL", 10, "ll", True), ("10uLL", 10, "ull", True), ("0XffULL", 255, "ull", False)),
        *(
            ("10lu", 10, "ul", True),
            ("18446744073709551615", 2**64 - 1, "", True),
            ("0x0000000000000000001", 1, "", False),
        ),
        *(("01777777777777777777777", 2**64 - 1, "", False), ("0xffffffffffffffff", 2**64 - 1, "", False)),
    ],
)
def test_integers(text: str, value: int, suffix: str, decimal: bool) -> None:
    found = expression(text)
    assert isinstance(found, ast.Integer)
    assert (found.value, found.suffix, found.decimal) == (value, suffix, decimal)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        *(
            ("18446744073709551616", "D_INT_OFLOW"),
            ("0x10000000000000000", "D_INT_OFLOW"),
            ("9" * 10_000, "D_INT_OFLOW"),
        ),
        *(("089", "D_INT_DIGIT"), ("1.5", "D_SYNTAX"), (".5", "D_SYNTAX"), ("1e5", "D_SYNTAX"), ("1e+5", "D_SYNTAX")),
        *(("0x", "D_SYNTAX"), ("12abc", "D_SYNTAX"), ("''", "D_CHR_NULL"), ("'123456789'", "D_CHR_OFLOW")),
        *(
            ('"abc', "D_STR_NL"),
            ('"abc\n"', "D_STR_NL"),
            ("'a", "D_CHR_NL"),
            ("'a\n'", "D_CHR_NL"),
            ('"abc\\"', "D_STR_NL"),
        ),
    ],
)
def test_constants_that_d_refuses_have_libdtraces_tags(text: str, tag: str) -> None:
    with pytest.raises(DtransError) as caught:
        expression(text)
    assert caught.value.diagnostic.tag == tag


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(
            ("'a'", 0x61),
            ("'ab'", 0x6162),
            ("'12345678'", 0x3132333435363738),
            (r"'\0'", 0),
            (r"'\n'", 10),
            (r"'\''", 39),
        ),
        *((r"'\\'", 92), (r"'\377'", 255), (r"'\xff'", 255), (r"'\"'", 34), (r"'\?'", 63), ("'é'", 0xC3A9)),
    ],
)
def test_characters_are_valued_in_the_order_of_writing(text: str, value: int) -> None:
    found = expression(text)
    assert isinstance(found, ast.Character)
    assert found.value == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"\a\b\f\n\r\t\v"', "\a\b\f\n\r\t\v"),
        (r'"\\ \' \" \?"', "\\ ' \" ?"),
        (r'"\101\1019\0"', "AA9\0"),
        (r'"\x41\x041"', "AA"),
        (r'"\q"', r"\q"),
        ('"é"', "\xc3\xa9"),
        ('"\udcff"', "\xff"),
        ('"/* no comment */ // "', "/* no comment */ // "),
        ('""', ""),
    ],
)
def test_strings_are_bytes_with_escapes_resolved(text: str, value: str) -> None:
    found = expression(text)
    assert isinstance(found, ast.String)
    assert found.value == value
