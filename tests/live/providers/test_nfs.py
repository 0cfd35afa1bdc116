"""What the kernel's NFS server does for its own machine: operations of known number, in versions 3 and 4.0."""

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
    "create": 1, "write": 3, "read": 5, "symlink": 1, "readlink": 1, "link": 1, "rename": 1, "remove": 2, "mkdir": 1,
    "rmdir": 1,
}  # fmt: skip
V3_SOME = ["null", "getattr", "setattr", "lookup", "access", "fsinfo", "pathconf", "fsstat"]
V4 = {"write": 3, "read": 5, "readlink": 1, "link": 1, "rename": 1, "create": 2, "remove": 3, "close": 1, "open": 1}
V4_SOME = ["putfh", "putrootfh", "getattr", "getfh", "lookup", "access", "setattr", "savefh", "restorefh", "readdir"]
V4_SOME += ["setclientid", "setclientid-confirm"]


def served(version: str, names: list[str], base: Path) -> dict[str, int]:
    """How often some probes fire while the load works, with the members that hold for all."""
    module = "nfsd", f"nfsv{version}"
    if subprocess.run(["modprobe", "-q", "-a", *module], check=False).returncode:
        pytest.skip("needs the modules nfsd and nfs")
    if not Path("/sys/kernel/btf/nfsd").exists():
        pytest.skip("needs the types of the module nfsd")
    # Each in a clause of its own: those that tell their arguments have one argument more.
    right = 'args[0]->ci_remote == "127.0.0.1" && args[0]->ci_protocol == "ipv4" && args[1]->noi_xid != 0'
    clauses = [f"{name} /{right}/ {{ @[probename] = count(); }}" for name in names]
    clauses.append(f"""
        nfsv{version}:::op-write-start
        /basename(args[1]->noi_curpath) == "one" && args[0]->ci_local == "127.0.0.1"/
        {{ @["written to one"] = count(); }}
        END {{ printa("%@d %s\\n", @); }}
    """)
    text = "\n".join(clauses)
    load = [sys.executable, "-S", "-E", str(ROOT / "tests/nfsload.py"), version, str(base)]
    rows = [line.split(maxsplit=1) for line in printed(text, commands=[shlex.join(load)]).splitlines() if line]
    return {name: int(number) for number, name in rows}


def probes(version: int, names: list[str]) -> list[str]:
    return [f"nfsv{version}:::op-{name}-{way}" for name in names for way in ("start", "done")]


@pytest.mark.proves(*probes(3, [*V3, *V3_SOME]), "nfsv3opinfo_t.noi_xid", "nfsv3opinfo_t.noi_curpath")
@pytest.mark.proves("conninfo_t.ci_local", "conninfo_t.ci_remote", "conninfo_t.ci_protocol")
def test_operations_of_version_3_fire_as_they_start_and_end(tmp_path: Path) -> None:
    seen = served("3", probes(3, [*V3, *V3_SOME]), tmp_path)
    assert seen.pop("written to one") == 3
    for way in ("start", "done"):
        assert {name: seen.get(f"op-{name}-{way}") for name in V3} == V3
        assert all(seen.get(f"op-{name}-{way}") for name in V3_SOME), seen


@pytest.mark.proves(*probes(4, [*V4, *V4_SOME]), "nfsv4opinfo_t.noi_xid", "nfsv4opinfo_t.noi_curpath")
@pytest.mark.proves("nfsv4:::compound-start", "nfsv4:::compound-done", "nfsv4:::op-null-start", "nfsv4:::op-null-done")
def test_operations_of_version_4_fire_as_they_start_and_end(tmp_path: Path) -> None:
    compounds = ["nfsv4:::compound-start", "nfsv4:::compound-done"]
    seen = served("4", [*compounds, *probes(4, ["null", *V4, *V4_SOME])], tmp_path)
    assert seen.pop("written to one") == 3
    assert seen["compound-start"] == seen["compound-done"] > 20
    for way in ("start", "done"):
        assert {name: seen.get(f"op-{name}-{way}") for name in V4} == V4
        assert all(seen.get(f"op-{name}-{way}") for name in V4_SOME), seen
