"""One source to one tree, or one diagnostic: how lexer, words and grammar work together."""

from __future__ import annotations

from typing import Any

from dtrans.errors import DtransError, fail
from dtrans.source import ON_COMMAND_LINE, Source, Span
from dtrans.syntax import ast
from dtrans.syntax.grammar import DParser
from dtrans.syntax.lexer import Entry, LexicalError, Scan, scan
from dtrans.syntax.trees import MAX_DEPTH, too_deep
from dtrans.syntax.words import IsType, classified, is_base_type
from dtrans.values import replace


def program(source: Source, is_type: IsType | None) -> ast.Program:
    """See `dtrans.syntax.parse`."""
    tree, scanned, source = _run(source, "PROGRAM", is_type)
    _refuse_lone_descriptions(tree, source)
    return _with_pragmas(tree, scanned, source)


def expression(source: Source, is_type: IsType | None) -> ast.Expr:
    """See `dtrans.syntax.parse_expression`."""
    return _run(source, "EXPRESSION", is_type)[0]  # type: ignore[no-any-return]


def type_name(source: Source, is_type: IsType | None) -> ast.TypeExpr:
    """See `dtrans.syntax.parse_type`."""
    return _run(source, "TYPE", is_type)[0]  # type: ignore[no-any-return]


def _run(source: Source, entry: Entry, is_type: IsType | None) -> tuple[Any, Scan, Source]:
    """The tree, the tokens, and the source with the origins of its lines."""
    scanned = scan(source.text, source.name, entry)
    if scanned.origins:
        source = replace(source, origins=scanned.origins)
    declared: dict[str, bool] = {}
    actions = DParser._lrtable.lr_action

    def on_error(token: Any, state: int) -> DtransError:
        from dtrans.syntax.mistakes import explain  # only wanted once something is wrong

        return explain(source, scanned.tokens, token, actions[state])

    parser = DParser(source, declared, on_error)
    tokens = classified(scanned.tokens, parser, actions, declared, is_type or is_base_type)
    try:
        tree = parser.parse(tokens)
    except LexicalError as error:
        span = Span(source, error.start, error.end)
        raise fail(error.tag, error.message, span, hint=error.hint) from None
    if _may_be_deep(scanned):
        _refuse_deep(tree)
    return tree, scanned, source


def _refuse_lone_descriptions(program: ast.Program, source: Source) -> None:
    """Only the last clause of a text on the command line may do without actions, as in ``-n BEGIN``."""
    for item in program.items[: -1 if source.name == ON_COMMAND_LINE else None]:
        if isinstance(item, ast.Clause) and item.body is None:
            hint = "separate several probes with commas, and write { } around actions"
            message = "expected predicate and/or actions following probe description"
            raise fail("D_SYNTAX", message, item.probes[-1].span, hint=hint)


def _with_pragmas(program: ast.Program, scanned: Scan, source: Source) -> ast.Program:
    """Pragmas stand among the items where they were written; one inside a clause comes after it."""
    if not scanned.directives:
        return program
    pragmas = [ast.Pragma(it.kind, it.words, Span(source, start, end)) for it, start, end in scanned.directives]
    items = sorted([*program.items, *pragmas], key=lambda item: item.span.start)
    return ast.Program(tuple(items), program.span)


def _may_be_deep(scanned: Scan) -> bool:
    """Each level of a tree takes a token. A level that spans several ``;`` takes an ``if`` or a ``struct`` as well."""
    longest = run_length = spanning = 0
    for token in scanned.tokens:
        if token.type in {";", "{", "}"}:
            longest = max(longest, run_length)
            run_length = 0
        elif token.type in {"IF", "STRUCT"}:
            spanning += 1
        run_length += 1
    return max(longest, run_length) + 2 * spanning > MAX_DEPTH // 2


def _refuse_deep(tree: Any) -> None:
    todo = [(tree, 0)]
    while todo:
        node, depth = todo.pop()
        if isinstance(node, tuple):
            todo.extend((part, depth) for part in node)
        elif hasattr(node, "span"):
            if depth > MAX_DEPTH:
                raise too_deep(node.span)
            todo.extend((getattr(node, part), depth + 1) for part in node.__slots__ if part != "span")
