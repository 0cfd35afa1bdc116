"""The fbt provider: functions of the kernel as a process of known work calls them. Each program does much: where these
tests run, in the lab's guests, a program takes seconds."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Run, command
from tests.programs import host, printed, refused

pytestmark = pytest.mark.needs("feature:kprobe")

_DD = "dd if=/dev/zero of=/dev/null bs=100 count=50 status=none"


def _by_key(text: str) -> dict[tuple[str, ...], int]:
    """Lines of an aggregation: all but the last word -> the last."""
    rows = [line.split() for line in text.splitlines() if line.strip()]
    return {tuple(row[:-1]): int(row[-1]) for row in rows}


def test_entry_and_return_know_names_typed_arguments_and_the_result() -> None:
    body = """
    fbt::vfs_read:entry /pid == $target && arg2 == 100/
    {
        self->file = args[0];
        @[probeprov, probemod, probefunc, probename, args[2] == arg2, args[0]->f_path.mnt != 0] = count();
    }
    fbt::vfs_read:return /self->file/
    {
        @[probeprov, probemod, probefunc, probename, args[1], arg1] = count();
        self->file = 0;
    }"""
    assert _by_key(printed(body, commands=[_DD])) == {
        ("fbt", "vmlinux", "vfs_read", "entry", "1", "1"): 50,
        ("fbt", "vmlinux", "vfs_read", "return", "100", "100"): 50,
    }


def test_many_functions_share_a_program_and_each_knows_its_name_and_caller() -> None:
    body = """
    fbt::vfs_*:entry, fbt::ksys_*:entry /pid == $target/ { @[probefunc] = count(); @all[probename] = count(); }
    fbt::vfs_*:return, fbt::ksys_*:return /pid == $target/ { @back[probename] = count(); }
    fbt::vfs_read:entry, fbt::vfs_read:return
    /pid == $target/
    { @top[probename, func(caller)] = count(); @stack[probename, stack(1)] = count(); }
    END { printa("%s %@d\\n", @); printf("=\\n"); printa("%s %@d\\n", @all); printa("%s %@d\\n", @back);
        printf("=\\n"); printa("%s %a %@d\\n", @top); printf("=\\n"); printa(@stack); }"""
    functions, ends, callers, stacks = printed(body, commands=[_DD]).split("=\n")
    counts = _by_key(functions)
    assert counts["ksys_read",] >= 50
    assert counts["vfs_write",] >= 50
    totals = _by_key(ends)
    assert totals["entry",] == totals["return",] == sum(counts.values())
    assert {key[0] for key in _by_key(callers)} == {"entry", "return"}
    assert {key[1].partition("`")[2].partition("+")[0] for key in _by_key(callers)} <= {
        "ksys_read", "__x64_sys_pread64", "ksys_pread64", "do_syscall_64", "__x64_sys_read",
    }  # fmt: skip
    assert "vfs_read" not in stacks


def test_functions_that_cannot_be_traced_are_left_out_of_globs_and_refused_by_name() -> None:
    names = {name for module, found in host().functions() if module == "vmlinux" for name in found}
    assert {"vfs_read", "do_exit"} <= names
    forbidden = Path("/sys/kernel/debug/kprobes/blacklist").read_text().splitlines()
    assert not {line.partition("\t")[2] for line in forbidden} & names
    found = refused("fbt::no_such_function:entry {}")
    assert found.tag == "D_PDESC_ZERO"
    assert "renamed" in found.hint


def test_the_place_of_a_return_is_not_made_up() -> None:
    found = refused("fbt::vfs_read:return { trace(arg0); }")
    assert (found.tag, "Linux does not tell" in found.message) == ("D_ARGS_NONE", True)


@pytest.mark.needs("path:/sys/kernel/btf/ext4")
def test_functions_of_a_module_are_traced_alone_and_many_together() -> None:
    """Alone a function has a trampoline, by an id in the module's own types; many share a program."""
    body = """
    fbt:ext4:ext4_file_write_iter:entry /pid == $target/ { @[probemod, probename, args[1]->count] = count(); }
    fbt:ext4:ext4_file_write_iter:return /pid == $target/ { @[probemod, probename, arg1] = count(); }
    fbt:ext4:ext4_file_*:entry /pid == $target && arg0/ { @[probemod, probefunc, 0] = count(); }"""
    file = Path(f"/var/tmp/dtrans-fbt-{os.getpid()}")
    try:
        told = _by_key(printed(body, commands=[f"dd if=/dev/zero of={file} bs=100 count=50 status=none"]))
    finally:
        file.unlink(missing_ok=True)
    assert told.pop(("ext4", "ext4_file_open", "0")) == 1
    assert told == {
        ("ext4", "entry", "100"): 50,
        ("ext4", "return", "100"): 50,
        ("ext4", "ext4_file_write_iter", "0"): 50,
    }


@pytest.mark.needs("symbol:register_fprobe_ips", "path:/sys/kernel/btf/ext4")
def test_every_function_of_a_module_is_traced_by_one_program() -> None:
    """What is entered is left, function by function."""
    body = """
    fbt:ext4::entry /pid == $target/ { @[probefunc] = sum(1); @all["all"] = count(); }
    fbt:ext4::return /pid == $target/ { @[probefunc] = sum(-1); }
    END { printa("%s %@d\\n", @); printa("%s %@d\\n", @all); }"""
    file = Path(f"/var/tmp/dtrans-fbt-{os.getpid()}")
    try:
        told = _by_key(printed(body, commands=[f"dd if=/dev/zero of={file} bs=100 count=50 status=none"]))
    finally:
        file.unlink(missing_ok=True)
    assert told.pop(("all",)) >= 100
    assert told["ext4_file_write_iter",] == told["ext4_file_open",] == 0
    assert set(told.values()) == {0}, told


def test_arguments_beyond_the_registers_and_structures_by_value() -> None:
    """A datagram is made by ip_make_skb, whose tenth argument are the flags of its send. A user's number is a structure
    in a register of its own."""
    body = """
    fbt::ip_make_skb:entry
    /pid == $target && arg4 == 8 + 77/
    { @[arg5, arg9, args[9], arg6 != 0, arg8 != 0] = count(); }
    fbt::from_kuid_munged:entry /pid == $target/ { @user[arg1] = count(); }
    END { printa("%d %d %d %d %d %@d\\n", @); printa("user %d %@d\\n", @user); }"""
    work = """
import os, socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
    one.bind(("127.0.0.1", 0))
    for _ in range(20):
        one.sendto(b"x" * 77, socket.MSG_DONTROUTE, one.getsockname())
os.setuid(4711)
for _ in range(30):
    os.getuid()
"""
    told = _by_key(printed(body, commands=[shlex.join([sys.executable, "-S", "-E", "-c", work])]))
    assert told["8", "4", "4", "1", "1"] == 20
    assert told["user", "4711"] >= 30
    assert refused("fbt::from_kuid_munged:entry { trace(args[1]); }").tag == "D_ARGS_TYPE"


def test_functions_that_the_compiler_renamed_and_that_share_a_name_are_attached_to() -> None:
    functions = host().functions()
    counted = Counter(name for _, names in functions for name in names)
    names = dict(functions)["vmlinux"]
    renamed = next((name for name in names if ".isra." in name or ".constprop." in name), "vfs_read")
    several = next(name for name in names if counted[name] == 2)
    body = f'fbt::{renamed}:entry, fbt::{several}:entry {{ @ = count(); }} BEGIN {{ printf("on"); exit(0); }}'
    assert printed(body).strip() == "on"
    short = renamed.partition(".")[0]
    if renamed != short and short not in counted:
        assert f"the compiler has made {renamed}" in refused(f"fbt::{short}:entry {{}}").hint


def test_a_tracer_that_is_killed_leaves_no_function_traced() -> None:
    """The kernel lists what is traced: by trampolines, kprobes and returns alike."""

    def enabled() -> set[str]:
        return {line.split()[0] for line in Path("/sys/kernel/tracing/enabled_functions").read_text().splitlines()}

    def ends(traced: Callable[[], set[str]]) -> bool:
        deadline = time.monotonic() + 120
        while traced() and time.monotonic() < deadline:
            time.sleep(0.1)
        return not traced()

    # What a session before this one traced, the kernel may still be about to let go.
    assert ends(lambda: {"vfs_read", "vfs_statfs"} & enabled())
    before = enabled()
    program = """
    fbt::vfs_s*:entry, fbt::vfs_s*:return { @[probefunc] = count(); }
    fbt::vfs_read:entry, fbt::vfs_read:return { @[probefunc] = count(); }
    tick-50ms { printf("go\\n"); }"""
    line = command("-q", "-x", "switchrate=50hz", "-n", program, drop_in=True)
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as tracer:
        assert tracer.stdout
        assert tracer.stdout.readline() == "go\n"
        assert {"vfs_read", "vfs_statfs"} <= enabled() - before
        tracer.kill()
        tracer.wait()
    assert ends(lambda: enabled() - before)


@pytest.mark.proves("fbt:genunix:fop_open:entry", "fbt:genunix:fop_open:return")
def test_opens_by_a_solaris_function(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x" * 250)
    body = """
    fbt::fop_open:entry
    /pid == $target/
    {
        self->vp = *(struct vnode **)arg0;
        self->name = basename(self->vp->v_path);
    }
    fbt::fop_open:return /self->name == "source"/ { @[probefunc, self->name, arg1, 0] = sum(1); self->name = 0; }"""
    told = _by_key(printed(body, commands=[f"dd if={source} of={tmp_path}/copy bs=100 status=none"]))
    assert told == {("fop_open", "source", "0", "0"): 1}


@pytest.mark.proves(
    "fbt:genunix:fop_mkdir:entry", "fbt:genunix:fop_mkdir:return", "fbt:genunix:fop_rmdir:entry",
    "fbt:genunix:fop_rmdir:return", "fbt:genunix:fop_rename:entry", "fbt:genunix:fop_rename:return",
    "fbt:genunix:fop_remove:entry", "fbt:genunix:fop_remove:return", "fbt:genunix:fop_readdir:entry",
    "fbt:genunix:fop_readdir:return", "fbt:genunix:fop_getattr:entry", "fbt:genunix:fop_fsync:entry",
    "fbt:genunix:gexec:entry", "fbt:genunix:gexec:return", "fbt:genunix:findexec_by_hdr:entry",
    "fbt:genunix:findexec_by_hdr:return", "fbt:genunix:dnlc_lookup:entry", "fbt:genunix:dnlc_lookup:return",
)  # fmt: skip
def test_names_and_programs_by_solaris_functions(tmp_path: Path) -> None:
    body = """
    fbt::fop_mkdir:entry, fbt::fop_rmdir:entry, fbt::fop_remove:entry
    /progenyof($target)/
    { printf("%s %s %s\\n", probefunc, args[0]->v_path, stringof(arg1)); }
    fbt::fop_rename:entry
    /progenyof($target)/
    { printf("%s %s %s %s\\n", probefunc, args[2]->v_path, stringof(arg1), stringof(args[3])); }
    fbt::fop_mkdir:return, fbt::fop_rmdir:return, fbt::fop_remove:return, fbt::fop_rename:return
    /progenyof($target)/
    { printf("%s = %d\\n", probefunc, arg1); }
    fbt::fop_readdir:entry, fbt::fop_getattr:entry, fbt::fop_fsync:entry
    /progenyof($target)/
    { @[probefunc, args[0]->v_path] = count(); }
    fbt::gexec:entry /progenyof($target)/ { self->file = (*(struct vnode **)arg0)->v_path; }
    fbt::findexec_by_hdr:entry /self->file != NULL/ { self->magic = stringof(args[0] + 1); }
    fbt::findexec_by_hdr:return /self->file != NULL/ { printf("exec %s %.3s %d\\n", self->file, self->magic, arg1); }
    fbt::gexec:return /self->file != NULL/ { printf("gexec %d\\n", arg1); self->file = 0; }
    fbt::dnlc_lookup:entry /progenyof($target)/ { self->in = stringof(arg1) == "absent-name"; }
    fbt::dnlc_lookup:return /self->in/ { self->in = 0; @looked["dnlc", arg1 == 0] = count(); }"""
    work = f"cd {tmp_path}; mkdir one; ls one; mv one two; rmdir two; rmdir two; : > f; sync f; rm f; cat absent-name"
    told = printed(body, commands=[f"/bin/sh -c '{work} 2>/dev/null; true'"])
    folder = str(tmp_path)
    lines = told.splitlines()
    for expected in (
        f"fop_mkdir {folder} one", "fop_mkdir = 0", f"fop_rename {folder} one two", "fop_rename = 0",
        f"fop_rmdir {folder} two", "fop_rmdir = 0", f"fop_remove {folder} f", "fop_remove = 0", "gexec 0",
    ):  # fmt: skip
        assert expected in lines, told
    assert any(line.startswith("exec ") and "/mkdir ELF 1" in line for line in lines), told
    assert any(line.split()[:2] == ["fop_readdir", f"{folder}/one"] for line in lines), told
    assert any(line.split()[:2] == ["fop_fsync", f"{folder}/f"] for line in lines), told
    assert any(line.split()[:1] == ["fop_getattr"] for line in lines), told
    assert any(line.split()[:2] == ["dnlc", "1"] for line in lines), told


def test_listing_shows_functions_with_their_arguments(dtrans: Run) -> None:
    done = dtrans("list", "-v", "fbt::vfs_read:")
    assert "args[0]: struct file *" in done.stdout
    assert "args[1]: " in done.stdout
    assert "entry of vmlinux`vfs_read" in done.stdout


def test_a_standalone_program_attaches_too(dtrans: Run, tmp_path: Path) -> None:
    body = "fbt::vfs_*:entry /pid == $target/ { @[probefunc] = count(); }"
    text = dtrans("translate", "-n", body, "-c", "true").stdout
    (tmp_path / "program.py").write_text(text)
    done = subprocess.run(
        [sys.executable, tmp_path / "program.py", "-c", _DD], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert _by_key(done.stdout)["vfs_read",] >= 50
