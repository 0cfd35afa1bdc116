"""Solaris' functions of files, pages and programs: by Linux's where those can be traced, else by what tells of them."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from tests.loads import NAME, line
from tests.programs import printed

#: Linux before 5.11 has keys of 512 bytes at most, and some here are two strings.
_OPTIONS = {"quiet": "1", "strsize": "240"}


def told(source: str, *commands: str, words: tuple[Path, ...] = ()) -> dict[tuple[str, ...], int]:
    """Lines of a program's aggregations: all but the last word -> the last."""
    rows = [shown.split() for shown in printed(source, list(map(str, words)), _OPTIONS, commands=commands).splitlines()]
    return {tuple(row[:-1]): int(row[-1]) for row in rows if row}


@pytest.mark.proves(
    "fbt:genunix:fop_read:entry", "fbt:genunix:fop_read:return", "fbt:genunix:fop_write:entry", "uio_t.uio_resid",
    "fbt:genunix:fop_write:return", "uio_t._uio_offset", "uio_t.uio_loffset", "uio_t.uio_offset", "lloff_t._f",
    "fbt:genunix:fop_close:entry", "fbt:genunix:fop_close:return", "vnode_t.v_path", "vnode_t.v_type",
)  # fmt: skip
def test_reads_and_writes_by_solaris_functions(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x" * 250)
    body = """
    fbt::fop_read:entry, fbt:genunix:fop_write:entry
    /pid == $target && args[1]->uio_resid == 100/
    {
        self->uio = args[1];
        self->size = args[1]->uio_resid;
        this->place = args[1]->uio_loffset == args[1]->uio_offset ? args[1]->_uio_offset._f : -1;
        @[probefunc, basename(args[0]->v_path), args[0]->v_type, this->place] = sum(1);
    }
    syscall::read:return /self->uio/ { @["late", "", 0, 0] = sum(1); }
    fbt::fop_read:return, fbt::fop_write:return
    /self->uio/
    {
        @[probefunc, "moved", arg1, 0] = sum(self->size - self->uio->uio_resid);
        self->uio = 0;
    }
    fbt::fop_close:entry
    /pid == $target && basename(args[0]->v_path) == "source"/
    { self->closing = 1; @[probefunc, basename(args[0]->v_path), 0, 0] = sum(1); }
    fbt::fop_close:return /self->closing/ { self->closing = 0; @[probefunc, "done", arg1, 0] = sum(1); }
    END { printa("%s %s %d %d %@d\\n", @); }"""
    found = told(body, f"dd if={source} of={tmp_path}/copy bs=100 status=none")
    assert found.pop(("fop_close", "source", "0", "0")) == found.pop(("fop_close", "done", "0", "0"))
    assert found == {
        ("fop_read", "source", "1", "0"): 1,
        ("fop_read", "source", "1", "100"): 1,
        ("fop_read", "source", "1", "200"): 1,
        ("fop_read", "source", "1", "250"): 1,
        ("fop_write", "copy", "1", "0"): 1,
        ("fop_write", "copy", "1", "100"): 1,
        ("fop_read", "moved", "0", "0"): 250,
        ("fop_write", "moved", "0", "0"): 200,
    }


@pytest.mark.proves(
    "fbt:genunix:fop_readdir:entry", "fbt:genunix:fop_readdir:return", "fbt:genunix:fop_fsync:entry",
    "fbt:genunix:fop_fsync:return", "fbt:genunix:gexec:entry", "fbt:genunix:gexec:return",
    "fbt:genunix:findexec_by_hdr:entry", "fbt:genunix:findexec_by_hdr:return",
)  # fmt: skip
def test_directories_synced_files_and_programs_by_solaris_functions(disk_folder: Path) -> None:
    body = """
    fbt::fop_readdir:entry, fbt::fop_fsync:entry
    /progenyof($target)/
    { @[probefunc, args[0]->v_path, 0] = count(); self->in = 1; }
    fbt::fop_readdir:return, fbt::fop_fsync:return /self->in/ { @[probefunc, "done", arg1] = count(); self->in = 0; }
    fbt::gexec:entry /progenyof($target)/ { self->file = (*(struct vnode **)arg0)->v_path; }
    fbt::findexec_by_hdr:entry /self->file != NULL/ { self->magic = stringof(args[0] + 1); }
    fbt::findexec_by_hdr:return /self->file != NULL/
    { @[self->file, substr(self->magic, 0, 3), arg1] = count(); @old[execname] = count(); }
    fbt::gexec:return /self->file != NULL/ { @["gexec", "", arg1] = count(); self->file = 0; }
    END { printa("%s %s %d %@d\\n", @); printa("%s old 1 %@d\\n", @old); }"""
    (disk_folder / "file").touch()
    found = told(body, f"/bin/sh -c 'cd {disk_folder}; ls .; sync file'")
    rows = {words[:2]: number for words, number in found.items()}
    # The last of the names, and that there are no more.
    assert rows["fop_readdir", str(disk_folder)] == found["fop_readdir", "done", "0"] == 2
    assert rows["fop_fsync", f"{disk_folder}/file"] == found["fop_fsync", "done", "0"] == 1
    programs = {words: number for words, number in found.items() if words[1] == "ELF"}
    assert {(words[0].rpartition("/")[2], words[2]) for words in programs} >= {("ls", "1"), ("sync", "1")}
    assert found["gexec", "0"] == sum(programs.values())
    # The program is not yet what it will be.
    assert not {("ls", "old", "1"), ("sync", "old", "1")} & set(found)
    assert found["sh", "old", "1"] >= 2


@pytest.mark.proves(
    "fbt:genunix:fop_mkdir:entry", "fbt:genunix:fop_mkdir:return", "fbt:genunix:fop_rmdir:entry",
    "fbt:genunix:fop_rmdir:return", "fbt:genunix:fop_rename:entry", "fbt:genunix:fop_rename:return",
    "fbt:genunix:fop_remove:entry", "fbt:genunix:fop_remove:return", "fbt:genunix:fop_getattr:entry",
    "fbt:genunix:fop_getattr:return", "fbt:genunix:fop_open:entry", "fbt:genunix:fop_open:return",
)  # fmt: skip
def test_names_by_solaris_functions(disk_folder: Path) -> None:
    """By whole paths, which are the same whether the kernel has looked them up already or not."""
    body = """
    fbt::fop_mkdir:entry, fbt::fop_rmdir:entry, fbt::fop_remove:entry
    /pid == $target/
    { self->in = 1; @[probefunc, args[0]->v_path, stringof(args[1]), args[0]->v_type == VDIR] = count(); }
    fbt::fop_rename:entry
    /pid == $target && args[0]->v_path == args[2]->v_path/
    { self->in = 1; @[probefunc, args[2]->v_path, strjoin(stringof(arg1), stringof(args[3])), 1] = count(); }
    fbt::fop_open:entry
    /pid == $target && basename((*(struct vnode **)arg0)->v_path) == "file"/
    { self->in = 1; @[probefunc, (*args[0])->v_path, "", 0] = count(); }
    fbt::fop_getattr:entry
    /pid == $target && basename(args[0]->v_path) == "file"/
    { self->in = 1; @[probefunc, args[0]->v_path, "", 0] = count(); }
    fbt::fop_mkdir:return, fbt::fop_rmdir:return, fbt::fop_remove:return, fbt::fop_rename:return, fbt::fop_open:return,
    fbt::fop_getattr:return
    /self->in/
    { self->in = 0; @[probefunc, "done", "", arg1] = count(); }
    END { printa("%s|%s|%s|%d|%@d\\n", @); }"""
    folder = str(disk_folder)
    work = f"""
import os
def at(name): return {folder!r} + "/" + name
os.mkdir(at("one"))
os.rename(at("one"), at("two"))
os.rmdir(at("two"))
os.close(os.open(at("file"), os.O_WRONLY | os.O_CREAT))
os.stat(at("file"))
os.unlink(at("file"))
"""
    shown = printed(body, options=_OPTIONS, commands=[shlex.join([sys.executable, "-S", "-E", "-c", work])])
    rows = {tuple(row.split("|")[:4]): int(row.split("|")[4]) for row in shown.splitlines() if row}
    done = {(f"fop_{name}", "done", "", "0"): 1 for name in ("mkdir", "rename", "rmdir", "remove", "open", "getattr")}
    assert rows == done | {
        ("fop_mkdir", folder, "one", "1"): 1,
        ("fop_rename", folder, "onetwo", "1"): 1,
        ("fop_rmdir", folder, "two", "1"): 1,
        ("fop_remove", folder, "file", "1"): 1,
        ("fop_open", f"{folder}/file", "", "0"): 1,
        ("fop_getattr", f"{folder}/file", "", "0"): 1,
    }


@pytest.mark.proves("fbt:genunix:fop_getpage:entry", "fbt:genunix:fop_putpage:entry", "fbt:genunix:fop_putpage:return")
def test_mapped_pages_are_got_and_changed_ones_put(disk_file: Path) -> None:
    body = f"""
    fbt::fop_getpage:entry
    /execname == "{NAME}" && args[0]->v_path == $$1/
    {{ @["get", args[1] % 1048576, args[2]] = count(); }}
    fbt::fop_putpage:entry
    /execname == "{NAME}" && args[0]->v_path == $$1/
    {{ self->put = 1; @["put", args[1], args[2] > 0] = count(); }}
    fbt::fop_putpage:return /self->put/ {{ self->put = 0; @["done", arg1, 0] = count(); }}
    END {{ printa("%s %d %d %@d\\n", @); }}"""
    found = told(body, line("mapped", 6, disk_file), words=(disk_file,))
    assert found["get", "0", "4096"] >= 6  # Again where the page had to be waited for.
    assert found["put", "0", "1"] == found["done", "0", "0"] >= 1


@pytest.mark.proves(
    "fbt:ufs:ufs_getpage_ra:entry", "fbt:ufs:ufs_getpage_ra:return", "inode_t.i_nextrio", "inode_t.i_number",
)  # fmt: skip
def test_what_is_read_ahead_begins_where_the_next_request_does(disk_file: Path) -> None:
    disk_file.write_bytes(b"x" * (1 << 20))
    body = """
    fbt::ufs_getpage_ra:entry
    /execname == "dd" && args[0]->v_path == $$1/
    {
        self->ahead = 1;
        self->inode = (inode_t *)args[0]->v_data;
        self->next = self->inode->i_nextrio;
        @["ahead", self->inode->i_number] = count();
    }
    io:::start /self->ahead && self->next == args[2]->fi_offset/ { @["same", 0] = count(); }
    io:::start /self->ahead && self->next != args[2]->fi_offset/ { @["other", 0] = count(); }
    fbt::ufs_getpage_ra:return /self->ahead/ { self->ahead = 0; @["done", 0] = count(); }
    END { printa("%s %d %@d\\n", @); }"""
    # The first gives up the file's pages; the second has to read them.
    work = f"sync {disk_file}; dd if={disk_file} iflag=nocache count=0; dd if={disk_file} of=/dev/null bs=8k"
    found = told(body, f"/bin/sh -c '{work} 2>/dev/null'", words=(disk_file,))
    assert found["ahead", str(disk_file.stat().st_ino)] == found["done", "0"] >= 1
    assert found["same", "0"] >= 1
    assert ("other", "0") not in found


def test_a_glob_means_them_and_a_branch_for_others_may_name_what_one_of_them_lacks() -> None:
    body = """
    fbt::fop_*:entry /pid == $target/ { @[probefunc] = sum(probefunc == "fop_map" ? arg7 : 1); }
    END { printa("%s %@d\\n", @); }"""
    found = told(body, "dd if=/dev/zero of=/dev/null bs=100 count=20 status=none")
    assert found["fop_write",] == 20
    assert found["fop_read",] >= 20
    assert not [words for words in found if not words[0].startswith("fop_")]
    assert not [words for words in found if "dummy" in words[0]]
