"""The grammar's tables: free of conflicts, built once, and never trusted to someone else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

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


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(tables, "PACKAGED", tmp_path / "none.json")
    return tmp_path / "dtrans" / "d-tables.json"


def make_parser() -> type:
    """The grammar's class anew, as an import would make it."""
    body = {
        name: value
        for name, value in vars(DParser).items()
        if name not in {"_grammar", "_lrtable", "built", "__dict__", "__weakref__"}
    }
    return type(Parser)("AnyParser", (tables.TabledParser,), {"_": None, **body})


def test_the_grammar_has_no_conflicts(cache: Path) -> None:
    table = make_parser()._lrtable  # type: ignore[attr-defined]
    assert isinstance(table, LRTable)
    assert table.sr_conflicts == []
    assert table.rr_conflicts == []


def test_every_rule_and_token_is_used(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_parser()
    assert capsys.readouterr().err == ""  # SLY warns there


def test_tables_are_built_once(cache: Path) -> None:
    first, second = make_parser(), make_parser()
    assert (first.built, second.built) == (True, False)  # type: ignore[attr-defined]
    assert cache.exists()


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff\xfe", b"null", b'{"basis": 1}', b"[" * 100_000])
def test_a_damaged_cache_is_built_anew(cache: Path, damage: bytes) -> None:
    make_parser()
    cache.write_bytes(damage)
    assert make_parser().built  # type: ignore[attr-defined]
    assert not make_parser().built  # type: ignore[attr-defined]


def test_a_cache_whose_tables_are_missing_is_built_anew(cache: Path) -> None:
    make_parser()
    document = json.loads(cache.read_text())
    del document["rows"]
    cache.write_text(json.dumps(document))
    assert make_parser().built  # type: ignore[attr-defined]


def test_another_grammar_or_release_of_sly_is_built_anew(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_parser()
    monkeypatch.setattr("sly.__version__", "9")
    assert make_parser().built  # type: ignore[attr-defined]


def test_a_cache_that_others_may_write_to_is_not_read(cache: Path) -> None:
    make_parser()
    cache.chmod(0o666)
    assert make_parser().built  # type: ignore[attr-defined]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files away")
def test_root_neither_reads_nor_writes_another_users_cache(cache: Path) -> None:
    make_parser()
    os.chown(cache, 12345, 12345)
    assert make_parser().built  # type: ignore[attr-defined]
    cache.unlink()
    os.chown(cache.parent, 12345, 12345)
    make_parser()
    assert not cache.exists()


def test_a_cache_that_cannot_be_written_costs_nothing_else(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/none")
    assert make_parser().built  # type: ignore[attr-defined]


def test_tables_of_the_package_come_before_the_users(cache: Path) -> None:
    tables.write_packaged(DParser, list(vars(DParser).items()))
    assert not make_parser().built  # type: ignore[attr-defined]
    assert not cache.exists()


def test_a_cached_start_builds_nothing_and_imports_nothing_for_building(tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    runs = [
        subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True)
        for _ in "12"
    ]
    assert runs[1].stdout.split() == ["False", "False", "False"]
    assert [run.stderr for run in runs] == ["", ""]
