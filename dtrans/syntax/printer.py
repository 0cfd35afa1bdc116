"""Trees back to text, in one canonical form.

    BEGIN/x>1/{y=(1+2)*3}   ->   BEGIN
                                 /x > 1/
                                 {
                                         y = (1 + 2) * 3;
                                 }

What is printed reads back as the same tree, spans apart (`equal`): parentheses stand where the tree needs them, and
where a plain word could be taken for a type's name or the other way round.
"""

from __future__ import annotations

import re
from typing import Any

from dtrans.syntax import ast
from dtrans.syntax.words import KEYWORDS, is_base_type

Node = (
    ast.Program
    | ast.Item
    | ast.Statement
    | ast.Expr
    | ast.TypeExpr
    | ast.ProbeDescription
    | ast.MemberDecl
    | ast.Enumerator
    | ast.ProviderProbe
)

_COMMA, _ASSIGN, _CONDITIONAL, _BINARY, _CAST, _UNARY, _POSTFIX = 0, 1, 2, 3, 14, 15, 16
_LEVELS = {
    **dict(zip(("||", "^^", "&&", "|", "^", "&"), range(3, 9), strict=True)),
    **dict.fromkeys(("==", "!="), 9),
    **dict.fromkeys(("<", ">", "<=", ">="), 10),
    **dict.fromkeys(("<<", ">>"), 11),
    **dict.fromkeys(("+", "-"), 12),
    **dict.fromkeys(("*", "/", "%"), 13),
}
_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\"}
_FIRST_WORD = re.compile(r"[A-Za-z_`][0-9A-Za-z_`]*")
_PROBE_START = re.compile(r"[-$:a-zA-Z_`.?*\\\[\]!]")
_PRAGMA_WORD = re.compile(r'(?!//)(?:(?!/\*)[^\s"])+')
_OPENS_DECLARATION = KEYWORDS.keys() | {"inline", "translator", "provider"}


def show(node: Node) -> str:
    """The text of a tree or of any part of one."""
    match node:
        case ast.Program():
            return "\n".join(f"{_item(item)}\n" for item in node.items)
        case ast.ExprStatement() | ast.If():
            return _statement(node, "")
        case ast.ProbeDescription():
            return _description(node)
        case ast.MemberDecl():
            return _member(node)
        case ast.Enumerator():
            return _enumerator(node)
        case ast.ProviderProbe():
            return _provider_probe(node)
        case (
            ast.NamedType()
            | ast.TaggedType()
            | ast.PointerType()
            | ast.ArrayType()
            | ast.AssociativeType()
            | ast.FunctionType()
        ):
            return _type(node)
        case ast.Clause() | ast.VariableDecl() | ast.Inline() | ast.Translator() | ast.Provider() | ast.Pragma():
            return _item(node)
        case _:
            return _expr(node)


def equal(left: Any, right: Any) -> bool:
    """Whether two trees say the same, wherever they stand."""
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(equal(one, other) for one, other in zip(left, right, strict=True))
    if type(left) is not type(right):
        return False
    if not hasattr(left, "span"):
        return bool(left == right)
    return all(equal(getattr(left, name), getattr(right, name)) for name in left.__slots__ if name != "span")


# --- items -------------------------------------------------------------------------------------------------------


def _item(item: ast.Item) -> str:
    match item:
        case ast.Clause():
            return _clause(item)
        case ast.VariableDecl(storage, kind, name):
            return f"{storage} {_type(kind, name)};".lstrip()
        case ast.Inline():
            inner = item.name if item.params is None else f"{item.name}[{_params(item.params)}]"
            return f"inline {_type(item.type, inner)} = {_expr(item.value, _ASSIGN)};"
        case ast.Translator():
            members = "".join(f"\t{name} = {_expr(value, _ASSIGN)};\n" for name, value in item.members)
            header = f"translator {_type(item.output)} < {_after_type(item.input, item.param)} >"
            return f"{header} {{\n{members}}};"
        case ast.Provider():
            probes = "".join(f"\t{_provider_probe(probe)}\n" for probe in item.probes)
            return f"provider {item.name} {{\n{probes}}};"
        case ast.Pragma("error", words):
            return " ".join(("#error", *map(_pragma_word, words)))
        case ast.Pragma(kind, words):
            version = [_quoted(words[0])] if kind == "binding" else []
            return " ".join(("#pragma D", kind, *version, *map(_pragma_word, words[len(version) :])))


def _clause(clause: ast.Clause) -> str:
    text = ",\n".join(_description(probe) for probe in clause.probes)
    if clause.predicate is not None:
        predicate = _expr(clause.predicate)
        text += f"\n/{' ' if predicate[0] == '*' else ''}{predicate}/"
    return text if clause.body is None else f"{text}\n{_block(clause.body, '')}"


def _description(probe: ast.ProbeDescription) -> str:
    if probe.id is not None:
        return str(probe.id)
    parts = [probe.provider, probe.module, probe.function, probe.name]
    while len(parts) > 1 and not parts[0]:
        parts.pop(0)
    text = ":".join(parts)
    if not text:
        return ":::"
    # A keyword or a number alone would not be read as a description.
    return text if _PROBE_START.match(text) and text not in _OPENS_DECLARATION else f":{text}"


def _provider_probe(probe: ast.ProviderProbe) -> str:
    translated = "" if probe.translated is None else f" : ({_params(probe.translated)})"
    return f"probe {probe.name}({_params(probe.args)}){translated};"


def _pragma_word(word: str) -> str:
    return word if _PRAGMA_WORD.fullmatch(word) else _quoted(word)


# --- statements --------------------------------------------------------------------------------------------------


def _block(body: tuple[ast.Statement, ...], indent: str) -> str:
    inside = "".join(f"{_statement(statement, indent + chr(9))}\n" for statement in body)
    return f"{indent}{{\n{inside}{indent}}}"


def _statement(statement: ast.Statement, indent: str) -> str:
    match statement:
        case ast.ExprStatement(expr):
            return f"{indent}{_expr(expr)};"
        case ast.If(test, then, other):
            text = f"{indent}if ({_expr(test)}) {_block(then, indent).lstrip()}"
            if len(other) == 1 and isinstance(other[0], ast.If):
                return f"{text} else {_statement(other[0], indent).lstrip()}"
            return f"{text} else {_block(other, indent).lstrip()}" if other else text


# --- expressions -------------------------------------------------------------------------------------------------


def _expr(node: ast.Expr, least: int = _COMMA) -> str:
    """The text of an expression, in parentheses when it binds less than `least`."""
    level, text = _leveled(node)
    return text if level >= least else f"({text})"


def _leveled(node: ast.Expr) -> tuple[int, str]:
    match node:
        case ast.Comma(left, right):
            return _COMMA, f"{_expr(left)}, {_expr(right, _ASSIGN)}"
        case ast.Assign(op, target, value):
            return _ASSIGN, f"{_expr(target, _UNARY)} {op} {_expr(value, _ASSIGN)}"
        case ast.Conditional(test, then, other):
            return _CONDITIONAL, f"{_expr(test, _BINARY)} ? {_expr(then)} : {_expr(other, _CONDITIONAL)}"
        case ast.Binary(op, left, right):
            level = _LEVELS[op]
            return level, f"{_expr(left, level)} {op} {_expr(right, level + 1)}"
        case ast.Cast(kind, operand):
            inner = _expr(operand, _CAST)
            if not isinstance(kind, ast.NamedType):
                return _CAST, f"({_certain(kind)}){inner}"
            # After (name) these could be binary operators, and the name a variable.
            return _CAST, f"({_type(kind)}){f'({inner})' if inner[0] in '-+*&' else inner}"
        case ast.Unary(op, operand):
            return _UNARY, _prefixed(op, _expr(operand, _CAST))
        case ast.Step(op, operand, False):
            return _UNARY, _prefixed(op, _expr(operand, _UNARY))
        case ast.SizeofExpr(operand):
            return _UNARY, f"sizeof {_expr(operand, _UNARY)}"
        case ast.SizeofType(kind):
            return _UNARY, f"sizeof ({_certain(kind)})"
        case ast.Stringof(operand):
            return _UNARY, f"stringof({_expr(operand)})"
        case _:
            return _POSTFIX, _postfix(node)


def _postfix(node: ast.Expr) -> str:
    match node:
        case ast.Step(op, operand, _):
            return f"{_expr(operand, _POSTFIX)}{op}"
        case ast.Index(base, keys):
            return f"{_expr(base, _POSTFIX)}[{_arguments(keys)}]"
        case ast.Member(base, name, arrow):
            shown = _expr(base, _POSTFIX)
            return f"{shown}->{name}" if arrow else f"({shown}).{name}" if shown[0].isdigit() else f"{shown}.{name}"
        case ast.Call(name, args):
            return f"{name}({_arguments(args)})"
        case ast.Offsetof(kind, member):
            return f"offsetof({_type(kind)}, {member})"
        case ast.Xlate(kind, operand):
            return f"xlate <{_type(kind)}>({_expr(operand)})"
        case ast.Aggregation(name, None):
            return f"@{name}"
        case ast.Aggregation(name, keys):
            return f"@{name}[{_arguments(keys or ())}]"
        case ast.ScopedName(scope, name):
            return f"{scope}->{name}"
        case ast.KernelSymbol(module, name):
            return f"{module}`{name}"
        case ast.Macro(name, quoted):
            return f"{'$$' if quoted else '$'}{name}"
        case ast.Integer(value, suffix, decimal):
            return f"{value if decimal or not value else hex(value)}{suffix}"
        case ast.Character(value):
            return _quoted(value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big").decode("latin-1"), "'")
        case ast.String(text):
            return _quoted(text)
        case ast.Name(name):
            return name
        case _:
            raise TypeError(f"not an expression: {type(node).__name__}")


def _prefixed(op: str, operand: str) -> str:
    """``- -x`` keeps its blank: ``--x`` is something else."""
    return f"{op} {operand}" if operand[0] == op[-1] else f"{op}{operand}"


def _arguments(args: tuple[ast.Expr, ...]) -> str:
    return ", ".join(_expr(arg, _ASSIGN) for arg in args)


def _quoted(text: str, quote: str = '"') -> str:
    shown = (
        _ESCAPES.get(char) or (f"\\{char}" if char == quote else char if " " <= char <= "~" else f"\\{ord(char):03o}")
        for char in text
    )
    return f"{quote}{''.join(shown)}{quote}"


# --- types -------------------------------------------------------------------------------------------------------


def _type(kind: ast.TypeExpr, inner: str = "") -> str:
    """The declaration of `inner`, a name with what stands around it already; the type alone when it is empty."""
    match kind:
        case ast.PointerType(to):
            around = isinstance(to, ast.ArrayType | ast.AssociativeType | ast.FunctionType)
            return _type(to, f"(*{inner})" if around else f"*{inner}")
        case ast.ArrayType(of, None):
            return _type(of, f"{inner}[]")
        case ast.ArrayType(of, size):
            return _type(of, f"{inner}[{_size(size) if size else ''}]")
        case ast.AssociativeType(of, keys):
            first, *rest = keys
            return _type(of, f"{inner}[{', '.join((_certain(first), *map(_type, rest)))}]")
        case ast.FunctionType(returns, params, variadic):
            parts = [_params(params)] * bool(params) + ["..."] * variadic
            return _type(returns, f"{inner}({', '.join(parts)})")
        case ast.NamedType(words):
            return _after(" ".join(words), inner)
        case ast.TaggedType():
            return _after(_tagged(kind), inner)


def _after(base: str, inner: str) -> str:
    return f"{base} {inner}" if inner else base


def _after_type(kind: ast.TypeExpr, name: str) -> str:
    text = _type(kind)
    return f"{text}{name}" if text.endswith("*") else f"{text} {name}"


def _certain(kind: ast.TypeExpr) -> str:
    """A type where a plain word could be a variable: a star at the end or ``const`` says that it is none."""
    text = _type(kind)
    word = _FIRST_WORD.match(text)
    known = word is None or word.group() in KEYWORDS or is_base_type(word.group())
    return text if known or text[-1] == "*" else f"const {text}"


def _size(size: ast.Expr) -> str:
    """An array's size where a plain word could name the type of a key."""
    text = _expr(size, _CONDITIONAL)
    word = _FIRST_WORD.match(text)
    return f"({text})" if word and is_base_type(word.group()) else text


def _params(params: tuple[tuple[str, ast.TypeExpr], ...]) -> str:
    return ", ".join(_type(kind, name) if name else _certain(kind) for name, kind in params)


def _tagged(kind: ast.TaggedType) -> str:
    head = f"{kind.kind} {kind.tag}".rstrip()
    if kind.body is None:
        return head
    if kind.kind == "enum":
        return f"{head} {{ {', '.join(_enumerator(it) for it in kind.body if isinstance(it, ast.Enumerator))} }}"
    return f"{head} {{ {' '.join(_member(it) for it in kind.body if isinstance(it, ast.MemberDecl))} }}"


def _member(member: ast.MemberDecl) -> str:
    bits = "" if member.bits is None else f" : {_expr(member.bits, _CONDITIONAL)}"
    return f"{_type(member.type, member.name)}{bits};"


def _enumerator(enumerator: ast.Enumerator) -> str:
    value = enumerator.value
    return enumerator.name if value is None else f"{enumerator.name} = {_expr(value, _CONDITIONAL)}"
