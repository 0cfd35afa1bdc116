"""The loader: strict about files, careless about its cache."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from dtrans.data import data_dir
from dtrans.errors import DtransError
from dtrans.knowledge.cache import decode, encode
from dtrans.knowledge.load import load, load_from
from dtrans.knowledge.lookup import nearest
from dtrans.knowledge.read import read_knowledge

TRANSLATORS = data_dir("translators")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of translators/ that a test may spoil."""
    return Path(shutil.copytree(TRANSLATORS, tmp_path / "translators"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


# --- the cache --------------------------------------------------------------------------------------


def test_the_cache_gives_back_the_same_rows() -> None:
    knowledge = read_knowledge(TRANSLATORS)
    assert decode(encode(knowledge)) == knowledge


def test_a_second_load_reads_no_toml(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache" / "knowledge.json"
    first = load_from(folder, cache)
    monkeypatch.setattr("dtrans.knowledge.load._parse", lambda _: pytest.fail("parsed again"))
    assert load_from(folder, cache) == first


def test_a_changed_file_is_read_again(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "knowledge.json"
    load_from(folder, cache)
    edit(folder / "constants.toml", "B_READ = 0x40", "B_READ = 0x41")
    assert load_from(folder, cache).constants["B_READ"].value == 0x41


def test_a_new_file_is_read(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "knowledge.json"
    load_from(folder, cache)
    text = (folder / "providers" / "dtrace.toml").read_text()
    (folder / "providers" / "other.toml").write_text(text.replace('"dtrace"', '"other"'))
    assert "other" in load_from(folder, cache).providers


@pytest.mark.parametrize("damage", ["cut", "noise", "shape", "empty"])
def test_a_damaged_cache_is_made_anew(folder: Path, tmp_path: Path, damage: str) -> None:
    cache = tmp_path / "knowledge.json"
    good = load_from(folder, cache)
    key, _, content = cache.read_bytes().partition(b"\n")
    shape = json.loads(content)
    shape[0]["io"] = ["io", 5, None]
    cache.write_bytes(
        {
            "cut": key + b"\n" + content[: len(content) // 2],
            "noise": key + b"\n\xff\xfe\x00",
            "shape": key + b"\n" + json.dumps(shape).encode(),
            "empty": b"",
        }[damage]
    )
    assert load_from(folder, cache) == good
    assert decode(cache.read_bytes().partition(b"\n")[2]) == good


def test_a_cache_that_others_may_write_is_not_believed(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "knowledge.json"
    good = load_from(folder, cache)
    cache.write_bytes(cache.read_bytes().replace(b'"B_READ",64', b'"B_READ",65'))
    cache.chmod(0o666)
    assert load_from(folder, cache) == good


def test_a_cache_that_cannot_be_written_is_done_without(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert load_from(folder, tmp_path / "file" / "knowledge.json").providers


def test_a_warm_load_parses_no_file(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "knowledge.json"
    rows = load_from(folder, cache)
    monkeypatch.setattr("dtrans.knowledge.load._parse", lambda _: pytest.fail("the files were parsed again"))
    assert load_from(folder, cache) == rows


def test_load_finds_the_folder_once() -> None:
    assert load() is load()


# --- lets -------------------------------------------------------------------------------------------


def test_a_point_gets_the_lets_of_its_provider_that_it_uses(folder: Path) -> None:
    (folder / "providers" / "one.toml").write_text(
        """
        name = "one"
        summary = "One."
        guide = "One"
        family = "rows"
        [let]
        third = "second + 1"
        second = "first->third + 1"
        unused = "0"
        [[probe]]
        name = "probe"
        args = ["int"]
        fidelity = "exact"
        [[probe.source]]
        [[probe.source.point]]
        at = "begin"
        let.first = "2"
        let.second = "first + 2"
        args = ["third"]
        """
    )
    (point,) = read_knowledge(folder).providers["one"].probes[0].sources[0].points
    assert list(point.let.items()) == [("first", ("2",)), ("second", ("first + 2",)), ("third", ("second + 1",))]


# --- mistakes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("providers/proc.toml", 'fidelity = "exact"', 'fidelity = "good"', "'fidelity' is 'good'"),
        ("providers/proc.toml", 'name = "exec"\n', "", "'name' is missing"),
        ("providers/proc.toml", 'name = "exec"\n', 'name = "create"\n', "two rows for probe 'create'"),
        ("providers/proc.toml", 'name = "exec"\n', 'name = "exec"\nalias = "x"\n', "probe exec: unknown key 'alias'"),
        ("providers/proc.toml", 'name = "proc"', 'name = "process"', "belongs into a file of that name"),
        ("providers/proc.toml", "rawtp:sched_process_fork", "rawtp", "'rawtp' is no attach point"),
        ("providers/proc.toml", 'args = ["ctx->child"]', 'args = ["ctx->child", "1"]', "gives 2 of 1 args"),
        ("providers/proc.toml", 'args = ["ctx->child"]', "args = [1]", "is not a list of strings"),
        ("providers/sched.toml", 'fidelity = "none"', 'fidelity = "close"', "fidelity is none when there is no source"),
        ("structures/devinfo_t.toml", 'fidelity = "exact"', 'fidelity = "close"', "must say what differs"),
        ("structures/devinfo_t.toml", "dev_minor = ", "dev_minus = ", "'dev_minus' is no member"),
        ("structures/psinfo_t.toml", "pr_nlwp = ", "# ", "member 'pr_nlwp' has no translation"),
        ("builtins.toml", "[pid]\n", "[pid]\nx = 1\n", "builtins.toml: pid: unknown key 'x'"),
        ("builtins.toml", "[tid]\n", "[pid]\n", "builtins.toml: "),
        ("constants.toml", "B_DONE = 0x2", "SIGHUP = 0x2", "'SIGHUP' is already a constant"),
        ("constants.toml", "B_DONE = 0x2", 'B_DONE = "2"', "'B_DONE' is no number"),
        ("syscalls/solaris.toml", "[creat]", "[creat]\nargs = []", "solaris.toml: creat: unknown key 'args'"),
        ("syscalls/numbers-x86_64.toml", "write = 1\n", "write = 0\n", "two calls have one number"),
        ("types.toml", '"signed char"', "1", "int8_t is no string"),
    ],
)
def test_a_mistake_is_told_with_its_file_and_row(folder: Path, file: str, old: str, new: str, message: str) -> None:
    edit(folder / file, old, new)
    with pytest.raises(DtransError) as caught:
        read_knowledge(folder)
    assert caught.value.diagnostic.tag == "D_KNOWLEDGE"
    assert file.rpartition("/")[2] in caught.value.diagnostic.message
    assert message in caught.value.diagnostic.message


def test_a_missing_file_is_told(folder: Path) -> None:
    (folder / "builtins.toml").unlink()
    with pytest.raises(DtransError, match=r"builtins\.toml"):
        read_knowledge(folder)


def test_a_mistake_is_not_cached(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "knowledge.json"
    edit(folder / "builtins.toml", "[pid]\n", "[pid]\nx = 1\n")
    with pytest.raises(DtransError):
        load_from(folder, cache)
    assert not cache.exists()


def test_the_cache_belongs_to_its_user(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "knowledge.json"
    load_from(folder, cache)
    status = cache.stat()
    assert status.st_uid == os.geteuid()
    assert status.st_mode & 0o777 == 0o600


# --- spellings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "found"),
    [("timestmap", "timestamp"), ("execname_", "execname"), ("PID", "pid"), ("b_bcuont", "b_bcount")],
)
def test_a_near_spelling_is_found(name: str, found: str) -> None:
    assert nearest(name, [*load().builtins, *load().structures["bufinfo_t"].members])[0] == found


def test_nothing_near_gives_no_hint() -> None:
    assert nearest("zzzz", load().builtins) == ()


def test_at_most_n_are_given() -> None:
    assert nearest("probenam", load().builtins, n=2)[0] == "probename"
    assert len(nearest("probenam", load().builtins, n=2)) <= 2
