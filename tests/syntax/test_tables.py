"""The grammar's tables: free of conflicts, and built once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sly.yacc import LRTable, Parser

from dtrans.syntax import tables
from dtrans.syntax.grammar import DParser

SCRIPT = """
import sys
from dtrans.source import Source
from dtrans.syntax import parse
from dtrans.syntax.grammar import DParser
parse(Source("test.d", "BEGIN /1/ { trace((char *)x); }"))
print(DParser.built, "tempfile" in sys.modules, "subprocess" in sys.modules)
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "dtrans"


def make_parser(base: type = tables.TabledParser) -> Any:
    """The grammar's class anew, as an import would make it."""
    body = {
        name: value
        for name, value in vars(DParser).items()
        if name not in {"_grammar", "_lrtable", "built", "__dict__", "__weakref__"}
    }
    return type(Parser)("AnyParser", (base,), {"_": None, **body})


def test_the_grammar_has_no_conflicts() -> None:
    table = make_parser(Parser)._lrtable
    assert isinstance(table, LRTable)
    assert table.sr_conflicts == []
    assert table.rr_conflicts == []


def test_every_rule_and_token_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    make_parser()
    assert capsys.readouterr().err == ""  # SLY warns there


def test_tables_that_were_kept_are_those_that_are_built() -> None:
    built, kept = make_parser(Parser), make_parser()
    assert (kept.built, make_parser().built) == (True, False)
    table, again = built._lrtable, make_parser()._lrtable
    assert again.lr_action == [table.lr_action[state] for state in range(len(table.lr_action))]
    assert again.lr_goto == [table.lr_goto[state] for state in range(len(table.lr_goto))]
    assert again.defaulted_states == table.defaulted_states


def test_another_grammar_or_release_of_sly_is_built_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    make_parser()
    monkeypatch.setattr("sly.__version__", "9")
    assert make_parser().built


def test_a_cached_start_builds_nothing_and_imports_nothing_for_building(tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    runs = [
        subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True)
        for _ in "12"
    ]
    assert runs[1].stdout.split() == ["False", "False", "False"]
    assert [run.stderr for run in runs] == ["", ""]
