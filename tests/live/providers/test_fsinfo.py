"""Operations on files: a process that does each a known number of times, below a folder of its own."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.loads import command
from tests.programs import printed

#: How often the load does what each probe tells, and what they carry in all.
ONCE = (
    "access create frlock fsync getsecattr ioctl link map mkdir readlink rename rmdir seek setfl setsecattr space "
    "symlink"
).split()
EXPECTED = {
    **dict.fromkeys(ONCE, (1, 0)),
    "open": (2, 0),
    "close": (3, 0),
    "getattr": (4, 0),  # Python asks before it maps a file, and before it reads a folder.
    "setattr": (2, 0),
    "remove": (2, 0),
    "read": (4, 300),
    "write": (3, 300),
}


@pytest.mark.proves(*(f"fsinfo:::{name}" for name in [*EXPECTED, "readdir"]), "fileinfo_t.fi_pathname")
def test_each_operation_on_files_fires_its_probe(tmp_path: Path) -> None:
    text = """
        fsinfo:::
        /pid == $target && strstr(args[0]->fi_pathname, $$1) != NULL/
        { @n[probename] = count(); @sum[probename] = sum(args[1]); }
        END { printa("%s %@d %@d\\n", @n, @sum); }
    """
    shown = printed(text, [str(tmp_path)], commands=[shlex.join(command("files", tmp_path))])
    seen = {name: (int(n), int(total)) for name, n, total in map(str.split, filter(None, shown.splitlines()))}
    read, carried = seen.pop("readdir")
    assert read == 2
    assert carried > 0
    seen.pop("lookup", None)  # How often the load's calls look for a name is each kernel's own.
    assert seen == EXPECTED


@pytest.mark.proves("fileinfo_t.fi_fs", "fileinfo_t.fi_mount")
def test_the_file_system_is_known_of_open_files_only(tmp_path: Path) -> None:
    text = """
        fsinfo:::read, fsinfo:::access
        /pid == $target && strstr(args[0]->fi_pathname, $$1) != NULL/
        { @[probename, args[0]->fi_fs == "<unknown>", args[0]->fi_mount == "<unknown>"] = count(); }
        END { printa("%s %d %d %@d\\n", @); }
    """
    shown = printed(text, [str(tmp_path)], commands=[shlex.join(command("files", tmp_path))])
    assert sorted(filter(None, shown.splitlines())) == ["access 1 1 1", "read 0 0 4"]


@pytest.mark.proves("fsinfo:::lookup")
def test_each_part_of_a_path_is_looked_up_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "two").touch()
    source = """
        fsinfo:::lookup
        /pid == $target && strstr(args[0]->fi_pathname, $$1) != NULL/
        { @[basename(args[0]->fi_pathname)] = count(); }
        END { printa("%s %@d\\n", @); }"""
    load = shlex.join(command("lookup", 50, tmp_path / "one" / "two"))
    found = dict(map(str.split, filter(None, printed(source, [str(tmp_path)], commands=[load]).splitlines())))
    assert found == {tmp_path.name: "50", "one": "50"}


def count(probe: str, path: Path, kind: str, *load: int | str | Path) -> int:
    """How often a probe fires for a path in the process of a load."""
    text = f"""
        fsinfo:::{probe} /pid == $target && args[0]->fi_pathname == $$1/ {{ @ = count(); }}
        END {{ printa("%@d", @); }}"""
    return int(printed(text, [str(path)], commands=[shlex.join(command(kind, *load))]) or 0)


@pytest.mark.proves("fsinfo:::getpage")
def test_a_page_of_a_mapped_file_is_got_when_it_is_touched(disk_file: Path) -> None:
    """Once more where the page has to be waited for: the fault is taken again."""
    assert 20 <= count("getpage", disk_file, "mapped", 20, disk_file) <= 40


@pytest.mark.proves("fsinfo:::putpage")
def test_pages_of_a_file_are_put_when_it_is_synchronised(disk_file: Path) -> None:
    assert count("putpage", disk_file, "disk", 7, 4096, disk_file) == 7
