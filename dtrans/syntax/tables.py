"""LALR tables that are built once, not at every start.

SLY's metaclass builds a parser's tables when its class is made, which takes longer than all the rest of start-up.
`TabledParser` reads them from a file instead. The file holds what the tables follow from (SLY's version, tokens,
precedences, rules) and counts only while that is what the program says, so a changed grammar is rebuilt by itself. It
is JSON, thus data only, and is looked for in

1. the package's own folder, written when dtrans is installed or built (`python -m dtrans.syntax.tables`);
2. ``$XDG_CACHE_HOME/dtrans`` (``~/.cache/dtrans``), written after a build. It is read only when it belongs to the user
   who runs dtrans or to root and no one else may write to it, and written only in a folder of that user's own: root,
   with another user's environment, neither trusts that cache nor leaves files in it.

A cache that is missing, damaged or cannot be written costs time, never an error.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import sly
from sly.yacc import Parser

PACKAGED = Path(__file__).with_name("_tables.json")
_FILE = "d-tables.json"


def cache_file() -> Path:
    """Where this user's tables are kept."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    folder = Path(base) if base.startswith("/") else Path(os.environ.get("HOME") or "/nonexistent") / ".cache"
    return folder / "dtrans" / _FILE


class _Production:
    """What SLY's running parser wants to know of a production. Its symbols are reached by number only (``p[0]``)."""

    __slots__ = ("func", "len", "name")
    namemap: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, name: str, length: int, func: Any) -> None:
        self.name = name
        self.len = length
        self.func = func


class TabledParser(Parser):  # type: ignore[misc]
    """A SLY parser whose tables come from a file when there is a good one; `built` says that there was none."""

    built = False

    @classmethod
    def _build(cls, definitions: list[tuple[str, Any]]) -> None:
        if "tokens" not in vars(cls):
            return
        rules = _rules(definitions)
        basis = _basis(cls, rules)
        for path in (PACKAGED, cache_file()):
            tables = _read(path, basis)
            if tables is not None and _install(cls, tables, rules):
                return
        super()._build(definitions)
        cls.built = True
        if _own(cache_file().parent):
            _write(cache_file(), _document(cls, basis))


def write_packaged(cls: type[Any], definitions: list[tuple[str, Any]]) -> None:
    """Writes a parser's tables into the package's folder, for installations."""
    _write(PACKAGED, _document(cls, _basis(cls, _rules(definitions))))


def _rules(definitions: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """(rule, method) in the order in which SLY numbers its productions. Every rule names its nonterminal itself."""
    return [(rule, method) for _, method in definitions for rule in getattr(method, "rules", ())]


def _basis(cls: type[Any], rules: list[tuple[str, Any]]) -> list[Any]:
    return [sly.__version__, sorted(cls.tokens), [list(level) for level in cls.precedence], [rule for rule, _ in rules]]


def _document(cls: type[Any], basis: list[Any]) -> dict[str, Any]:
    """Rows of actions and gotos repeat a good deal: each is stored once and referred to by number."""
    rows: dict[str, int] = {}

    def number(row: dict[str, int]) -> int:
        return rows.setdefault(json.dumps(row, sort_keys=True), len(rows))

    table = cls._lrtable
    states = range(len(table.lr_action))
    actions = [number(table.lr_action[state]) for state in states]
    gotos = [number(table.lr_goto[state]) for state in states]
    return {
        "basis": basis,
        "productions": [[production.name, production.len] for production in cls._grammar.Productions],
        "rows": [json.loads(row) for row in rows],
        "actions": actions,
        "gotos": gotos,
        "defaults": [table.defaulted_states.get(state, 0) for state in states],
    }


def _install(cls: type[Any], tables: dict[str, Any], rules: list[tuple[str, Any]]) -> bool:
    try:
        rows = tables["rows"]
        productions = [
            _Production(name, length, rules[number - 1][1] if number else None)
            for number, (name, length) in enumerate(tables["productions"])
        ]
        if len(productions) != len(rules) + 1:
            return False
        cls._grammar = SimpleNamespace(Productions=productions)
        cls._lrtable = SimpleNamespace(
            lr_action=[rows[number] for number in tables["actions"]],
            lr_goto=[rows[number] for number in tables["gotos"]],
            defaulted_states={state: action for state, action in enumerate(tables["defaults"]) if action},
        )
    except (KeyError, IndexError, TypeError, ValueError):
        return False
    return True


def _read(path: Path, basis: list[Any]) -> dict[str, Any] | None:
    try:
        with path.open("rb") as file:
            if path != PACKAGED and not _trusted(os.fstat(file.fileno())):
                return None
            tables = json.load(file)
    except (OSError, ValueError, RecursionError):
        return None
    return tables if isinstance(tables, dict) and tables.get("basis") == basis else None


def _trusted(status: os.stat_result) -> bool:
    return status.st_uid in {0, os.geteuid()} and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _own(folder: Path) -> bool:
    """Whether a folder, or the one it would be made in, belongs to who runs this."""
    for place in (folder, *folder.parents):
        try:
            return place.stat().st_uid == os.geteuid()
        except FileNotFoundError:
            continue
        except OSError:  # It is in a folder of another.
            return False
    return False


def _write(path: Path, document: dict[str, Any]) -> None:
    import tempfile  # only after a build

    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(document, file, separators=(",", ":"))
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


if __name__ == "__main__":
    from dtrans.syntax.grammar import DParser

    write_packaged(DParser, list(vars(DParser).items()))
