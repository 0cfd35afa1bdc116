"""Parts of trees that take more than one rule to make: declarators, probe descriptions, symbols.

int *a[3]   ->  base int, layers (pointer, array 3)  ->  ArrayType(PointerType(int), 3)
read:entry  ->  ProbeDescription("", "", "read", "entry")
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from dtrans.errors import DtransError, fail
from dtrans.source import Span
from dtrans.syntax import ast

Params = tuple[tuple[str, ast.TypeExpr], ...]
#: The deepest tree. Later passes visit trees by recursion, so that text nested without end is refused.
MAX_DEPTH = 200


class Layer(NamedTuple):
    """What a declarator puts around a type. `params` are those of a function or of an associative array."""

    kind: Literal["pointer", "array", "associative", "function"]
    span: Span
    size: ast.Expr | None = None
    params: Params = ()
    variadic: bool = False


class Declarator(NamedTuple):
    """A declared name and its layers, the one nearest to the type first; `bits` the width of a bit-field."""

    name: str
    layers: tuple[Layer, ...]
    span: Span
    bits: ast.Expr | None = None


def too_deep(span: Span) -> DtransError:
    """The error of text that is nested without end."""
    return fail("D_SYNTAX", f"nested too deeply: more than {MAX_DEPTH} levels", span)


def joined(inner: tuple[Layer, ...], outer: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """The layers of two parts of a declarator, the ones nearer to the type first. Raises D_SYNTAX for too many."""
    if len(inner) + len(outer) > MAX_DEPTH:
        raise too_deep((inner[-1] if len(inner) > len(outer) else outer[0]).span)
    return (*inner, *outer)


def layered(base: ast.TypeExpr, layers: tuple[Layer, ...]) -> ast.TypeExpr:
    """A type inside its layers."""
    for layer in layers:
        span = base.span.to(layer.span)
        match layer.kind:
            case "pointer":
                base = ast.PointerType(base, span)
            case "array":
                base = ast.ArrayType(base, layer.size, span)
            case "associative":
                base = ast.AssociativeType(base, tuple(kind for _, kind in layer.params), span)
            case "function":
                base = ast.FunctionType(base, layer.params, layer.variadic, span)
    return base


def parameters(params: list[tuple[str, ast.TypeExpr]], span: Span, *, variadic: bool, keys: bool) -> Layer:
    """The layer for ``(params)`` or, with `keys`, for ``[key types]``. A lone ``void`` means none. Raises
    D_DECL_PROTO_VOID, D_DECL_PROTO_NAME, D_DECL_PROTO_TYPE and D_DECL_PROTO_VARARGS."""
    for name, kind in params:
        if isinstance(kind, ast.NamedType) and kind.words == ("void",):
            if keys:
                raise fail("D_DECL_PROTO_TYPE", "void may not be used as a key type of an associative array", kind.span)
            if len(params) > 1 or variadic:
                raise fail("D_DECL_PROTO_VOID", "void must be the sole parameter", kind.span)
            if name:
                raise fail("D_DECL_PROTO_NAME", f"void parameter may not have a name: {name}", kind.span)
            params = []
    if keys and variadic:
        raise fail("D_DECL_PROTO_VARARGS", "an associative array's key types may not end in ...", span)
    return Layer("associative" if keys else "function", span, params=tuple(params), variadic=variadic)


def bad_combination(before: list[str] | ast.TypeExpr, tagged: ast.TaggedType) -> DtransError:
    """The error for a structure's type right after another type."""
    if not isinstance(before, list):
        hint = "is the ; after the declaration before it missing?"
        return fail("D_DECL_COMBO", "invalid type combination", tagged.span, hint=hint)
    tag = "D_DECL_SIGNINT" if before[-1] in {"signed", "unsigned"} else "D_DECL_LONGINT"
    tag = tag if before[-1] in {"signed", "unsigned", "long", "short"} else "D_DECL_COMBO"
    return fail(tag, f"{before[-1]} may not be used with {tagged.kind}", tagged.span)


def declared(storage: list[str], base: ast.TypeExpr, names: list[Declarator], span: Span) -> list[ast.VariableDecl]:
    """One declaration per name; for none, one of the type alone. Raises D_DECL_CLASS and D_DECL_USELESS."""
    if len(storage) > 1:
        raise fail("D_DECL_CLASS", "only one storage class is allowed in a declaration", span)
    kind = storage[0] if storage else ""
    if not names:
        if not isinstance(base, ast.TaggedType):
            raise fail("D_DECL_USELESS", "declaration declares nothing", span, hint="a name is missing after the type")
        # ``typedef struct tag { ... };`` is common: it only defines the structure.
        return [ast.VariableDecl("", base, "", span)]
    return [
        ast.VariableDecl(kind, layered(base, name.layers), name.name, Span(span.source, span.start, name.span.end))  # type: ignore[arg-type]
        for name in names
    ]


def inline(base: ast.TypeExpr, name: Declarator, value: ast.Expr, span: Span) -> ast.Inline:
    """An inline: what its outermost layer takes as keys are its parameters."""
    if name.layers and name.layers[-1].kind == "associative":
        *inner, keys = name.layers
        return ast.Inline(layered(base, tuple(inner)), name.name, keys.params, value, span)
    return ast.Inline(layered(base, name.layers), name.name, None, value, span)


def probe_description(text: str, span: Span) -> ast.ProbeDescription:
    """A description from its text: missing parts are those on the left. Raises D_PDESC_INVAL for more than four."""
    parts = text.split(":")
    if len(parts) > 4:
        hint = "a description has at most four parts: provider:module:function:name"
        raise fail("D_PDESC_INVAL", f"overspecified probe description: {text}", span, hint=hint)
    provider, module, function, name = [""] * (4 - len(parts)) + parts
    return ast.ProbeDescription(provider, module, function, name, None, span)


def symbol(text: str, span: Span) -> ast.KernelSymbol:
    """A kernel symbol: what stands before the last backquote is its module."""
    module, _, name = text.rpartition("`")
    if not name:
        raise fail("D_SYNTAX", 'syntax error near "`"', span, hint="a kernel variable is written `name or module`name")
    return ast.KernelSymbol(module, name, span)
