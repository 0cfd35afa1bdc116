"""The cache: kept, safe, bounded, and never in the way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dtrans import cache
from dtrans.cache import cache_folder, cache_key, cached, file_stamps, read_cached, write_cached

KEY = cache_key(("text",))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "dtrans"


def test_work_is_done_once() -> None:
    done: list[int] = []

    def make() -> bytes:
        done.append(1)
        return b"result"

    assert [cached("object", KEY, make) for _ in range(3)] == [b"result"] * 3
    assert done == [1]


def test_keys_tell_parts_apart() -> None:
    assert len({cache_key(("ab", "c")), cache_key(("a", "bc")), cache_key(("abc",)), cache_key(("abc", ""))}) == 4


def test_kinds_are_apart() -> None:
    write_cached("object", KEY, b"1")
    assert read_cached("artifact", KEY) is None


@pytest.mark.parametrize("damage", ["cut", "changed", "empty"])
def test_a_damaged_entry_is_no_entry(home: Path, damage: str) -> None:
    write_cached("object", KEY, b"content" * 10)
    path = home / f"object-{KEY}"
    data = path.read_bytes()
    path.write_bytes({"cut": data[:-1], "changed": data[:-1] + b"?", "empty": b""}[damage])
    assert read_cached("object", KEY) is None
    assert cached("object", KEY, lambda: b"new") == b"new"
    assert read_cached("object", KEY) == b"new"


def test_an_entry_that_others_could_have_written_is_not_used(home: Path) -> None:
    write_cached("object", KEY, b"content")
    (home / f"object-{KEY}").chmod(0o666)
    assert read_cached("object", KEY) is None


def test_a_folder_that_others_can_write_is_not_used(home: Path) -> None:
    home.mkdir()
    home.chmod(0o777)
    assert cache_folder() != str(home)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make another's folder")
def test_a_folder_of_someone_else_is_not_used(home: Path) -> None:
    home.mkdir()
    os.chown(home, 12345, -1)
    assert cache_folder() != str(home)


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    assert cache_folder() is None
    assert cached("object", KEY, lambda: b"made") == b"made"


def test_the_longest_unused_entries_go_first(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "CACHE_BYTES", 900)
    for number in range(3):
        write_cached("object", f"{number}", b"x" * 200)
        os.utime(home / f"object-{number}", (number, number))
    assert read_cached("object", "0") is not None  # Used just now.
    write_cached("object", "3", b"x" * 300)
    assert sorted(path.name for path in home.iterdir()) == ["object-0", "object-2", "object-3"]


def test_no_draft_is_left(home: Path) -> None:
    write_cached("object", KEY, b"content")
    assert [path.name for path in home.iterdir()] == [f"object-{KEY}"]


def test_drafts_that_a_killed_process_left_are_removed(home: Path) -> None:
    write_cached("object", "0", b"content")
    left, being_written = (home / f".draft-{number}-object-{KEY}" for number in (1, 2))
    left.write_bytes(b"half of ")
    being_written.write_bytes(b"half of ")
    os.utime(left, (1, 1))
    write_cached("object", KEY, b"content")
    assert sorted(path.name for path in home.iterdir()) == sorted([being_written.name, "object-0", f"object-{KEY}"])


def test_entries_are_for_their_owner_only(home: Path) -> None:
    write_cached("object", KEY, b"content")
    assert (home / f"object-{KEY}").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [0, 2**70, "text\udc80", b"\0", (), [None, {"a": (1, "b")}], {1: [2.5]}])
def test_plain_values_come_back_as_they_were(content: object) -> None:
    write_cached("any", KEY, content)
    assert repr(read_cached("any", KEY)) == repr(content)


def test_a_home_that_is_no_absolute_path_is_no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    monkeypatch.setenv("HOME", "there")
    assert cache_folder() is None
    assert list(tmp_path.iterdir()) == []


def test_stamps_change_with_a_file_and_not_with_what_python_compiles(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_text("1")
    stamps = list(file_stamps(str(tmp_path)))
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "file.pyc").touch()
    assert list(file_stamps(str(tmp_path))) == stamps
    (tmp_path / "folder" / "file").write_text("10")
    assert list(file_stamps(str(tmp_path))) != stamps
