"""What the kernel's NFS server does for its own machine, operations of known number in versions 3 and 4.0, and the
reads and writes of its client."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.programs import printed

#: How often the load asks for each operation; of the others at least once.
V3 = {
    "create": 2, "write": 7, "read": 5, "symlink": 1, "readlink": 1, "link": 1, "rename": 1, "remove": 2, "mkdir": 1,
    "rmdir": 1, "mknod": 1,
}  # fmt: skip
V3_SOME = ["null", "getattr", "setattr", "lookup", "access", "fsinfo", "pathconf", "fsstat"]
V3_SOME += ["readdir", "readdirplus", "commit"]
V4 = {
    "write": 7, "readlink": 1, "link": 1, "rename": 1, "create": 3, "remove": 3, "lockt": 1, "locku": 1,
    "verify": 1, "nverify": 1, "lookupp": 1, "open-downgrade": 1,
}  # fmt: skip
V4_SOME = ["putfh", "putrootfh", "getattr", "getfh", "lookup", "access", "setattr", "savefh", "restorefh", "readdir"]
V4_SOME += ["setclientid", "setclientid-confirm", "open", "open-confirm", "close", "commit", "delegreturn", "secinfo"]
# A server that has just started asks its clients to try for a lock again.
V4_SOME += ["renew", "release-lockowner", "read", "lock"]
#: What holds for each operation, of all clients: those of the load, and the one that it plays itself.
RIGHT = 'args[0]->ci_remote == "127.0.0.1" && args[0]->ci_protocol == "ipv4" && args[1]->noi_xid != 0'


def joined(*words: str) -> str:
    """The expression of a text of words."""
    return words[0] if len(words) == 1 else f'strjoin({words[0]}, strjoin(" ", {joined(*words[1:])}))'


def counted(version: int, base: Path, text: str) -> dict[str, int]:
    """What the clauses of a text count while the load works."""
    if subprocess.run(["modprobe", "-q", "-a", "nfsd", f"nfsv{version}"], check=False).returncode:
        pytest.skip("needs the modules nfsd and nfs")
    if not Path("/sys/kernel/btf/nfsd").exists():
        pytest.skip("needs the types of the module nfsd")
    load = [sys.executable, "-S", "-E", str(ROOT / "tests/nfsload.py"), str(version), str(base)]
    text += 'END { printa("%@d %s\\n", @); }'
    shown = printed(text, [str(base)], commands=[shlex.join(load)])
    rows = [line.split(maxsplit=1) for line in shown.splitlines() if line]
    return {name: int(number) for number, name in rows}


def served(version: int, base: Path, more: str) -> dict[str, int]:
    """How often each probe fires while the load works, with the members that hold for all; and what `more` counts."""
    user = joined('"user"', "lltostr(args[1]->noi_cred->cr_uid.val)", "lltostr(args[1]->noi_cred->cr_gid.val)")
    moment = "done" if version == 3 else "start"  # Before, version 3 has not looked the file up yet.
    text = f"""
        nfsv{version}:::op-* /{RIGHT}/ {{ @[probename] = count(); }}
        nfsv{version}:::op-write-{moment} /args[1]->noi_curpath == strjoin($$1, "/exported/one")/
        {{ @["to one"] = count(); }}
        nfsv{version}:::op-{"getattr" if version == 3 else "verify"}-start /args[1]->noi_xid == 0x600dcafe/
        {{ @[{user}] = count(); }}
        {more}
    """
    return counted(version, base, text)


def probes(version: int, names: list[str]) -> list[str]:
    return [f"nfsv{version}:::op-{name}-{way}" for name in names for way in ("start", "done")]


def check(seen: dict[str, int], exact: dict[str, int], some: list[str]) -> None:
    for way in ("start", "done"):
        assert {name: seen.get(f"op-{name}-{way}") for name in exact} == exact, seen
        assert all(seen.get(f"op-{name}-{way}") for name in some), seen


@pytest.mark.proves(*probes(3, [*V3, *V3_SOME]))
@pytest.mark.proves("nfsv3opinfo_t.noi_xid", "nfsv3opinfo_t.noi_curpath", "nfsv3opinfo_t.noi_cred")
@pytest.mark.proves("conninfo_t.ci_local", "conninfo_t.ci_remote", "conninfo_t.ci_protocol")
def test_operations_of_version_3_fire_as_they_start_and_end(tmp_path: Path) -> None:
    more = """
        nfsv3:::op-read-done
        /args[1]->noi_curpath == strjoin($$1, "/exported/one") && args[2]->status == 0 && args[2]->count == 4096/
        { @["from one"] = count(); }
        nfsv3:::op-rename-done /args[1]->noi_curpath == strjoin($$1, "/exported") && args[0]->ci_local == "127.0.0.1"/
        { @["in folder"] = count(); }
    """
    seen = served(3, tmp_path, more)
    check(seen, V3, V3_SOME)
    assert (seen["to one"], seen["from one"], seen["in folder"], seen["user 4711 4712"]) == (3, 5, 1, 1)


@pytest.mark.proves("io:nfs::start", "io:nfs::done")
@pytest.mark.proves(
    *(f"fbt:nfs:nfs{n}_{way}:{end}" for n in (3, 4) for way in ("read", "write") for end in ("entry", "return"))
)
def test_reads_and_writes_of_a_mounted_file_are_requests_of_the_io_provider(tmp_path: Path) -> None:
    block = joined("probename", '(args[0]->b_flags & B_READ ? "R" : "W")', "lltostr(args[0]->b_blkno)")
    text = f"""
        io:nfs::start, io:nfs::done
        /args[2]->fi_pathname == strjoin($$1, "/mounted/one") && args[0]->b_bcount == 4096 && args[0]->b_error == 0/
        {{ @[{block}] = count(); }}
        fbt::nfs3_read:entry, fbt::nfs4_read:entry, fbt::nfs3_write:entry, fbt::nfs4_write:entry
        /args[0]->v_path == strjoin($$1, "/mounted/one")/
        {{ self->in = 1; @[strjoin(probefunc, lltostr(args[1]->uio_resid))] = count(); }}
        fbt::nfs3_read:return, fbt::nfs4_read:return, fbt::nfs3_write:return, fbt::nfs4_write:return
        /self->in && arg1 == 0/
        {{ @[probefunc] = count(); }}
        syscall::read:entry, syscall::write:entry, syscall::close:entry {{ self->in = 0; }}
    """
    wanted = {"R 0": 2, "R 8": 2, "R 16": 1, "W 0": 1, "W 8": 1, "W 16": 1}
    calls = {"nfs3_read0": 1, "nfs4_read0": 1, "nfs3_write4096": 3, "nfs4_write4096": 3}
    done = {"nfs3_read": 1, "nfs4_read": 1, "nfs3_write": 3, "nfs4_write": 3}
    requests = {f"{way} {block}": number for block, number in wanted.items() for way in ("start", "done")}
    assert counted(3, tmp_path, text) == requests | calls | done


@pytest.mark.proves(*probes(4, [*V4, *V4_SOME]), "nfsv4:::cb-recall-start", "nfsv4cbinfo_t.nci_curpath")
@pytest.mark.proves("nfsv4opinfo_t.noi_xid", "nfsv4opinfo_t.noi_curpath", "nfsv4opinfo_t.noi_cred")
@pytest.mark.proves("nfsv4:::compound-start", "nfsv4:::compound-done", "nfsv4:::op-null-start", "nfsv4:::op-null-done")
def test_operations_of_version_4_fire_as_they_start_and_end(tmp_path: Path) -> None:
    more = f"""
        nfsv4:::compound-start, nfsv4:::compound-done /{RIGHT}/ {{ @[probename] = count(); }}
        nfsv4:::cb-recall-start
        /args[0]->ci_remote == "127.0.0.1" && args[1]->nci_curpath == strjoin($$1, "/exported/given")/
        {{ @["recalled"] = count(); }}
        nfsv4:::op-read-start /args[2]->read.rd_length == 4096 && args[0]->ci_local == "127.0.0.1"/
        {{ @["a page"] = count(); }}
    """
    seen = served(4, tmp_path, more)
    check(seen, V4, [*V4_SOME, "null"])
    assert (seen["to one"], seen["user 4711 4712"]) == (3, 1)
    assert seen["compound-start"] == seen["compound-done"] > 20
    assert seen["recalled"] >= 1
    assert seen["a page"] >= 5
