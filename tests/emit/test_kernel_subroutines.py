"""The C functions of templates/c that read kernel structures see this process as /proc shows it."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dtrans.artifact import Layout
from dtrans.errors import DtransError
from dtrans.run.kernel.host import HostFacts
from dtrans.run.kernel.layouts import layout_prologue
from tests.emit.rig import CAP, Rig, closure, layouts, wrong_steps

pytestmark = pytest.mark.needs("root", "bcc", "btf")

NAMES = ("progenyof", "file", "psargs", "dentry_path", "path", "inode_path")
_FILE = "u64 file = dt_file(bpf_get_current_task(), x->in[0]); x->out[1] = file != 0;"
BODIES = {
    "progenyof": "x->out[0] = dt_progenyof(bpf_get_current_task(), x->in[0]);",
    "psargs": "dt_psargs(x->dst, 80, bpf_get_current_task());",
    "psargs_long": "dt_psargs(x->dst, CAP, bpf_get_current_task());",
    "psargs_parent": "dt_psargs(x->dst, 80, dt_kread(bpf_get_current_task() + OFF_task_struct__real_parent));",
    "psargs_kernel": """u64 task = bpf_get_current_task();
        for (u64 i = 0; i < 64; i++) { DT_HIDE(i); task = dt_kread(task + OFF_task_struct__real_parent); }
        dt_psargs(x->dst, 80, task);""",
    "file": _FILE,
    "path": f"{_FILE} x->out[0] = dt_path(x->dst, CAP, file + OFF_file__f_path);",
    "dentry_path": f"{_FILE} dt_dentry_path(x->dst, CAP, dt_kread(file + OFF_file__f_path + OFF_path__dentry));",
    "inode_path": f"{_FILE} x->out[0] = dt_inode_path(x->dst, CAP, dt_kread(file + OFF_file__f_inode));",
}


def _defines() -> dict[str, int]:
    facts, found = HostFacts(), {}
    wanted = [*layouts(closure(NAMES)), (False, "OFF_file__f_path", "struct file", "f_path")]
    for may_lack, macro, of, member in [*wanted, (False, "OFF_file__f_inode", "struct file", "f_inode")]:
        try:
            line = layout_prologue([Layout(macro, "offset", of, member)], facts)
        except DtransError:
            assert may_lack, macro
        else:
            found[macro] = int(line.split()[2])
    return found


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    made = Rig(NAMES, BODIES, _defines())
    # A test run is asked for on CPU 0. Only there is this process the current one.
    cpus = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {0})
    yield made
    os.sched_setaffinity(0, cpus)
    made.close()


def shown(arguments: bytes) -> bytes:
    return arguments.rstrip(b"\0").replace(b"\0", b" ")


def test_progenyof_knows_all_ancestors_and_no_one_else(rig: Rig) -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        try:
            expected = {os.getpid(): 1, os.getppid(): 1, 1: 1, child.pid: 0, 2: 0}
            assert {pid: rig.run("progenyof", [pid]).out[0] for pid in expected} == expected
        finally:
            child.kill()


def test_psargs_joins_the_arguments_by_blanks(rig: Rig) -> None:
    arguments = shown(Path("/proc/self/cmdline").read_bytes())
    assert rig.run("psargs").text == arguments[:79]
    assert rig.run("psargs_long").text == arguments[:255]
    assert rig.run("psargs").parts["dst"][80:] == b"\xa5" * (CAP - 80)


def test_psargs_of_processes_that_cannot_be_read_is_their_name(rig: Rig) -> None:
    assert rig.run("psargs_parent").text == Path(f"/proc/{os.getppid()}/comm").read_bytes().rstrip(b"\n")
    assert rig.run("psargs_kernel").text == b"swapper/0"


def test_a_descriptor_that_is_not_open_has_no_file(rig: Rig) -> None:
    with tempfile.TemporaryFile() as file:
        assert rig.run("file", [file.fileno()]).out[1] == 1
        fd = file.fileno()
    assert [rig.run("file", [number]).out[1] for number in (fd, 99_999, -1, 2**31 - 1)] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    "path", ["/", "/etc/hostname", "/proc/self/status", "/proc", "/dev/null", "/sys/kernel", "/sys/kernel/tracing"]
)
def test_paths_are_those_of_proc(rig: Rig, path: str) -> None:
    if not Path(path).exists():
        pytest.skip(f"needs {path}")
    fd = os.open(path, os.O_RDONLY)
    try:
        found = rig.run("path", [fd])
        assert (found.out[0], os.fsdecode(found.text)) == (1, str(Path(f"/proc/self/fd/{fd}").readlink()))
        assert found.parts["room"][CAP:] == b"\xa5" * CAP
    finally:
        os.close(fd)


def test_a_path_in_a_file_system_mounted_below_root(rig: Rig, tmp_path: Path) -> None:
    place = tmp_path / "mount"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], check=True)
    try:
        inner = place / "a" / "b"
        inner.parent.mkdir()
        inner.write_text("")
        with inner.open() as file:
            fd = file.fileno()
            assert os.fsdecode(rig.run("path", [fd]).text) == str(inner)
            assert rig.run("dentry_path", [fd]).text == b"/a/b"
            by_inode = rig.run("inode_path", [fd])
            assert (by_inode.out[0], os.fsdecode(by_inode.text)) == (1, str(inner))
    finally:
        subprocess.run(["umount", place], check=True)


def test_a_path_that_is_too_long_is_cut_in_front(rig: Rig, tmp_path: Path) -> None:
    long = tmp_path.joinpath(*[f"{number:02}" + "x" * 40 for number in range(8)])
    long.mkdir(parents=True)
    deep = tmp_path.joinpath(*"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    deep.mkdir(parents=True)
    for path in (long, deep):
        fd = os.open(path, os.O_RDONLY)
        try:
            found = os.fsdecode(rig.run("path", [fd]).text)
        finally:
            os.close(fd)
        assert found.startswith(".../")
        assert str(path).endswith(found.removeprefix("..."))
        assert len(found) > 60


def test_what_has_no_name_has_no_path(rig: Rig) -> None:
    pipe = os.pipe()
    with socket.socket(socket.AF_UNIX) as plug:
        found = [rig.run("path", [fd]) for fd in (pipe[0], plug.fileno())]
    for fd in pipe:
        os.close(fd)
    assert [(one.out[0], one.out[1], one.text) for one in found] == [(0, 1, b"")] * 2


def test_functions_cost_the_verifier_what_their_files_say(rig: Rig) -> None:
    files = {name: name for name in ("path", "inode_path", "dentry_path", "progenyof", "file")}
    assert not wrong_steps(rig, {**files, "psargs_long": "psargs"})
