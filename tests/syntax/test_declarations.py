"""Declarations, types, inlines, translators, providers."""

from __future__ import annotations

import pytest

from dtrans.source import Source
from dtrans.syntax import ast, parse
from dtrans.syntax.printer import show
from tests.syntax.reading import item, problem, program, type_name


def variables(text: str) -> list[ast.VariableDecl]:
    found = program(text).items
    assert all(isinstance(it, ast.VariableDecl) for it in found)
    return [it for it in found if isinstance(it, ast.VariableDecl)]


@pytest.mark.parametrize(
    "text",
    [
        *("int x;", "unsigned long long x;", "string s;", "uint64_t x;", "dev_t x;", "foo x;", "foo *x;", "char **x;"),
        *(
            "int a[10];",
            "int a[10][N + 1];",
            "int a[];",
            "int a[string, int];",
            "foo a[dev_t];",
            "int a[foo *, bar *];",
        ),
        *(
            "self int last[dev_t];",
            "self foo x;",
            "this foo *x;",
            "self string s;",
            "this char a[4];",
            "typedef int foo;",
        ),
        *("typedef foo bar;", "typedef struct proc *procp_t;", "extern int x;", "struct proc *p;", "union u x;"),
        *("int (*f)(int, char *);", "foo (*f)(void);", "foo (*f[3])();", "int f(int x, ...);", "int *(*(*f)(int))[3];"),
        *("enum e { A, B = 2, C = A + B };", "enum { A } x;", "enum e x;"),
        *("struct s { int a; char *b[4]; unsigned d : 3; int : 5; struct { int e; } f; union { int g; long h; }; };",),
    ],
)
def test_a_declaration_reads_back_as_written(text: str) -> None:
    shown = show(item(text))
    assert show(item(shown)) == shown
    assert "".join(shown.split()) == "".join(text.split()).replace("(void)", "()")


def test_one_declaration_may_declare_several() -> None:
    a, b, c = variables("self int a, *b, c[int, string];")
    assert [it.name for it in (a, b, c)] == ["a", "b", "c"]
    assert {it.storage for it in (a, b, c)} == {"self"}
    assert isinstance(a.type, ast.NamedType)
    assert isinstance(b.type, ast.PointerType)
    assert isinstance(c.type, ast.AssociativeType)
    assert len(c.type.keys) == 2


@pytest.mark.parametrize("text", ["self x;", "this x;", "self x, y;", "self x[int];"])
def test_a_clause_local_or_thread_local_without_a_type_is_an_integer(text: str) -> None:
    for variable in variables(text):
        kind = variable.type
        while isinstance(kind, ast.AssociativeType):
            kind = kind.of
        assert isinstance(kind, ast.NamedType)
        assert kind.words == ("int",)


def test_members_may_share_their_type() -> None:
    assert show(item("struct s { int a, *b, c : 3, : 5; };")) == "struct s { int a; int *b; int c : 3; int : 5; };"


def test_layers_go_from_the_name_outwards() -> None:
    (pointer,) = variables("int (*f)(char);")
    assert isinstance(pointer.type, ast.PointerType)
    assert isinstance(pointer.type.to, ast.FunctionType)
    (table,) = variables("int *a[2][3];")
    assert isinstance(table.type, ast.ArrayType)
    assert getattr(table.type.size, "value", 0) == 2
    assert isinstance(table.type.of, ast.ArrayType)
    assert isinstance(table.type.of.of, ast.PointerType)


def test_qualifiers_are_left_out() -> None:
    assert type_name("const volatile char *const restrict *") == type_name("const volatile char *const restrict *")
    found = type_name("const foo const *")
    assert isinstance(found, ast.PointerType)
    assert isinstance(found.to, ast.NamedType)
    assert found.to.words == ("foo",)


@pytest.mark.parametrize(
    ("text", "words"), [("unsigned long", ("unsigned", "long")), ("mod`foo", ("mod`foo",)), ("T", ("T",))]
)
def test_types_keep_their_words(text: str, words: tuple[str, ...]) -> None:
    found = type_name(text)
    assert isinstance(found, ast.NamedType)
    assert found.words == words


@pytest.mark.parametrize(
    "text", ["dev_t { }", "foo, bar { }", "foo /1/ { }", "foo* { }", "foo*bar { }", "int:::x { }", "BEGIN { }"]
)
def test_a_word_before_an_action_or_a_predicate_describes_a_probe(text: str) -> None:
    assert isinstance(item(text), ast.Clause)


@pytest.mark.parametrize(
    "text", ["foo*bar;", "foo bar;", "foo /* x */ *bar, baz;", "foo *const bar;", "foo bar[int];", "foo bar\n;"]
)
def test_a_word_before_a_name_declares(text: str) -> None:
    assert variables(text)


def test_types_that_the_program_defines_are_types() -> None:
    cast = program("typedef int foo; BEGIN { x = (foo) -1; }").items[1]
    variable = program("int foo; BEGIN { x = (foo) -1; }").items[1]
    assert "(foo)(-1)" in show(cast)
    assert "foo - 1" in show(variable)


def test_a_variable_hides_a_type_of_the_caller() -> None:
    tree = parse(Source("test.d", "int foo; BEGIN { x = (foo) -1; }"), lambda _: True)
    assert "foo - 1" in show(tree)


def test_inlines_take_parameters() -> None:
    plain = item("inline int x = a ? b : c;")
    assert isinstance(plain, ast.Inline)
    assert plain.params is None
    function = item("inline char *f[int a, foo *b] = a + *b;")
    assert isinstance(function, ast.Inline)
    assert isinstance(function.type, ast.PointerType)
    assert [name for name, _ in function.params or ()] == ["a", "b"]


def test_translators_name_members_and_their_values() -> None:
    found = item("translator foo_t < struct bar *B > { a = B->a; b = B == NULL ? 0 : B->b, };".replace(",", ";"))
    assert isinstance(found, ast.Translator)
    assert (found.param, [name for name, _ in found.members]) == ("B", ["a", "b"])
    assert isinstance(item("translator lwpsinfo_t < kthread_t *T > { };"), ast.Translator)
    assert isinstance(item("translator foo < bar B > { };"), ast.Translator)


def test_providers_declare_probes() -> None:
    found = item("provider p { probe a(); probe b(int x, foo *) : (bar_t *x); probe c(void); };")
    assert isinstance(found, ast.Provider)
    assert [(it.name, len(it.args), it.translated and len(it.translated)) for it in found.probes] == [
        ("a", 0, None),
        ("b", 2, 1),
        ("c", 0, None),
    ]


def test_a_typedef_of_a_structure_alone_defines_it() -> None:
    (found,) = variables("typedef struct foo { int a; };")
    assert (found.storage, found.name) == ("", "")


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        *(("int;", "D_DECL_USELESS"), ("self extern int x;", "D_DECL_CLASS"), ("int `x;", "D_DECL_SCOPE")),
        *(("long struct a x;", "D_DECL_LONGINT"), ("unsigned struct a x;", "D_DECL_SIGNINT")),
        *(("struct a { int x; }\nstruct b y;", "D_DECL_COMBO"), ("int x(static int y);", "D_DECL_PARMCLASS")),
        *(("int x(int, void);", "D_DECL_PROTO_VOID"), ("int x(void y);", "D_DECL_PROTO_NAME")),
        *(("int x[void, int];", "D_DECL_PROTO_TYPE"), ("int x[int, ...];", "D_DECL_PROTO_VARARGS")),
    ],
)
def test_declarations_that_d_refuses_have_libdtraces_tags(text: str, tag: str) -> None:
    assert problem(text).tag == tag
