"""The grammar of D, and the tree that each rule makes.

    provider:module:function:name /predicate/ { statement; ... }

Levels of expressions are C's, with ``^^`` between ``&&`` and ``||``; the binary operators share one nonterminal and are
told apart by precedence, everything else by shape. There are no conflicts. Facts: libdtrace dt_grammar.y; the Guide,
chapters "Types, Operators, and Expressions", "Variables", "Translators"; ``if`` and ``else`` as illumos has them.

The rules for declarations take one type's name at most, so that `dtrans.syntax.words` can tell by the parser's state
that ``foo_t foo_t;`` is a type and then a name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from dtrans.errors import DtransError, fail
from dtrans.source import Source, Span
from dtrans.syntax import ast, trees
from dtrans.syntax.tables import TabledParser
from dtrans.syntax.trees import Declarator, Layer

if TYPE_CHECKING:
    _F = TypeVar("_F", bound=Callable[..., Any])

    def _(*rules: str) -> Callable[[_F], _F]: ...


class DParser(TabledParser):
    """One run over one source.

    `declared` says of each name the program declared so far whether it names a type. `on_error` makes the exception for
    a token that does not fit (None at the end of the text) in a state.
    """

    tokens = {
        *("PROGRAM", "EXPRESSION", "TYPE"),
        *("PROBE", "PROBE_ID", "PRED_OPEN", "PRED_CLOSE", "IF", "ELSE"),
        *("NAME", "SYMBOL", "TYPE_NAME", "INT", "CHAR", "STRING", "MACRO", "AGGREGATION", "SELF", "THIS"),
        *("ARROW", "ELLIPSIS", "STEP", "AND", "OR", "XOR", "EQUALITY", "RELATION", "SHIFT", "ASSIGN"),
        *("SIZEOF", "OFFSETOF", "STRINGOF", "XLATE", "INLINE", "TRANSLATOR", "PROVIDER", "DECLARE_PROBE"),
        *("TYPE_WORD", "QUALIFIER", "STORAGE", "STRUCT", "ENUM"),
    }
    precedence = (
        ("nonassoc", "IF"),
        ("nonassoc", "ELSE"),
        ("left", "OR"),
        ("left", "XOR"),
        ("left", "AND"),
        ("left", "|"),
        ("left", "^"),
        ("left", "&"),
        ("left", "EQUALITY"),
        ("left", "RELATION", "<", ">"),
        ("left", "SHIFT"),
        ("left", "+", "-"),
        ("left", "*", "/", "%"),
    )

    def __init__(self, source: Source, declared: dict[str, bool], on_error: Callable[[Any, int], DtransError]) -> None:
        self.source = source
        self.declared = declared
        self.on_error = on_error

    def error(self, token: Any) -> None:
        raise self.on_error(token, self.state)

    def span(self, p: Any) -> Span:
        return Span(self.source, p.index, p.end)

    # --- entries and shapes that many rules share ------------------------------------------------------------

    @_("start : PROGRAM items")
    def program(self, p: Any) -> ast.Program:
        return ast.Program(tuple(p[1]), Span(self.source, 0, len(self.source.text)))

    @_("start : EXPRESSION expr", "start : TYPE type_name")
    def fragment(self, p: Any) -> Any:
        return p[1]

    @_(
        "item : clause",
        "item : inline",
        "item : translator",
        "item : provider",
        "declarator : direct",
        "member_declarator : declarator",
        "expr : assignment",
        "assignment : conditional",
        "conditional : binary",
        "binary : cast",
        "cast : unary",
        "unary : postfix",
        "specifiers : named",
        "named : tagged",
    )
    def same(self, p: Any) -> Any:
        return p[0]

    @_("postfix : '(' expr ')'", "direct : '(' declarator ')'", "direct_abstract : '(' abstract ')'")
    def parenthesised(self, p: Any) -> Any:
        return p[1]

    @_(
        "items : ",
        "statements : ",
        "translations : ",
        "provider_probes : ",
    )
    def nothing(self, p: Any) -> list[Any]:
        return []

    @_(
        "probes : probe",
        "declarators : declarator",
        "member_declarators : member_declarator",
        "enumerators : enumerator",
        "arguments : assignment",
        "params : param",
        "storages : storage",
        "type_words : TYPE_WORD",
    )
    def one(self, p: Any) -> list[Any]:
        return [p[0]]

    @_(
        "items : items item",
        "storages : storages storage",
        "translations : translations translation",
        "provider_probes : provider_probes provider_probe",
        "type_words : type_words TYPE_WORD",
    )
    def another(self, p: Any) -> list[Any]:
        p[0].append(p[1])
        return p[0]  # type: ignore[no-any-return]

    @_(
        "probes : probes ',' probe",
        "declarators : declarators ',' declarator",
        "member_declarators : member_declarators ',' member_declarator",
        "enumerators : enumerators ',' enumerator",
        "arguments : arguments ',' assignment",
        "params : params ',' param",
    )
    def another_after_comma(self, p: Any) -> list[Any]:
        p[0].append(p[2])
        return p[0]  # type: ignore[no-any-return]

    @_("items : items declaration", "statements : statements statement", "members : members member")
    def several_more(self, p: Any) -> list[Any]:
        p[0].extend(p[1])
        return p[0]  # type: ignore[no-any-return]

    # --- clauses ---------------------------------------------------------------------------------------------

    @_("clause : probes")
    def clause_of_default_action(self, p: Any) -> ast.Clause:
        return ast.Clause(tuple(p[0]), None, None, self.span(p))

    @_("clause : probes body")
    def clause_without_predicate(self, p: Any) -> ast.Clause:
        return ast.Clause(tuple(p[0]), None, p[1], self.span(p))

    @_("clause : probes PRED_OPEN expr PRED_CLOSE body")
    def clause_with_predicate(self, p: Any) -> ast.Clause:
        return ast.Clause(tuple(p[0]), p[2], p[4], self.span(p))

    @_("probe : PROBE")
    def probe_by_name(self, p: Any) -> ast.ProbeDescription:
        return trees.probe_description(p[0], self.span(p))

    @_("probe : PROBE_ID")
    def probe_by_id(self, p: Any) -> ast.ProbeDescription:
        return ast.ProbeDescription("", "", "", "", p[0][0], self.span(p))

    @_("body : '{' statements '}'")
    def body(self, p: Any) -> tuple[ast.Statement, ...]:
        return tuple(p[1])

    @_("body : '{' statements tail '}'")
    def body_without_last_semicolon(self, p: Any) -> tuple[ast.Statement, ...]:
        return (*p[1], *p[2])

    @_("statement : expr ';'", "tail : expr")
    def expression_statement(self, p: Any) -> tuple[ast.Statement, ...]:
        return (ast.ExprStatement(p[0], self.span(p)),)

    @_("statement : ';'")
    def empty_statement(self, p: Any) -> tuple[ast.Statement, ...]:
        return ()

    @_("statement : IF '(' expr ')' branch %prec IF", "tail : IF '(' expr ')' tail")
    def if_statement(self, p: Any) -> tuple[ast.Statement, ...]:
        return (ast.If(p[2], p[4], (), self.span(p)),)

    @_("statement : IF '(' expr ')' branch ELSE branch", "tail : IF '(' expr ')' branch ELSE tail")
    def if_else_statement(self, p: Any) -> tuple[ast.Statement, ...]:
        return (ast.If(p[2], p[4], p[6], self.span(p)),)

    @_("branch : statement", "branch : body")
    def branch(self, p: Any) -> tuple[ast.Statement, ...]:
        return p[0]  # type: ignore[no-any-return]

    # --- expressions -----------------------------------------------------------------------------------------

    @_("expr : expr ',' assignment")
    def comma(self, p: Any) -> ast.Expr:
        return ast.Comma(p[0], p[2], self.span(p))

    @_("assignment : unary '=' assignment", "assignment : unary ASSIGN assignment")
    def assign(self, p: Any) -> ast.Expr:
        return ast.Assign(p[1], p[0], p[2], self.span(p))

    @_("conditional : binary '?' expr ':' conditional")
    def choice(self, p: Any) -> ast.Expr:
        return ast.Conditional(p[0], p[2], p[4], self.span(p))

    @_(
        "binary : binary OR binary",
        "binary : binary XOR binary",
        "binary : binary AND binary",
        "binary : binary '|' binary",
        "binary : binary '^' binary",
        "binary : binary '&' binary",
        "binary : binary EQUALITY binary",
        "binary : binary RELATION binary",
        "binary : binary '<' binary",
        "binary : binary '>' binary",
        "binary : binary SHIFT binary",
        "binary : binary '+' binary",
        "binary : binary '-' binary",
        "binary : binary '*' binary",
        "binary : binary '/' binary",
        "binary : binary '%' binary",
    )
    def binary(self, p: Any) -> ast.Expr:
        return ast.Binary(p[1], p[0], p[2], self.span(p))

    @_("cast : '(' type_name ')' cast")
    def cast(self, p: Any) -> ast.Expr:
        return ast.Cast(p[1], p[3], self.span(p))

    @_(
        "unary : '+' cast",
        "unary : '-' cast",
        "unary : '!' cast",
        "unary : '~' cast",
        "unary : '*' cast",
        "unary : '&' cast",
    )
    def unary(self, p: Any) -> ast.Expr:
        return ast.Unary(p[0], p[1], self.span(p))

    @_("unary : STEP unary")
    def step_before(self, p: Any) -> ast.Expr:
        return ast.Step(p[0], p[1], False, self.span(p))

    @_("postfix : postfix STEP")
    def step_after(self, p: Any) -> ast.Expr:
        return ast.Step(p[1], p[0], True, self.span(p))

    @_("unary : SIZEOF unary")
    def sizeof_expression(self, p: Any) -> ast.Expr:
        return ast.SizeofExpr(p[1], self.span(p))

    @_("unary : SIZEOF '(' type_name ')'")
    def sizeof_type(self, p: Any) -> ast.Expr:
        return ast.SizeofType(p[2], self.span(p))

    @_("unary : STRINGOF unary")
    def stringof(self, p: Any) -> ast.Expr:
        return ast.Stringof(p[1], self.span(p))

    @_("postfix : OFFSETOF '(' type_name ',' NAME ')'")
    def offsetof(self, p: Any) -> ast.Expr:
        return ast.Offsetof(p[2], p[4], self.span(p))

    @_("postfix : XLATE '<' type_name '>' '(' expr ')'")
    def xlate(self, p: Any) -> ast.Expr:
        return ast.Xlate(p[2], p[5], self.span(p))

    @_("postfix : postfix '[' arguments ']'")
    def index(self, p: Any) -> ast.Expr:
        if isinstance(p[0], ast.Aggregation) and p[0].keys is None:
            return ast.Aggregation(p[0].name, tuple(p[2]), self.span(p))
        return ast.Index(p[0], tuple(p[2]), self.span(p))

    @_("postfix : postfix '(' ')'", "postfix : postfix '(' arguments ')'")
    def call(self, p: Any) -> ast.Expr:
        if not isinstance(p[0], ast.Name):
            raise fail("D_FUNC_IDENT", "function designator is not an identifier", p[0].span)
        return ast.Call(p[0].name, tuple(p[2]) if len(p) == 4 else (), self.span(p))

    @_("postfix : postfix '.' NAME", "postfix : postfix ARROW NAME")
    def member(self, p: Any) -> ast.Expr:
        return ast.Member(p[0], p[2], p[1] == "->", self.span(p))

    @_("postfix : SELF ARROW NAME", "postfix : THIS ARROW NAME")
    def scoped_name(self, p: Any) -> ast.Expr:
        return ast.ScopedName(p[0], p[2], self.span(p))

    @_("postfix : NAME")
    def name(self, p: Any) -> ast.Expr:
        return ast.Name(p[0], self.span(p))

    @_("postfix : SYMBOL")
    def symbol(self, p: Any) -> ast.Expr:
        return trees.symbol(p[0], self.span(p))

    @_("postfix : INT")
    def integer(self, p: Any) -> ast.Expr:
        value, suffix, decimal = p[0]
        return ast.Integer(value, suffix, decimal, self.span(p))

    @_("postfix : CHAR")
    def character(self, p: Any) -> ast.Expr:
        return ast.Character(p[0], self.span(p))

    @_("postfix : STRING")
    def string(self, p: Any) -> ast.Expr:
        return ast.String(p[0], self.span(p))

    @_("postfix : MACRO")
    def macro(self, p: Any) -> ast.Expr:
        return ast.Macro(p[0].lstrip("$"), p[0].startswith("$$"), self.span(p))

    @_("postfix : AGGREGATION")
    def aggregation(self, p: Any) -> ast.Expr:
        return ast.Aggregation(p[0], None, self.span(p))

    # --- types -----------------------------------------------------------------------------------------------

    @_("specifiers : type_words")
    def type_of_words(self, p: Any) -> ast.TypeExpr:
        return ast.NamedType(tuple(p[0]), self.span(p))

    @_("named : TYPE_NAME")
    def type_by_name(self, p: Any) -> ast.TypeExpr:
        return ast.NamedType((p[0],), self.span(p))

    @_("named : named QUALIFIER", "type_words : type_words QUALIFIER")
    def qualified_after(self, p: Any) -> Any:
        return p[0]

    @_("named : named tagged", "named : type_words tagged")
    def types_combined(self, p: Any) -> ast.TypeExpr:
        raise trees.bad_combination(p[0], p[1])

    @_("specifiers : QUALIFIER specifiers")
    def qualified_before(self, p: Any) -> ast.TypeExpr:
        return p[1]  # type: ignore[no-any-return]

    @_("tagged : STRUCT NAME", "tagged : STRUCT SYMBOL", "tagged : ENUM NAME", "tagged : ENUM SYMBOL")
    def tag(self, p: Any) -> ast.TypeExpr:
        return ast.TaggedType(p[0], p[1], None, self.span(p))

    @_("tagged : STRUCT NAME '{' members '}'", "tagged : ENUM NAME '{' enumerators trailing_comma '}'")
    def tag_defined(self, p: Any) -> ast.TypeExpr:
        return ast.TaggedType(p[0], p[1], tuple(p[3]), self.span(p))

    @_("tagged : STRUCT '{' members '}'", "tagged : ENUM '{' enumerators trailing_comma '}'")
    def anonymous_defined(self, p: Any) -> ast.TypeExpr:
        return ast.TaggedType(p[0], "", tuple(p[2]), self.span(p))

    @_("trailing_comma : ", "trailing_comma : ','")
    def ignored(self, p: Any) -> None:
        return None

    @_("enumerator : NAME")
    def enumerator(self, p: Any) -> ast.Enumerator:
        return ast.Enumerator(p[0], None, self.span(p))

    @_("enumerator : NAME '=' conditional")
    def enumerator_with_value(self, p: Any) -> ast.Enumerator:
        return ast.Enumerator(p[0], p[2], self.span(p))

    @_("members : member")
    def first_members(self, p: Any) -> list[ast.MemberDecl]:
        return list(p[0])

    @_("member : specifiers member_declarators ';'")
    def members_of_type(self, p: Any) -> list[ast.MemberDecl]:
        return [ast.MemberDecl(it.name, trees.layered(p[0], it.layers), it.bits, it.span) for it in p[1]]

    @_("member : specifiers ';'")
    def anonymous_member(self, p: Any) -> list[ast.MemberDecl]:
        return [ast.MemberDecl("", p[0], None, self.span(p))]

    @_("member_declarator : declarator ':' conditional")
    def bit_field(self, p: Any) -> Declarator:
        return p[0]._replace(bits=p[2], span=self.span(p))  # type: ignore[no-any-return]

    @_("member_declarator : ':' conditional")
    def unnamed_bit_field(self, p: Any) -> Declarator:
        return Declarator("", (), self.span(p), p[1])

    @_("type_name : specifiers")
    def plain_type_name(self, p: Any) -> ast.TypeExpr:
        return p[0]  # type: ignore[no-any-return]

    @_("type_name : specifiers abstract")
    def derived_type_name(self, p: Any) -> ast.TypeExpr:
        return trees.layered(p[0], p[1])

    @_("direct : NAME")
    def declared_name(self, p: Any) -> Declarator:
        return Declarator(p[0], (), self.span(p))

    @_("direct : SYMBOL")
    def declared_symbol(self, p: Any) -> Declarator:
        raise fail("D_DECL_SCOPE", f"cannot declare {p[0]}: a declared name has no `", self.span(p))

    @_("direct : direct suffix")
    def declared_with_suffix(self, p: Any) -> Declarator:
        return p[0]._replace(layers=trees.joined((p[1],), p[0].layers), span=self.span(p))  # type: ignore[no-any-return]

    @_("declarator : pointer direct")
    def declared_pointer(self, p: Any) -> Declarator:
        return p[1]._replace(layers=trees.joined(p[0], p[1].layers), span=self.span(p))  # type: ignore[no-any-return]

    @_("star : '*'")
    def star(self, p: Any) -> Layer:
        return Layer("pointer", self.span(p))

    @_("star : star QUALIFIER")
    def qualified_star(self, p: Any) -> Layer:
        return p[0]  # type: ignore[no-any-return]

    @_("pointer : star")
    def pointer(self, p: Any) -> tuple[Layer, ...]:
        return (p[0],)

    @_("pointer : pointer star")
    def pointer_to_pointer(self, p: Any) -> tuple[Layer, ...]:
        return trees.joined(p[0], (p[1],))

    @_("abstract : pointer", "abstract : direct_abstract")
    def abstract(self, p: Any) -> tuple[Layer, ...]:
        return p[0]  # type: ignore[no-any-return]

    @_("abstract : pointer direct_abstract")
    def abstract_pointer(self, p: Any) -> tuple[Layer, ...]:
        return trees.joined(p[0], p[1])

    @_("direct_abstract : suffix")
    def abstract_suffix(self, p: Any) -> tuple[Layer, ...]:
        return (p[0],)

    @_("direct_abstract : direct_abstract suffix")
    def abstract_with_suffix(self, p: Any) -> tuple[Layer, ...]:
        return trees.joined((p[1],), p[0])

    @_("suffix : '[' ']'")
    def open_array(self, p: Any) -> Layer:
        return Layer("array", self.span(p))

    @_("suffix : '[' conditional ']'")
    def sized_array(self, p: Any) -> Layer:
        return Layer("array", self.span(p), p[1])

    @_("suffix : '(' ')'")
    def function_of_nothing(self, p: Any) -> Layer:
        return Layer("function", self.span(p))

    @_("suffix : '(' params ')'", "suffix : '[' params ']'")
    def with_params(self, p: Any) -> Layer:
        return trees.parameters(p[1], self.span(p), variadic=False, keys=p[0] == "[")

    @_("suffix : '(' params ',' ELLIPSIS ')'", "suffix : '[' params ',' ELLIPSIS ']'")
    def with_more_params(self, p: Any) -> Layer:
        return trees.parameters(p[1], self.span(p), variadic=True, keys=p[0] == "[")

    @_("suffix : '(' ELLIPSIS ')'", "suffix : '[' ELLIPSIS ']'")
    def with_any_params(self, p: Any) -> Layer:
        return trees.parameters([], self.span(p), variadic=True, keys=p[0] == "[")

    @_("param : specifiers")
    def param_of_type(self, p: Any) -> tuple[str, ast.TypeExpr]:
        return "", p[0]

    @_("param : specifiers declarator")
    def named_param(self, p: Any) -> tuple[str, ast.TypeExpr]:
        return p[1].name, trees.layered(p[0], p[1].layers)

    @_("param : specifiers abstract")
    def param_of_derived_type(self, p: Any) -> tuple[str, ast.TypeExpr]:
        return "", trees.layered(p[0], p[1])

    @_("param : STORAGE param")
    def stored_param(self, p: Any) -> tuple[str, ast.TypeExpr]:
        if p[0] != "register":
            raise fail("D_DECL_PARMCLASS", f"storage class {p[0]} may not be used for a parameter", self.span(p))
        return p[1]  # type: ignore[no-any-return]

    # --- declarations ----------------------------------------------------------------------------------------

    @_("storage : STORAGE", "storage : SELF", "storage : THIS")
    def storage(self, p: Any) -> str:
        return p[0]  # type: ignore[no-any-return]

    @_("declaration : specifiers ';'")
    def type_alone(self, p: Any) -> list[ast.VariableDecl]:
        return trees.declared([], p[0], [], self.span(p))

    @_("declaration : storages specifiers ';'")
    def stored_type_alone(self, p: Any) -> list[ast.VariableDecl]:
        return trees.declared(p[0], p[1], [], self.span(p))

    @_("declaration : specifiers declarators ';'")
    def declaration(self, p: Any) -> list[ast.VariableDecl]:
        return self.remember(trees.declared([], p[0], p[1], self.span(p)))

    @_("declaration : storages declarators ';'")
    def stored_integers(self, p: Any) -> list[ast.VariableDecl]:
        # ``self x;`` is old-style C for ``self int x;``.
        span = self.span(p)
        return self.remember(trees.declared(p[0], ast.NamedType(("int",), span), p[1], span))

    @_("declaration : storages specifiers declarators ';'")
    def stored_declaration(self, p: Any) -> list[ast.VariableDecl]:
        return self.remember(trees.declared(p[0], p[1], p[2], self.span(p)))

    def remember(self, variables: list[ast.VariableDecl]) -> list[ast.VariableDecl]:
        self.declared.update((variable.name, variable.storage == "typedef") for variable in variables)
        return variables

    @_("inline : INLINE specifiers declarator '=' assignment ';'")
    def inline(self, p: Any) -> ast.Inline:
        return trees.inline(p[1], p[2], p[4], self.span(p))

    @_("translator : TRANSLATOR type_name '<' type_name NAME '>' '{' translations '}' ';'")
    def translator(self, p: Any) -> ast.Translator:
        return ast.Translator(p[1], p[3], p[4], tuple(p[7]), self.span(p))

    @_("translation : NAME '=' assignment ';'")
    def translation(self, p: Any) -> tuple[str, ast.Expr]:
        return p[0], p[2]

    @_("provider : PROVIDER NAME '{' provider_probes '}' ';'")
    def provider(self, p: Any) -> ast.Provider:
        return ast.Provider(p[1], tuple(p[3]), self.span(p))

    @_("provider_probe : DECLARE_PROBE NAME suffix ';'")
    def provider_probe(self, p: Any) -> ast.ProviderProbe:
        return ast.ProviderProbe(p[1], p[2].params, None, self.span(p))

    @_("provider_probe : DECLARE_PROBE NAME suffix ':' suffix ';'")
    def provider_probe_translated(self, p: Any) -> ast.ProviderProbe:
        return ast.ProviderProbe(p[1], p[2].params, p[4].params, self.span(p))
