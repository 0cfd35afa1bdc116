"""What a syntax error says: the token it failed at, where that stands, and the likeliest mistake.

    BEGIN { x = 1 y = 2 }   ->   syntax error near "y"; hint: a ; may be missing before it

Like libdtrace, the parser stops at the first error (tag D_SYNTAX).
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from sly.lex import Token

from dtrans.errors import DtransError, fail
from dtrans.source import Source, Span

_CLOSED_BY = {"(": ")", "[": "]", "{": "}", "PRED_OPEN": "PRED_CLOSE"}
_SHOWN = {"PRED_OPEN": "/", "PRED_CLOSE": "/"}
_STARTS = frozenset({"NAME", "SYMBOL", "SELF", "THIS", "AGGREGATION", "MACRO", "IF", "STEP"})
_DECLARES = frozenset({"TYPE_WORD", "QUALIFIER", "STORAGE", "STRUCT", "ENUM"})
_NO_SUCH_STATEMENT = {
    **dict.fromkeys(("for", "while", "do", "break", "continue", "goto"), "D has no loops: a clause always ends"),
    **dict.fromkeys(("switch", "case", "default"), "D has no switch: use if, ? : or several clauses with predicates"),
    "return": "D has no functions to return from: leave the rest of a clause out by a predicate or an if",
}


def explain(source: Source, tokens: list[Token], token: Token | None, expected: Container[str]) -> DtransError:
    """The exception for a token that does not fit; None for the end of the text. `expected` are the types of tokens
    that would have fitted."""
    if token is None:
        return _at_end(source, tokens)
    at = next(number for number, other in enumerate(tokens) if other is token)
    span = Span(source, token.index, token.end)
    near = source.text[token.index : token.end]
    near = near[1:-1] if token.type == "STRING" else near
    near = near if len(near) <= 60 else f"{near[:60]}..."
    return fail("D_SYNTAX", f'syntax error near "{near}"', span, hint=_hint(source, tokens, at, expected))


def _at_end(source: Source, tokens: list[Token]) -> DtransError:
    last = tokens[-1]
    span = Span(source, last.index, last.end)
    if last.type == "PRED_CLOSE":
        return fail("D_SYNTAX", "expected actions { } following probe description and predicate", span)
    if len(tokens) == 1:
        return fail("D_SYNTAX", f"empty {last.type.lower()}", span)
    unclosed = _open_before(tokens, len(tokens))
    hint = _not_closed(source, unclosed) if unclosed else ""
    return fail("D_SYNTAX", f'syntax error at the end of the text, after "{span.text[-60:]}"', span, hint=hint)


def _hint(source: Source, tokens: list[Token], at: int, expected: Container[str]) -> str:
    token, before = tokens[at], tokens[at - 1]
    unclosed = _open_before(tokens, at)
    match before.type, token.type:
        case _, "RESERVED":
            return _NO_SUCH_STATEMENT.get(token.value, f"{token.value} is a word of D: nothing can have it as its name")
        case (("PROGRAM" | "}" | ";"), "PRED_OPEN"):
            return "a predicate follows the descriptions of its probes"
        case (("SELF" | "THIS"), "."):
            return f"write {before.value}->name"
        case "NAME", ("STRING" | "CHAR" | "INT" | "MACRO"):
            return f"arguments stand in parentheses: {before.value}(...)"
        case "PRED_CLOSE", _:
            return "expected actions { } following probe description and predicate"
        case _, "ELSE":
            return "no if stands before this else, or a ; is missing before it"
        case _, ("=" | "ASSIGN"):
            return "only a variable, array element or member can be assigned; write (a = b) inside a larger expression"
        case _, (")" | "]" | "}"):
            return _closed_wrongly(source, token, unclosed)
        case _, "{" if "PRED_CLOSE" in expected and unclosed is not None and unclosed.type == "PRED_OPEN":
            return "the predicate is not closed: a / is missing before the {"
        case _, "{" if unclosed is not None and unclosed.type == "{":
            return f"is a }} missing? {_not_closed(source, unclosed)}"
        case _, kind if kind in _STARTS | _DECLARES and ";" in expected and not _begins(before, unclosed):
            return "a ; may be missing before it"
        case _, kind if kind in _DECLARES and unclosed is not None and unclosed.type == "{":
            return "variables are declared outside clauses; inside one, assigning makes them"
    if ")" in expected and unclosed is not None and unclosed.type == "(":
        return _not_closed(source, unclosed)
    return ""


def _begins(before: Token, unclosed: Token | None) -> bool:
    """Whether a statement begins after a token, so that no ``;`` can be missing there."""
    return before.type in {";", "{"} or (before.type == "}" and unclosed is not None)


def _open_before(tokens: list[Token], at: int) -> Token | None:
    """The innermost bracket, or predicate, that is open before a token."""
    stack: list[Token] = []
    for token in tokens[:at]:
        if token.type in _CLOSED_BY:
            stack.append(token)
        elif stack and token.type == _CLOSED_BY[stack[-1].type]:
            stack.pop()
    return stack[-1] if stack else None


def _not_closed(source: Source, token: Any) -> str:
    return f"the {_SHOWN.get(token.type, token.type)} of line {source.locate(token.index)[1]} is not closed"


def _closed_wrongly(source: Source, token: Token, unclosed: Token | None) -> str:
    if unclosed is None:
        return f"nothing is open that this {token.type} could close"
    if _CLOSED_BY[unclosed.type] != token.type:
        return _not_closed(source, unclosed)
    return ""
