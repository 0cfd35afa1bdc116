"""The loader: strict about files, and reads them once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dtrans.data import data_dir
from dtrans.errors import DtransError
from dtrans.knowledge.load import load, load_from
from dtrans.knowledge.lookup import nearest
from dtrans.knowledge.plain import from_plain, to_plain
from dtrans.knowledge.read import read_knowledge

TRANSLATORS = Path(data_dir("translators"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of translators/ that a test may spoil."""
    return Path(shutil.copytree(TRANSLATORS, tmp_path / "translators"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


# --- the cache --------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "dtrans"


def test_plain_values_give_back_the_same_rows() -> None:
    knowledge = read_knowledge(TRANSLATORS)
    assert from_plain(to_plain(knowledge)) == knowledge


def test_a_second_load_parses_no_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_from(folder)
    monkeypatch.setattr("dtrans.knowledge.load._parse", lambda _: pytest.fail("parsed again"))
    assert load_from(folder) == first


def test_a_changed_file_is_read_again(folder: Path) -> None:
    load_from(folder)
    edit(folder / "constants.toml", "B_READ = 0x40", "B_READ = 0x41")
    assert load_from(folder).constants["B_READ"].value == 0x41


def test_a_new_file_is_read(folder: Path) -> None:
    load_from(folder)
    text = (folder / "providers" / "dtrace.toml").read_text()
    (folder / "providers" / "other.toml").write_text(text.replace('"dtrace"', '"other"'))
    assert "other" in load_from(folder).providers


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
        ("providers/proc.toml", 'args = ["ctx->child", "curthread"]', 'args = ["1", "2", "3"]', "gives 3 of 2 args"),
        ("providers/proc.toml", 'args = ["ctx->child", "curthread"]', "args = [1]", "is not a list of strings"),
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
        ("absent.toml", '"kstat32_t"', '"kstat_t"', "absent.toml: kstat: 'kstat_t' is there already"),
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


def test_a_mistake_is_not_cached(folder: Path, cache: Path) -> None:
    edit(folder / "builtins.toml", "[pid]\n", "[pid]\nx = 1\n")
    with pytest.raises(DtransError):
        load_from(folder)
    assert list(cache.iterdir()) == []


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
