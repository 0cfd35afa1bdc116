"""vfs, as FreeBSD has it: a process that does each operation on files a known number of times, below its own folder."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.loads import line
from tests.programs import printed

#: How often the load does each operation to its file, and the bytes that it asks for. Python maps a duplicate, and
#: closes it.
FILE = {
    "read": (5, 2400), "write": (4, 350), "open": (1, 0), "close": (2, 0), "ioctl": (1, 0), "fsync": (1, 0),
    "fdatasync": (1, 0), "advlock": (1, 0), "allocate": (1, 0), "mmapped": (1, 0),
}  # fmt: skip


def rows(text: str) -> list[str]:
    return sorted(line for line in text.splitlines() if line)


def probes(names: str, name: str) -> str:
    return ", ".join(f"vfs::vop_{one}:{name}" for one in names.split())


@pytest.mark.proves(
    *(f"vfs:vop:vop_{name}:entry" for name in (*FILE, "getattr", "stat", "readdir")),
    "vop_args_t.a_vp", "vop_args_t.a_uio", "bsd_vnode.v_name", "bsd_vnode.v_cache_dd", "bsd_vnode.v_usecount",
    "bsd_namecache.nc_name",
)  # fmt: skip
def test_each_operation_on_a_file_has_its_vnode_and_its_bytes(tmp_path: Path) -> None:
    source = f"""
        {probes(" ".join(FILE), "entry")}
        /pid == $target && args[0]->v_path == $$1/
        {{
            this->v = (struct vnode *)arg0;
            @n[probefunc] = count();
            @good[probefunc] = sum(args[1]->a_vp == args[0] && this->v->v_path == args[0]->v_path
                && args[0]->v_name == "one" && stringof(this->v->v_cache_dd->nc_name) == "one"
                && args[0]->v_usecount > 0);
        }}
        {probes("read write", "entry")}
        /pid == $target && args[0]->v_path == $$1/ {{ @bytes[probefunc] = sum(args[1]->a_uio->uio_resid); }}
        {probes("getattr stat", "entry")} /pid == $target && args[0]->v_path == $$1/ {{ @ask[probefunc] = count(); }}
        vfs::vop_readdir:entry /pid == $target && args[0]->v_path == dirname($$1)/ {{ @ask["vop_readdir"] = count(); }}
        END
        {{
            printa("%s %@d %@d\\n", @n, @good);
            printa("%s %@d\\n", @ask);
            printa("bytes of %s %@d\\n", @bytes);
        }}"""
    told = rows(printed(source, [str(tmp_path / "one")], commands=[line("vnodes", tmp_path)]))
    assert [one for one in told if len(one.split()) == 3] == sorted(
        f"vop_{name} {times} {times}" for name, (times, _) in FILE.items()
    )
    assert {"bytes of vop_read 2400", "bytes of vop_write 350"} <= set(told)
    asked = dict(one.split() for one in told if len(one.split()) == 2)
    assert (asked["vop_getattr"], asked["vop_readdir"]) == (asked["vop_stat"], "2")
    assert int(asked["vop_stat"]) >= 1  # Python may ask again, before it maps the file.


@pytest.mark.proves(*(f"vfs:vop:vop_{name}:return" for name in (*FILE, "getattr", "stat", "readdir")))
def test_the_return_of_an_operation_has_its_error_and_what_is_left(tmp_path: Path) -> None:
    names = " ".join(name for name in FILE if name != "close")
    source = f"""
        {probes(names, "return")}
        /pid == $target && args[0]->v_path == $$1/
        {{
            @n[probefunc, args[2], arg2] = count();
        }}
        vfs::vop_read:return, vfs::vop_write:return
        /pid == $target && args[0]->v_path == $$1/ {{ @left[probefunc] = sum(args[1]->a_uio->uio_resid); }}
        {probes("getattr stat readdir", "return")}
        /pid == $target && strstr(args[0]->v_path, dirname($$1)) != NULL/ {{ @ask[probefunc, args[2]] = count(); }}
        vfs::vop_close:entry /pid == $target && args[0]->v_path == $$1/ {{ self->closing = 1; }}
        vfs::vop_close:return /self->closing/ {{ self->closing = 0; @ask[probefunc, args[2]] = count(); }}
        END {{ printa("%s %d %d %@d\\n", @n); printa("%s %d %@d\\n", @ask); printa("%s %@d\\n", @left); }}"""
    told = rows(printed(source, [str(tmp_path / "one")], commands=[line("vnodes", tmp_path)]))
    unsure = {"vop_ioctl", "vop_allocate"}  # Which not every file system can do.
    # 300 bytes are read in four reads of 100, the last of which finds the 700 zeros before what pwrite(2) put at 1000;
    # pread(2) wants 2000 bytes from 20 on, of which there are 1030.
    assert [one for one in told if len(one.split()) == 4 and one.split()[0] not in unsure] == sorted(
        f"vop_{name} 0 0 {FILE[name][0]}" for name in names.split() if f"vop_{name}" not in unsure
    )
    assert {"vop_read 970", "vop_write 0"} <= set(told)
    asked = [one.rsplit(maxsplit=1) for one in told if len(one.split()) == 3]
    assert ["vop_close 0", "2"] in asked
    assert ["vop_readdir 0", "2"] in asked
    assert {name for name, _ in asked} == {"vop_close 0", "vop_readdir 0", "vop_getattr 0", "vop_stat 0"}


NAMES = {
    "mkdir": "folder", "rmdir": "folder", "mknod": "pipe", "symlink": "symbolic", "link": "hard", "remove": "renamed",
    "create": "one",
}  # fmt: skip


@pytest.mark.proves(
    *(f"vfs:vop:vop_{name}:{when}" for name in (*NAMES, "rename") for when in ("entry", "return")),
    "vop_args_t.a_cnp", "vop_args_t.a_fcnp", "vop_args_t.a_tcnp", "vop_args_t.a_target", "componentname_t.cn_nameptr",
)  # fmt: skip
def test_operations_on_names_have_the_name_and_the_error(tmp_path: Path) -> None:
    names = " ".join(NAMES)
    source = f"""
        {probes(names, "entry")} /pid == $target/ {{ printf("%s %s\\n", probefunc, args[1]->a_cnp->cn_nameptr); }}
        {probes(names, "return")}
        /pid == $target/ {{ printf("%s %s error %d %d\\n", probefunc, args[1]->a_cnp->cn_nameptr, args[2], arg2); }}
        vfs::vop_rename:entry, vfs::vop_rename:return /pid == $target/
        {{
            printf("%s %s %s %s\\n", probefunc, probename, args[1]->a_fcnp->cn_nameptr, args[1]->a_tcnp->cn_nameptr);
        }}
        vfs::vop_symlink:entry /pid == $target/ {{ printf("to %s\\n", args[1]->a_target); }}"""
    told = rows(printed(source, commands=[line("vnodes", tmp_path)]))
    assert {
        *(f"vop_{name} {text}" for name, text in NAMES.items()),
        *(f"vop_{name} {text} error 0 0" for name, text in NAMES.items()),
        "vop_rmdir missing", "vop_rmdir missing error 2 2",
        "vop_rename entry hard renamed", "vop_rename return hard renamed", "to one",
    } == set(told)  # fmt: skip


@pytest.mark.proves(
    "componentname_t.cn_namelen", "componentname_t.cn_pnbuf", "directory_vnode_t.v_path", "directory_vnode_t.v_name",
    "directory_vnode_t.v_cache_dd", "directory_name_t.nc_name",
)  # fmt: skip
def test_a_name_has_its_length_its_path_and_its_directory(tmp_path: Path) -> None:
    source = """
        vfs::vop_mkdir:entry /pid == $target/
        {
            printf("%d %s %s ", args[1]->a_cnp->cn_namelen, args[1]->a_cnp->cn_pnbuf, args[0]->v_path);
            printf("%s ", args[0] != NULL ? stringof(args[0]->v_cache_dd->nc_name) : "<null>");
            printf("%s", args[0]->v_name);
        }"""
    told = printed(source, commands=[line("vnodes", tmp_path)]).split()
    assert told == ["6", f"{tmp_path}/folder", str(tmp_path), tmp_path.name, tmp_path.name]


@pytest.mark.proves("vfs:namei:lookup:entry", "vfs:namei:lookup:return")
def test_each_path_that_a_call_is_given_is_looked_up(tmp_path: Path) -> None:
    source = """
        vfs:namei:lookup:entry
        /pid == $target && dirname(stringof(arg1)) == $$1/
        { self->path = basename(args[1]); @entry[self->path] = count(); }
        vfs:namei:lookup:return /self->path != NULL/
        { @return[self->path, arg0, args[0]] = count(); self->path = 0; }
        END { printa("%s %@d\\n", @entry); printa("%s %d %d %@d\\n", @return); }"""
    told = rows(printed(source, [str(tmp_path)], commands=[line("vnodes", tmp_path)]))
    assert {"missing 1", "missing 2 2 1", "pipe 1", "pipe 0 0 1", "folder 2", "folder 0 0 2", "renamed 1"} <= set(told)
    assert {one.split()[0] for one in told} == {"folder", "pipe", "one", "hard", "renamed", "missing"}


@pytest.mark.needs("machine:x86_64")
def test_a_descriptor_that_is_asked_for_is_no_path() -> None:
    """fstat(2) is newfstatat(2) with an empty path."""
    source = """
        syscall::newfstatat:entry /pid == $target && arg3 & 0x1000/ { @["asked"] = count(); }
        vfs:namei:lookup:entry /pid == $target && args[1] == ""/ { @["empty"] = count(); }
        END { printa("%s\\n", @); }"""
    call = "import ctypes; ctypes.CDLL(None).syscall(262, 0, b'', ctypes.create_string_buffer(144), 0x1000)"
    asked = [sys.executable, "-S", "-E", "-c", call]
    assert rows(printed(source, commands=[shlex.join(asked)])) == ["asked"]


@pytest.mark.proves(
    "bsd_vnode.v_mount", "bsd_mount.mnt_stat", "bsd_mount.mnt_vfsstat", "bsd_statfs.f_fstypename",
    "bsd_statfs.f_mntonname", "bsd_statfs.f_mntfromname", "bsd_statfs.f_bsize",
)  # fmt: skip
def test_a_vnode_leads_to_the_file_system_that_it_is_in() -> None:
    source = """
        vfs::vop_read:entry /pid == $target && args[0]->v_path == "/proc/version"/
        {
            this->fs = args[0]->v_mount;
            printf("%s %s %s ", this->fs->mnt_stat.f_fstypename, this->fs->mnt_vfsstat.f_mntonname,
                stringof(this->fs->mnt_stat.f_mntfromname));
            printf("%d", this->fs->mnt_stat.f_bsize);
            exit(0);
        }"""
    size = subprocess.run(["stat", "-fc", "%s", "/proc/version"], check=True, capture_output=True, text=True).stdout
    told = printed(source, commands=["dd if=/proc/version of=/dev/null bs=100 count=1 status=none"]).split()
    assert told[:2] == ["proc", "/proc"]
    assert told[2] == "proc"
    assert int(told[3]) in (1024, int(size))
