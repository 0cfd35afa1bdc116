"""The syntax tree of D: what was written, nothing resolved.

    syscall::read:entry, io:::start /pid == $target/ { self->ts = timestamp; }

becomes ``Clause(probes=(ProbeDescription(...), ...), predicate=Binary(...), body=(ExprStatement(Assign(...)),))``.
The grammar is that of the Dynamic Tracing Guide ("Program Structure", "Types, Operators, and Expressions") and of
libdtrace's dt_grammar.y, plus ``if``/``else``. Precedences are gone: parentheses are in the shape of the tree.
"""

from __future__ import annotations

from typing import Any, Literal

from dtrans.source import Span
from dtrans.values import dataclass

# --- types, as written ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NamedType:
    """A base type or typedef: ``unsigned long``, ``uint64_t``, ``string``, ``mod`type``. `words` in the order written,
    qualifiers and storage classes left out."""

    words: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class TaggedType:
    """``struct tag``, ``union tag``, ``enum tag``; `tag` "" when anonymous; `body` None unless defined here."""

    kind: Literal["struct", "union", "enum"]
    tag: str
    body: tuple[MemberDecl, ...] | tuple[Enumerator, ...] | None
    span: Span


@dataclass(frozen=True, slots=True)
class PointerType:
    """``type *``."""

    to: TypeExpr
    span: Span


@dataclass(frozen=True, slots=True)
class ArrayType:
    """``type [size]``; `size` None for ``[]``."""

    of: TypeExpr
    size: Expr | None
    span: Span


@dataclass(frozen=True, slots=True)
class AssociativeType:
    """``type [key type, ...]``: an associative array."""

    of: TypeExpr
    keys: tuple[TypeExpr, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class FunctionType:
    """``type (params)``: D reads it in pointers to functions. `params` holds (name or "", type)."""

    returns: TypeExpr
    params: tuple[tuple[str, TypeExpr], ...]
    variadic: bool
    span: Span


TypeExpr = NamedType | TaggedType | PointerType | ArrayType | AssociativeType | FunctionType


@dataclass(frozen=True, slots=True)
class MemberDecl:
    """One member of a structure: `name` "" when anonymous; `bits` the width of a bit-field."""

    name: str
    type: TypeExpr
    bits: Expr | None
    span: Span


@dataclass(frozen=True, slots=True)
class Enumerator:
    name: str
    value: Expr | None
    span: Span


# --- expressions ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Integer:
    """An integer constant; `suffix` lower case, in the order "u" then "l"/"ll"; `decimal` False for octal and hex,
    whose type may become unsigned."""

    value: int
    suffix: str
    decimal: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Character:
    """A character constant of one to eight bytes, valued as D values it (big-endian order of writing). Type int."""

    value: int
    span: Span


@dataclass(frozen=True, slots=True)
class String:
    """A string constant, escapes resolved. Each character stands for one byte, 0 to 255 (UTF-8 stays as its bytes)."""

    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class Name:
    """A plain identifier: variable, built-in, inline, enumerator."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class ScopedName:
    """``self->name`` or ``this->name``."""

    scope: Literal["self", "this"]
    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class KernelSymbol:
    """```name`` or ``module`name``; `module` "" when not given."""

    module: str
    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Macro:
    """``$1``, ``$$1``, ``$target``: `name` without the dollars; `quoted` for ``$$``."""

    name: str
    quoted: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Aggregation:
    """``@name[keys]``; `name` "" for the unnamed one; `keys` None when no brackets were written."""

    name: str
    keys: tuple[Expr, ...] | None
    span: Span


@dataclass(frozen=True, slots=True)
class Index:
    """``base[key, ...]``: associative or C array."""

    base: Expr
    keys: tuple[Expr, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Member:
    """``base.name`` or, with `arrow`, ``base->name``."""

    base: Expr
    name: str
    arrow: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Call:
    """A function, action, aggregating function or parametrised inline, called by name."""

    name: str
    args: tuple[Expr, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Unary:
    """``+ - ! ~ * &`` before an operand."""

    op: Literal["+", "-", "!", "~", "*", "&"]
    operand: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Step:
    """``++`` and ``--``; `postfix` when written after."""

    op: Literal["++", "--"]
    operand: Expr
    postfix: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic, shifts, comparisons, ``& | ^`` and the logical ``&& || ^^``."""

    op: str
    left: Expr
    right: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Conditional:
    test: Expr
    then: Expr
    other: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Assign:
    """``target op value``; `op` is ``=`` or a compound one such as ``+=``."""

    op: str
    target: Expr
    value: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Comma:
    """``left, right``."""

    left: Expr
    right: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Cast:
    type: TypeExpr
    operand: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class SizeofType:
    type: TypeExpr
    span: Span


@dataclass(frozen=True, slots=True)
class SizeofExpr:
    operand: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Offsetof:
    type: TypeExpr
    member: str
    span: Span


@dataclass(frozen=True, slots=True)
class Stringof:
    """``stringof(x)`` and ``stringof x``."""

    operand: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Xlate:
    """``xlate <type> (operand)``."""

    type: TypeExpr
    operand: Expr
    span: Span


Expr = (
    Integer
    | Character
    | String
    | Name
    | ScopedName
    | KernelSymbol
    | Macro
    | Aggregation
    | Index
    | Member
    | Call
    | Unary
    | Step
    | Binary
    | Conditional
    | Assign
    | Comma
    | Cast
    | SizeofType
    | SizeofExpr
    | Offsetof
    | Stringof
    | Xlate
)

# --- statements and clauses -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ExprStatement:
    expr: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class If:
    """``if (test) statement else statement``: Oracle's addition to D."""

    test: Expr
    then: tuple[Statement, ...]
    other: tuple[Statement, ...]
    span: Span


Statement = ExprStatement | If


@dataclass(frozen=True, slots=True)
class ProbeDescription:
    """``provider:module:function:name``, each part "" when empty, macros still written as ``$target`` or ``$1``.

    Fewer than four parts count from the right: ``BEGIN`` is a name, ``read:entry`` function and name.
    `id` is set instead for a numeric description.
    """

    provider: str
    module: str
    function: str
    name: str
    id: int | None
    span: Span


@dataclass(frozen=True, slots=True)
class Clause:
    """Probes, predicate, actions. `body` None when no braces were written: the default action; () for ``{}``."""

    probes: tuple[ProbeDescription, ...]
    predicate: Expr | None
    body: tuple[Statement, ...] | None
    span: Span


# --- declarations -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VariableDecl:
    """One declared variable or type. `storage` "" for a global; `name` "" for a bare ``struct x { ... };``."""

    storage: Literal["", "self", "this", "typedef", "extern", "static", "register", "auto"]
    type: TypeExpr
    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Inline:
    """``inline type name = value`` or ``inline type name[type key, ...] = value`` (`params`: name, type)."""

    type: TypeExpr
    name: str
    params: tuple[tuple[str, TypeExpr], ...] | None
    value: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Translator:
    """``translator output < input name > { member = value; ... };``"""

    output: TypeExpr
    input: TypeExpr
    param: str
    members: tuple[tuple[str, Expr], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class ProviderProbe:
    """``probe name(args) : (translated args);`` of a provider declaration."""

    name: str
    args: tuple[tuple[str, TypeExpr], ...]
    translated: tuple[tuple[str, TypeExpr], ...] | None
    span: Span


@dataclass(frozen=True, slots=True)
class Provider:
    name: str
    probes: tuple[ProviderProbe, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Pragma:
    """``#pragma D kind words...``: `kind` is option, attributes, binding, depends_on, error or line; other pragmas
    are dropped by the lexer, as dtrace does."""

    kind: str
    words: tuple[str, ...]
    span: Span


Item = Clause | VariableDecl | Inline | Translator | Provider | Pragma


@dataclass(frozen=True, slots=True)
class Program:
    """One D source, its items in the order written."""

    items: tuple[Item, ...]
    span: Span


def placed(tree: Any, span: Span) -> Any:
    """The same tree with all of its nodes at one place: what is wrong in text that no user wrote is told where it is
    used."""
    match tree:
        case Span():
            return span
        case tuple():
            return tuple(placed(part, span) for part in tree)
        case _ if hasattr(tree, "__match_args__"):
            return type(tree)(*(placed(getattr(tree, name), span) for name in tree.__match_args__))
    return tree
