"""LALR tables that are built once, not at every start.

SLY's metaclass builds a parser's tables when its class is made, which takes longer than all the rest of start-up.
`TabledParser` takes them from the cache, under what they follow from: SLY's version, tokens, precedences, rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType, SimpleNamespace
from typing import Any

import sly
from sly.yacc import Parser

from dtrans.cache import cache_key, cached


class _Production:
    """What SLY's running parser wants to know of a production. Its symbols are reached by number only (``p[0]``)."""

    __slots__ = ("func", "len", "name")
    namemap: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, name: str, length: int, func: Any) -> None:
        self.name = name
        self.len = length
        self.func = func


class TabledParser(Parser):  # type: ignore[misc]
    """A SLY parser whose tables come from the cache; `built` says that they were not there."""

    built = False

    @classmethod
    def _build(cls, definitions: list[tuple[str, Any]]) -> None:
        if "tokens" not in vars(cls):
            return
        # (rule, method) in the order in which SLY numbers its productions. Every rule names its nonterminal itself.
        rules = [(rule, method) for _, method in definitions for rule in getattr(method, "rules", ())]
        texts = [rule for rule, _ in rules]
        basis = (sly.__version__, sorted(cls.tokens), [list(level) for level in cls.precedence], texts)

        def build() -> Any:
            super(TabledParser, cls)._build(definitions)
            cls.built = True
            return _plain(cls)

        _install(cls, cached("tables", cache_key((repr(basis),)), build), [method for _, method in rules])


def _plain(cls: type[Any]) -> Any:
    """A parser's productions; rows of actions and gotos, which repeat a good deal and are kept once each; for every
    state the numbers of its two rows, and the action that it takes whatever comes, 0 for none."""
    rows: dict[tuple[tuple[str, int], ...], int] = {}

    def number(row: dict[str, int]) -> int:
        return rows.setdefault(tuple(sorted(row.items())), len(rows))

    table = cls._lrtable
    states = range(len(table.lr_action))
    numbers = [
        (number(table.lr_action[state]), number(table.lr_goto[state]), table.defaulted_states.get(state, 0))
        for state in states
    ]
    productions = [(production.name, production.len) for production in cls._grammar.Productions]
    return productions, [dict(row) for row in rows], numbers


def _install(cls: type[Any], tables: Any, methods: list[Any]) -> None:
    productions, rows, numbers = tables
    # SLY's production 0 is its own: the start symbol's.
    made = [_Production(name, size, method) for (name, size), method in zip(productions, (None, *methods), strict=True)]
    cls._grammar = SimpleNamespace(Productions=made)
    cls._lrtable = SimpleNamespace(
        lr_action=[rows[action] for action, _, _ in numbers],
        lr_goto=[rows[goto] for _, goto, _ in numbers],
        defaulted_states={state: action for state, (_, _, action) in enumerate(numbers) if action},
    )
