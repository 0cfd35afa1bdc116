"""Functions by the names that FreeBSD, macOS and illumos have for them: each fires as often as a process of known work
does what the function does there, with its arguments."""

from __future__ import annotations

import shlex
import struct
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.loads import NAME, line
from tests.programs import printed, refused

FILES = """
fbt::VNOP_READ:entry, fbt::VNOP_WRITE:entry, fbt::ufs_read:entry, fbt::ufs_write:entry
/pid == $target && args[1]->uio_resid == 100/
{ @[probefunc, ((struct vnode *)arg0)->v_name] = sum(((struct uio *)arg1)->uio_resid_64); }
fbt::VNOP_READ:return, fbt::VNOP_WRITE:return, fbt::ufs_read:return, fbt::ufs_write:return
/pid == $target/ { @[strjoin(probefunc, "-failed"), ""] = sum(arg1 != 0); }
fbt::VNOP_FSYNC:entry, fbt::VNOP_IOCTL:entry, fbt::fop_ioctl:entry, fbt::ufs_ioctl:entry, fbt::ufs_readdir:entry,
fbt::VNOP_READDIR:entry
/pid == $target/
{ @[probefunc, basename(args[0]->v_path)] = sum(1); }
fbt::VNOP_CLOSE:entry, fbt::ufs_close:entry
/pid == $target && basename(args[0]->v_path) == "copy"/
{ self->closing = 1; @[probefunc, args[0]->v_name] = sum(1); }
fbt::VNOP_OPEN:entry /pid == $target/ { @[probefunc, ((struct vnode *)arg0)->v_name] = sum(1); }
fbt::ufs_open:entry /pid == $target/ { @[probefunc, (*(struct vnode **)arg0)->v_name] = sum(1); }
fbt::VNOP_GETATTR:entry /pid == $target/ { @[probefunc, basename(args[0]->v_path)] = sum(1); }
fbt::VNOP_FSYNC:return, fbt::VNOP_IOCTL:return, fbt::fop_ioctl:return, fbt::VNOP_OPEN:return, fbt::VNOP_GETATTR:return
/pid == $target && arg1 == 0/
{ @[strjoin(probefunc, "-done"), ""] = sum(1); }
fbt::VNOP_READDIR:return /pid == $target/ { @[strjoin(probefunc, "-done"), ""] = sum(1); }
fbt::VNOP_CLOSE:return /self->closing/ { self->closing = 0; @[strjoin(probefunc, "-done"), ""] = sum(1); }
fbt::kern_openat:entry
/pid == $target/
{ @[probefunc, basename(copyinstr(arg2))] = sum(1); @flags[arg4 & 0x40] = count(); }
fbt::kern_openat:return /pid == $target && arg1/ { @[strjoin(probefunc, "-failed"), ""] = sum(1); }
END { printa("%s|%s|%@d\\n", @); printa("flags|%d|%@d\\n", @flags); }
"""
_FILES = """
import fcntl, os
os.chdir({folder!r})
source = os.open("source", os.O_RDONLY)
copy = os.open("copy", os.O_WRONLY | os.O_CREAT)
for _ in range(5):
    os.write(copy, os.read(source, 100))
os.fsync(copy)
fcntl.ioctl(source, 0x5421, b"\\0" * 4)  # FIONBIO
os.fstat(source)
os.listdir(".")
os.close(copy)
try:
    os.open("absent", os.O_RDONLY)
except OSError:
    pass
"""


def python(text: str) -> str:
    """The command that runs a program of Python."""
    return shlex.join([sys.executable, "-S", "-E", "-c", text])


@pytest.mark.proves(
    "fbt:mach_kernel:VNOP_READ:entry", "fbt:mach_kernel:VNOP_READ:return", "fbt:mach_kernel:VNOP_WRITE:entry",
    "fbt:mach_kernel:VNOP_WRITE:return", "fbt:mach_kernel:VNOP_OPEN:entry", "fbt:mach_kernel:VNOP_OPEN:return",
    "fbt:mach_kernel:VNOP_CLOSE:entry", "fbt:mach_kernel:VNOP_CLOSE:return", "fbt:mach_kernel:VNOP_IOCTL:entry",
    "fbt:mach_kernel:VNOP_IOCTL:return", "fbt:mach_kernel:VNOP_FSYNC:entry", "fbt:mach_kernel:VNOP_FSYNC:return",
    "fbt:mach_kernel:VNOP_READDIR:entry", "fbt:mach_kernel:VNOP_READDIR:return", "fbt:mach_kernel:VNOP_GETATTR:entry",
    "fbt:mach_kernel:VNOP_GETATTR:return", "fbt:genunix:fop_ioctl:entry", "fbt:genunix:fop_ioctl:return",
    "fbt:ufs:ufs_read:entry", "fbt:ufs:ufs_read:return", "fbt:ufs:ufs_write:entry", "fbt:ufs:ufs_write:return",
    "fbt:ufs:ufs_open:entry", "fbt:ufs:ufs_close:entry", "fbt:ufs:ufs_ioctl:entry", "fbt:ufs:ufs_readdir:entry",
    "fbt:kernel:kern_openat:entry", "fbt:kernel:kern_openat:return", "uio_t.uio_resid_64", "bsd_vnode.v_name",
)  # fmt: skip
def test_files_by_the_functions_of_macos_freebsd_and_ufs(disk_folder: Path) -> None:
    (disk_folder / "source").write_bytes(b"x" * 500)
    told = printed(FILES, commands=[python(_FILES.format(folder=str(disk_folder)))])
    rows = {tuple(words[:2]): int(words[2]) for words in (row.split("|") for row in told.splitlines() if row)}
    for name in ("VNOP_READ", "ufs_read"):
        assert rows[name, "source"] == 500
    for name in ("VNOP_WRITE", "ufs_write"):
        assert rows[name, "copy"] == 500
        assert rows[f"{name}-failed", ""] == 0
    for name in ("VNOP_IOCTL", "fop_ioctl", "ufs_ioctl"):
        assert rows[name, "source"] == 1
    assert rows["fop_ioctl-done", ""] == rows["VNOP_IOCTL-done", ""] >= 1
    folder = disk_folder.name
    assert rows["VNOP_FSYNC", "copy"] == rows["VNOP_FSYNC-done", ""] == 1
    assert rows["VNOP_READDIR", folder] == rows["ufs_readdir", folder] == 2
    assert rows["VNOP_READDIR-done", ""] >= 2
    assert rows["VNOP_CLOSE", "copy"] == rows["ufs_close", "copy"] == rows["VNOP_CLOSE-done", ""] == 1
    assert rows["VNOP_OPEN", "source"] == rows["ufs_open", "source"] == 1
    assert rows["VNOP_GETATTR", "source"] >= 1
    assert rows["VNOP_GETATTR-done", ""] >= 1
    assert rows["VNOP_OPEN-done", ""] >= 3
    assert [rows["kern_openat", name] for name in ("source", "copy", "absent")] == [1, 1, 1]
    assert rows["kern_openat-failed", ""] >= 1
    assert rows["flags", "64"] == 1  # O_CREAT


@pytest.mark.proves(
    "fbt:genunix:fop_create:entry", "fbt:genunix:fop_create:return", "fbt:mach_kernel:VNOP_CREATE:entry",
    "fbt:mach_kernel:VNOP_CREATE:return", "fbt:mach_kernel:VNOP_REMOVE:entry", "fbt:mach_kernel:VNOP_MKDIR:entry",
    "fbt:mach_kernel:VNOP_RMDIR:entry", "fbt:mach_kernel:VNOP_RENAME:entry",
)  # fmt: skip
def test_names_of_files_by_the_functions_of_macos(disk_folder: Path) -> None:
    source = """
    fbt::VNOP_CREATE:entry, fbt::VNOP_REMOVE:entry, fbt::VNOP_MKDIR:entry, fbt::VNOP_RMDIR:entry
    /pid == $target/
    {
        this->directory = ((struct vnode *)arg0)->v_name;
        printf("%s %s %s\\n", probefunc, this->directory, stringof(((struct componentname *)arg2)->cn_nameptr));
    }
    fbt::VNOP_RENAME:entry
    /pid == $target/
    {
        printf("%s %s %s", probefunc, args[0]->v_path, args[2]->cn_nameptr);
        printf(" %s %s\\n", args[3]->v_path, args[5]->cn_nameptr);
    }
    fbt::fop_create:entry /pid == $target/ { printf("%s %s\\n", probefunc, stringof(args[1])); }
    fbt::fop_create:return, fbt::VNOP_CREATE:return /pid == $target/ { printf("%s %d\\n", probefunc, arg1); }"""
    folder = str(disk_folder)
    work = f"""
import os
os.chdir({folder!r})
for _ in range(2):
    os.close(os.open("made", os.O_WRONLY | os.O_CREAT, 0o600))
os.mkdir({folder + "/one"!r})
os.rename("one", {folder + "/two"!r})
os.rmdir({folder + "/two"!r})
os.unlink("made")
"""
    lines = printed(source, commands=[python(work)]).splitlines()
    name = disk_folder.name
    assert sorted(lines) == sorted([
        "VNOP_CREATE . made", "VNOP_CREATE 0", "fop_create made", "fop_create 0", f"VNOP_MKDIR {name} one",
        f"VNOP_RENAME . one {folder} two", f"VNOP_RMDIR {name} two", "VNOP_REMOVE . made", "",
    ])  # fmt: skip


@pytest.mark.proves("fbt:tmpfs:tmp_read:entry", "fbt:tmpfs:tmp_read:return", "fbt:tmpfs:tmp_write:entry",
                    "fbt:tmpfs:tmp_write:return", "fbt:tmpfs:tmp_open:entry")  # fmt: skip
def test_files_in_memory_are_tmpfs_and_what_has_only_its_name_there_is_not(disk_folder: Path, tmp_path: Path) -> None:
    source = """
    fbt::tmp_read:entry, fbt::tmp_write:entry
    /progenyof($target) && args[1]->uio_resid == 77/
    { @[probefunc, basename(args[0]->v_path)] = sum(1); self->size = args[1]->uio_resid; }
    fbt::tmp_read:return, fbt::tmp_write:return /self->size/ { self->size = 0; @[probefunc, "done"] = sum(arg1 == 0); }
    fbt::tmp_open:entry /progenyof($target)/ { @[probefunc, basename((*(struct vnode **)arg0)->v_path)] = sum(1); }
    END { printa("%s %s %@d\\n", @); }"""
    mounted = tmp_path / "memory"
    mounted.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", NAME, mounted], check=True)
    try:
        work = f"dd if=/dev/zero of={mounted}/in bs=77 count=3; dd if={mounted}/in of={disk_folder}/out bs=77 count=2"
        told = printed(source, commands=[f"sh -c '{work} 2>/dev/null'"])
    finally:
        subprocess.run(["umount", mounted], check=True)
    rows = {tuple(row.split()[:2]): int(row.split()[2]) for row in told.splitlines() if row}
    assert rows == {("tmp_open", "in"): 2, ("tmp_write", "in"): 3, ("tmp_write", "done"): 3, ("tmp_read", "in"): 2,
                    ("tmp_read", "done"): 2}  # fmt: skip


def fat() -> bytes:
    """An empty file system of FAT with 64 sectors: one of it, one of the table, one of the root directory."""
    head = struct.pack("<3s8sHBHBHHBHHHI", b"\xeb\x3c\x90", b"dtrans  ", 512, 1, 1, 1, 16, 64, 0xF8, 1, 32, 2, 0)
    return head.ljust(510, b"\0") + b"\x55\xaa" + b"\xf8\xff\xff".ljust(62 * 512, b"\0") + bytes(512)


@pytest.mark.needs("lab")
@pytest.mark.proves("fbt:pcfs:pcfs_read:entry", "fbt:pcfs:pcfs_read:return", "fbt:pcfs:pcfs_write:entry",
                    "fbt:pcfs:pcfs_write:return")  # fmt: skip
def test_files_of_fat_are_pcfs(tmp_path: Path, disk_file: Path) -> None:
    source = """
    fbt::pcfs_read:entry, fbt::pcfs_write:entry
    /progenyof($target)/
    { self->path = args[0]->v_path; self->size = args[1]->uio_resid; }
    fbt::pcfs_read:return, fbt::pcfs_write:return
    /self->size/
    { @[probefunc, basename(self->path), arg1] = sum(self->size); self->size = 0; self->path = 0; }
    END { printa("%s %s %d %@d\\n", @); }"""
    disk_file.write_bytes(fat())
    subprocess.run(["modprobe", "-a", "loop", "vfat"], check=True)
    subprocess.run(["mount", "-t", "vfat", "-o", "loop", disk_file, tmp_path], check=True)
    try:
        work = f"dd if=/dev/zero of={tmp_path}/f bs=77 count=3; dd if={tmp_path}/f of=/dev/null bs=77 count=2"
        told = printed(source, commands=[f"sh -c '{work} 2>/dev/null'"])
    finally:
        subprocess.run(["umount", tmp_path], check=True)
    assert sorted(filter(None, told.splitlines())) == ["pcfs_read f 0 154", "pcfs_write f 0 231"]


@pytest.mark.proves("fbt:genunix:fsflush_do_pages:entry", "fbt:genunix:fsflush_do_pages:return")
def test_what_is_written_back_on_the_kernels_own_account(disk_file: Path) -> None:
    source = """
    fbt::fsflush_do_pages:entry { self->in = 1; }
    fbt::fsflush_do_pages:return /self->in/ { self->in = 0; @ = count(); }
    END { printa("%@d", @); }"""
    work = f"dd if=/dev/zero of={disk_file} bs=64k count=8 status=none; sync -f {disk_file}"
    assert int(printed(source, commands=[f"sh -c '{work}'"])) >= 1


@pytest.mark.proves(
    "fbt:genunix:bdev_strategy:entry", "fbt:sd:sdstrategy:entry", "fbt:ssd:ssdstrategy:entry",
    "fbt:cmdk:cmdkstrategy:entry", "fbt:kernel:g_dev_strategy:entry", "fbt:kernel:g_io_request:entry",
    "fbt:genunix:biodone:entry", "fbt:kernel:bufdone:entry", "fbt:sd:sd_buf_iodone:entry",
    "fbt:ssd:ssd_buf_iodone:entry", "fbt:genunix:biowait:entry", "fbt:genunix:biowait:return",
)  # fmt: skip
def test_requests_to_disks_start_and_end_under_one_address(disk_file: Path) -> None:
    source = """
    fbt::bdev_strategy:entry, fbt::sdstrategy:entry, fbt::ssdstrategy:entry, fbt::cmdkstrategy:entry,
    fbt::g_dev_strategy:entry, fbt::g_io_request:entry
    /execname == "dd" && progenyof($target) && args[0]->b_bcount == 65536/
    { started[arg0] = 1; @[probefunc, args[0]->bio_cmd == BIO_WRITE] = count(); }
    fbt::biodone:entry, fbt::bufdone:entry /started[arg0]/ { @[probefunc, args[0]->b_bcount == 65536] = count(); }
    fbt::sd_buf_iodone:entry, fbt::ssd_buf_iodone:entry
    /started[arg2]/
    { @[probefunc, args[2]->b_error == 0] = count(); }
    io:::done /started[arg0]/ { started[arg0] = 0; }
    fbt::biowait:entry /execname == "dd"/ { self->waits = 1; @["waits", 1] = count(); }
    fbt::biowait:return /self->waits/ { self->waits = 0; @["waited", 1] = count(); }
    END { printa("%s %d %@d\\n", @); }"""
    work = f"dd if=/dev/zero of={disk_file} bs=64k count=16 oflag=direct status=none"
    rows = {tuple(row.split()[:2]): int(row.split()[2]) for row in printed(source, commands=[work]).splitlines() if row}
    for name in ("bdev_strategy", "sdstrategy", "ssdstrategy", "cmdkstrategy", "g_dev_strategy", "g_io_request",
                 "biodone", "bufdone", "sd_buf_iodone", "ssd_buf_iodone"):  # fmt: skip
        assert rows[name, "1"] == 16, name
    assert 0 < rows["waited", "1"] <= rows["waits", "1"]


@pytest.mark.proves(
    "fbt:genunix:kmem_alloc:entry", "fbt:genunix:kmem_alloc:return", "fbt:kernel:malloc:entry",
    "fbt:kernel:malloc:return", "fbt:mach_kernel:kalloc:entry", "fbt:mach_kernel:kalloc:return",
    "fbt:genunix:kmem_free:entry", "fbt:kernel:free:entry", "fbt:genunix:kmem_zalloc:entry",
    "fbt:genunix:kmem_zalloc:return",
)  # fmt: skip
def test_memory_of_the_kernel_is_got_with_its_size_and_given_back_by_its_address() -> None:
    source = f"""
    fbt::kmem_alloc:entry, fbt::malloc:entry, fbt::kalloc:entry
    /execname == "{NAME}" && arg0 == 56/
    {{ self->size = arg0; @[probefunc, probename, arg2] = count(); }}
    fbt::kmem_alloc:return, fbt::malloc:return, fbt::kalloc:return
    /self->size == 56/
    {{ got[arg1] = 1; @[probefunc, probename, 56] = count(); }}
    fbt::kalloc:return {{ self->size = 0; }}
    fbt::kmem_free:entry, fbt::free:entry /got[arg0]/ {{ @[probefunc, probename, 56] = count(); }}
    fbt::kmem_zalloc:entry /execname == "{NAME}"/ {{ self->zeroed = 1; @["zeroed", probename, 0] = count(); }}
    fbt::kmem_zalloc:return /self->zeroed && arg1/ {{ self->zeroed = 0; @["zeroed", probename, 0] = count(); }}
    END {{ printa("%s %s %d %@d\\n", @); }}"""
    # 8 bytes behind a struct msg_msg of 48; a pipe is memory that is all 0.
    told = printed(source, commands=[line("several", "message 50", "crowd 1")])
    rows = {tuple(row.split()[:3]): int(row.split()[3]) for row in told.splitlines() if row}
    for name in ("kmem_alloc", "malloc", "kalloc"):
        assert rows[name, "entry", "56"] == rows[name, "return", "56"] >= 50, name
    for name in ("kmem_free", "free"):
        assert rows[name, "entry", "56"] >= 50, name
    assert rows["zeroed", "entry", "0"] == rows["zeroed", "return", "0"] > 0


@pytest.mark.proves(
    "fbt:genunix:kmem_cache_alloc:entry", "fbt:genunix:kmem_cache_alloc:return", "fbt:genunix:kmem_cache_free:entry",
    "fbt:kernel:uma_zalloc_arg:entry", "fbt:kernel:uma_zalloc_arg:return", "fbt:kernel:uma_zfree_arg:entry",
    "kmem_cache_t.cache_name", "kmem_cache_t.cache_bufsize", "kmem_cache_t.uz_name", "kmem_cache_t.uz_size",
)  # fmt: skip
def test_caches_of_the_kernel_have_solaris_and_freebsds_names_of_members() -> None:
    """A signal that waits to be taken is memory of a cache. By Solaris' module it is Solaris' function, by none Linux's
    where that can be traced: its caches have the same names of members."""
    source = """
    fbt:genunix:kmem_cache_alloc:entry
    /pid == $target/
    { self->named = 1; @[probefunc, stringof(args[0]->cache_name), args[0]->cache_bufsize] = count(); }
    fbt:genunix:kmem_cache_alloc:return /self->named/ { self->named = 0; @["got", "", arg1 != 0] = count(); }
    fbt::uma_zalloc_arg:entry
    /pid == $target/
    { self->zone = 1; @[probefunc, stringof(args[0]->uz_name), args[0]->uz_size] = count(); }
    fbt::uma_zalloc_arg:return /self->zone/ { self->zone = 0; @["got-zone", "", arg1 != 0] = count(); }
    fbt:genunix:kmem_cache_free:entry, fbt::uma_zfree_arg:entry
    /pid == $target && arg1/
    { @[probefunc, stringof(args[0]->cache_name), args[0]->uz_size] = count(); }
    fbt::kmem_cache_free:entry
    /pid == $target/
    { @["any", stringof(args[0]->cache_name), args[0]->cache_bufsize] = count(); }
    END { printa("%s|%s|%d|%@d\\n", @); }"""
    work = """
import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
for _ in range(40):
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.sigwait([signal.SIGUSR1])
"""
    told = printed(source, commands=[python(work)])
    rows = [row.split("|") for row in told.splitlines() if row]
    totals = Counter[str]()
    for name, cache, size, number in rows:
        totals[name] += int(number)
        known = Path("/sys/kernel/slab", cache, "object_size")
        if cache and known.exists():
            assert int(size) == int(known.read_text()), cache
    for name in ("kmem_cache_alloc", "uma_zalloc_arg", "kmem_cache_free", "uma_zfree_arg", "any", "got", "got-zone"):
        assert totals[name] >= 40, name
    assert totals["kmem_cache_alloc"] == totals["uma_zalloc_arg"] == totals["got"] == totals["got-zone"]


@pytest.mark.proves("fbt:genunix:vmem_alloc:entry", "fbt:genunix:segkmem_xalloc:entry")
def test_addresses_of_the_kernel_are_given_out_with_their_size() -> None:
    """A socket's filter that is loaded has pages of its own."""
    source = """
    fbt::vmem_alloc:entry /pid == $target/ { @ = sum(arg1 > 0 && arg1 % 4096 == 0); }
    fbt::segkmem_xalloc:entry /pid == $target/ { @x = sum(arg2 > 0 && arg2 % 4096 == 0); }
    END { printa("%@d %@d\\n", @, @x); }"""
    work = """
import ctypes, socket, struct
accept = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 65535), 8)
for _ in range(20):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HxxxxxxP", 1, ctypes.addressof(accept)))  # SO_ATTACH_FILTER
"""
    number, others = map(int, printed(source, commands=[python(work)]).split())
    assert number == others >= 20


@pytest.mark.proves(
    "fbt:genunix:cfork:entry", "fbt:genunix:cfork:return", "fbt:kernel:fork1:entry", "fbt:kernel:fork1:return",
    "fbt:genunix:exit:entry", "fbt:genunix:proc_exit:entry", "fbt:kernel:exit1:entry", "fbt:kernel:kern_execve:entry",
    "fbt:kernel:kern_execve:return", "fbt:kernel:do_execve:entry", "fbt:kernel:do_execve:return",
    "fbt:genunix:psignal:entry", "fbt:kernel:kern_psignal:entry", "fbt:genunix:sigtoproc:entry",
    "fbt:kernel:tdsendsignal:entry",
)  # fmt: skip
def test_processes_are_made_run_programs_get_signals_and_end() -> None:
    source = """
    fbt::cfork:entry, fbt::fork1:entry /pid == $target/ { @[probefunc, probename, 0] = count(); }
    fbt::cfork:return, fbt::fork1:return /pid == $target/ { @[probefunc, probename, arg1] = count(); }
    fbt::exit:entry, fbt::proc_exit:entry
    /ppid == $target/
    { @[probefunc, arg0 == CLD_EXITED ? "status" : "signal", arg1] = count(); }
    fbt::exit1:entry /ppid == $target/ { @[probefunc, "both", arg1 * 1000 + arg2] = count(); }
    fbt::kern_execve:entry, fbt::do_execve:entry
    /ppid == $target && arg0 == (uintptr_t)curthread/
    { @[probefunc, probename, 0] = count(); }
    fbt::kern_execve:return, fbt::do_execve:return /ppid == $target/ { @[probefunc, probename, arg1] = count(); }
    fbt::psignal:entry, fbt::kern_psignal:entry
    /ppid == $target && args[0]->p_pidp->pid_id == pid/
    { @[probefunc, "sent", arg1] = count(); }
    fbt::sigtoproc:entry, fbt::tdsendsignal:entry
    /ppid == $target && ((struct proc *)arg0)->p_pid == pid && arg1 == 0/
    { @[probefunc, "sent", args[2]] = count(); }
    END { printa("%s %s %d %@d\\n", @); }"""
    work = """
import os, signal
def child(run):
    if not (one := os.fork()):
        run()
        os._exit(7)
    os.waitpid(one, 0)
def absent():
    try:
        os.execv("/absent", ["absent"])
    except OSError:
        pass
child(lambda: None)
child(absent)
child(lambda: os.execv("/bin/true", ["true"]))
child(lambda: os.kill(os.getpid(), signal.SIGTERM))
"""
    told = printed(source, commands=[python(work)])
    rows = {tuple(row.split()[:3]): int(row.split()[3]) for row in told.splitlines() if row}
    assert rows == {
        ("cfork", "entry", "0"): 4, ("cfork", "return", "0"): 4,
        ("fork1", "entry", "0"): 4, ("fork1", "return", "0"): 4,
        ("exit", "status", "7"): 2, ("exit", "status", "0"): 1, ("exit", "signal", "15"): 1,
        ("proc_exit", "status", "7"): 2, ("proc_exit", "status", "0"): 1, ("proc_exit", "signal", "15"): 1,
        ("exit1", "both", "7000"): 2, ("exit1", "both", "0"): 1, ("exit1", "both", "15"): 1,
        ("kern_execve", "entry", "0"): 2, ("kern_execve", "return", "0"): 1, ("kern_execve", "return", "2"): 1,
        ("do_execve", "entry", "0"): 2, ("do_execve", "return", "0"): 1, ("do_execve", "return", "2"): 1,
        ("psignal", "sent", "15"): 1, ("kern_psignal", "sent", "15"): 1, ("sigtoproc", "sent", "15"): 1,
        ("tdsendsignal", "sent", "15"): 1,
    }  # fmt: skip


@pytest.mark.proves(
    "fbt:unix:pagefault:entry", "fbt:kernel:vm_fault:entry", "fbt:mach_kernel:vm_fault_internal:entry",
    "fbt:genunix:as_fault:entry",
)  # fmt: skip
def test_faults_of_memory_have_their_address_and_what_was_tried() -> None:
    source = f"""
    fbt::pagefault:entry
    /execname == "{NAME}" && arg3 == 0 && arg2 == 2 && arg1 == 0/
    {{ self->at = arg0; @[probefunc] = count(); }}
    fbt::vm_fault:entry, fbt::vm_fault_internal:entry /self->at && arg1 == self->at/ {{ @[probefunc] = count(); }}
    fbt::as_fault:entry /self->at && arg2 == self->at && arg5 == 2/ {{ @[probefunc] = count(); self->at = 0; }}
    END {{ printa("%s %@d\\n", @); }}"""
    rows = dict(row.split() for row in printed(source, commands=[line("fault", 300)]).splitlines() if row)
    assert set(rows) == {"pagefault", "vm_fault", "vm_fault_internal", "as_fault"}
    assert len(set(rows.values())) == 1
    assert 300 <= int(rows["pagefault"]) < 3000  # And what an interpreter writes to first.


@pytest.mark.proves("fbt:mach_kernel:vnode_pagein:entry")
def test_a_page_of_a_mapped_file_is_touched(disk_file: Path) -> None:
    source = f"""
    fbt::vnode_pagein:entry
    /execname == "{NAME}" && args[0]->v_path == $$1/
    {{ @[((struct vnode *)arg0)->v_name, args[3] % 1048576 / 4096 < 6, arg4] = count(); }}
    END {{ printa("%s %d %d %@d\\n", @); }}"""
    told = printed(source, [str(disk_file)], commands=[line("mapped", 6, disk_file)])
    name, place, length, number = told.split()
    assert (name, place, length) == (disk_file.name, "1", "4096")
    assert int(number) >= 6


@pytest.mark.proves(
    "fbt:unix:swtch:entry", "fbt:unix:swtch:return", "fbt:kernel:mi_switch:entry", "fbt:kernel:mi_switch:return",
    "fbt:mach_kernel:thread_block:entry", "fbt:mach_kernel:thread_block:return", "fbt:unix:setbackdq:entry",
    "fbt:kernel:sched_add:entry", "fbt:mach_kernel:thread_setrun:entry",
)  # fmt: skip
def test_threads_leave_a_cpu_come_back_and_join_a_queue_as_often_as_sched_tells() -> None:
    source = f"""
    syscall::nanosleep:entry /pid == $target/ {{ self->sleeps = 1; }}
    fbt::swtch:entry, fbt::mi_switch:entry, fbt::thread_block:entry, sched:::off-cpu
    /self->sleeps/
    {{ @["left", strjoin(probefunc, probename)] = count(); }}
    fbt::swtch:return, fbt::mi_switch:return, fbt::thread_block:return, sched:::on-cpu
    /self->sleeps/
    {{ @["came", strjoin(probefunc, probename)] = count(); }}
    fbt::setbackdq:entry, fbt::sched_add:entry, fbt::thread_setrun:entry
    /args[0]->t_procp->p_user.u_comm == "{NAME}"/
    {{ @["joined", probefunc] = count(); }}
    syscall::nanosleep:return /self->sleeps/ {{ self->sleeps = 0; }}
    END {{ printa("%s %s %@d\\n", @); }}"""
    told = [row.split() for row in printed(source, commands=[line("sleep", 30, "0.005")]).splitlines() if row]
    numbers = {what: [int(number) for name, _, number in told if name == what] for what in ("left", "came", "joined")}
    assert {what: len(each) for what, each in numbers.items()} == {"left": 4, "came": 4, "joined": 3}
    assert len(set(numbers["left"])) == len(set(numbers["came"])) == 1, told
    assert min(numbers["left"]) >= 30
    assert min(numbers["joined"]) >= 30


@pytest.mark.proves("fbt:genunix:clock_tick:entry")
def test_a_thread_that_works_is_ticked() -> None:
    source = """
    fbt::clock_tick:entry /pid == $target && args[0] == curthread/ { ticked = 1; exit(0); }
    END { printf("%d", ticked); }"""
    assert printed(source, commands=[line("spin", 30)]).strip() == "1"


@pytest.mark.needs("lab")
@pytest.mark.proves(
    "fbt:unix:cpu_idle:entry", "fbt:unix:cpu_idle:return", "fbt:unix:cpu_halt:entry", "fbt:unix:cpu_halt:return",
    "fbt:mach_kernel:machine_idle:entry", "fbt:mach_kernel:machine_idle:return",
)  # fmt: skip
def test_a_cpu_is_idle_and_ends_to_be() -> None:
    """A host that is a guest itself may be told to wait without saying so."""
    source = """
    fbt::cpu_idle:entry, fbt::cpu_halt:entry, fbt::machine_idle:entry { idle[cpu, probefunc] = 1; }
    fbt::cpu_idle:return, fbt::cpu_halt:return, fbt::machine_idle:return /idle[cpu, probefunc]/ { seen[probefunc] = 1; }
    fbt::machine_idle:return
    /seen["cpu_idle"] && seen["cpu_halt"] && seen["machine_idle"]/
    { printf("all"); exit(0); }"""
    assert printed(source).strip() == "all"


@pytest.mark.proves(
    "fbt:ip:ip_input:entry", "fbt:ip:ip_xmit_v4:entry", "fbt:kernel:ip_output:entry", "fbt:kernel:ip6_input:entry",
    "fbt:kernel:ip6_output:entry", "fbt:mac:mac_rx:entry", "fbt:kernel:ether_input:entry", "fbt:mac:mac_tx:entry",
    "fbt:kernel:ether_output:entry", "fbt:kernel:tcp_input:entry", "fbt:kernel:udp_input:entry",
    "fbt:ip:udp_output:entry", "bsd_mbuf.m_len", "bsd_mbuf.m_data", "bsd_mbuf.m_pkthdr", "bsd_pkthdr.len",
)  # fmt: skip
def test_packets_pass_the_functions_of_ip_and_of_links() -> None:
    """Datagrams of 1111 bytes over the loopback interface, and a segment with as many."""
    source = """
    fbt::ip_input:entry, fbt:kernel:ip_output:entry, fbt::ip_xmit_v4:entry, fbt::udp_input:entry, fbt::tcp_input:entry
    /args[0]->m_pkthdr.len == 20 + $1 && *(uchar_t *)args[0]->m_data == 0x45/
    { @[probefunc, ((ipha_t *)args[0]->b_rptr)->ipha_protocol] = count(); }
    fbt::ip_input:entry
    /msgdsize(args[2]) == 20 + $1 && arg2 == arg0 && args[0]->m_len <= args[0]->m_pkthdr.len/
    { @["ip_input-2", ((ipha_t *)args[2]->b_rptr)->ipha_protocol] = count(); }
    fbt:kernel:ip6_input:entry, fbt:kernel:ip6_output:entry
    /args[0]->m_pkthdr.len == 40 + $1 && *(uchar_t *)args[0]->m_data >> 4 == 6/
    { @[probefunc, *((uchar_t *)args[0]->m_data + 6)] = count(); }
    fbt::mac_rx:entry, fbt::ether_input:entry, fbt::mac_tx:entry, fbt::ether_output:entry
    /args[1]->m_pkthdr.len == 14 + 20 + $1/
    { @[probefunc, ntohs(*(uint16_t *)(args[1]->m_data + 12))] = count(); }
    fbt::udp_output:entry /pid == $target && msgdsize(args[1]) == $1 - 8/ { @[probefunc, 17] = count(); }
    END { printa("%s %d %@d\\n", @); }"""
    size = 8 + 1111
    work = """
import socket
for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
    with socket.socket(family, socket.SOCK_DGRAM) as one:
        one.bind((address, 0))
        for _ in range(9):
            one.sendto(b"x" * 1111, one.getsockname())
            one.recv(2000)
with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as one:
    other, _ = server.accept()
    one.sendall(b"x" * (1111 + 8 - 32))  # A header of TCP with time stamps has 32 bytes.
    other.recv(2000)
"""
    told = printed(source, [str(size)], commands=[python(work)])
    rows = {tuple(row.split()[:2]): int(row.split()[2]) for row in told.splitlines() if row}
    for name in ("ip_input", "ip_input-2", "ip_output", "ip_xmit_v4", "udp_input", "ip6_input", "ip6_output"):
        assert rows[name, "17"] == 9, (name, told)
    for name in ("ip_input", "ip_output", "tcp_input"):
        assert rows[name, "6"] >= 1, (name, told)
    for name in ("mac_rx", "ether_input", "mac_tx", "ether_output"):
        assert rows[name, str(0x0800)] >= 10, (name, told)
    assert rows["udp_output", "17"] == 18


@pytest.mark.proves("fbt:ip:icmp_inbound:entry", "fbt:kernel:icmp_input:entry")
def test_messages_of_icmp_come_in() -> None:
    """A datagram to a port that nobody has is answered by one."""
    source = """
    fbt::icmp_inbound:entry, fbt::icmp_input:entry
    /((ipha_t *)args[1]->b_rptr)->ipha_protocol == 1 && msgdsize(args[0]) == 20 + 8 + 20 + 8 + 333/
    { @[probefunc] = count(); }
    END { printa("%s %@d\\n", @); }"""
    work = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()
for _ in range(5):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.connect(port)
        one.send(b"x" * 333)
        try:
            one.recv(10)
        except ConnectionRefusedError:
            pass
"""
    rows = dict(row.split() for row in printed(source, commands=[python(work)]).splitlines() if row)
    assert rows == {"icmp_inbound": "5", "icmp_input": "5"}


@pytest.mark.needs("feature:kprobe")
@pytest.mark.proves(
    "fbt:unix:mutex_enter:entry", "fbt:unix:mutex_enter:return", "fbt:kernel:__mtx_lock_flags:entry",
    "fbt:kernel:__mtx_lock_flags:return", "fbt:mach_kernel:lck_mtx_lock:entry", "fbt:mach_kernel:lck_mtx_lock:return",
    "fbt:unix:mutex_exit:entry", "fbt:kernel:__mtx_unlock_flags:entry", "fbt:mach_kernel:lck_mtx_unlock:entry",
    "fbt:unix:rw_enter:entry", "fbt:unix:rw_enter:return", "fbt:unix:rw_exit:entry", "fbt:unix:rw_downgrade:entry",
    "fbt:unix:pagefault:return", "fbt:mach_kernel:vnode_pagein:return", "fbt:kernel:hardclock:entry",
    "fbt:genunix:clock:entry",
)  # fmt: skip
def test_locks_ticks_and_the_ends_of_faults_by_functions(disk_file: Path) -> None:
    """A read of an open file that is shared takes its position's mutex, an append the file's semaphore for writing."""
    source = f"""
    fbt::mutex_enter:entry, fbt::__mtx_lock_flags:entry, fbt::lck_mtx_lock:entry, fbt::mutex_exit:entry,
    fbt::__mtx_unlock_flags:entry, fbt::lck_mtx_unlock:entry, fbt::rw_exit:entry, fbt::rw_downgrade:entry
    /execname == "{NAME}" && arg0/
    {{ @[probefunc] = count(); }}
    fbt::mutex_enter:return, fbt::__mtx_lock_flags:return, fbt::lck_mtx_lock:return, fbt::rw_enter:return
    /execname == "{NAME}"/
    {{ @[strjoin(probefunc, "-done")] = count(); }}
    fbt::rw_enter:entry /execname == "{NAME}" && arg0/ {{ @[arg1 ? "reader" : "writer"] = count(); }}
    fbt::pagefault:return, fbt::vnode_pagein:return /execname == "{NAME}"/ {{ @[probefunc] = count(); }}
    fbt::hardclock:entry, fbt::clock:entry /execname == "{NAME}"/ {{ @[probefunc] = count(); }}
    END {{ printa("%s %@d\\n", @); }}"""
    steps = (
        f"shared 100 4096 {disk_file} cached",
        f"append 100 {disk_file}",
        "pages 50 1",
        f"mapped 6 {disk_file}",
        "spin 2",
    )
    told = printed(source, commands=[line("several", *steps)])
    rows = {row.split()[0]: int(row.split()[1]) for row in told.splitlines() if row}
    enters = {rows[name] for name in ("mutex_enter", "__mtx_lock_flags", "lck_mtx_lock")}
    assert len(enters) == 1
    assert min(enters) >= 200
    for name in ("mutex_exit", "__mtx_unlock_flags", "lck_mtx_unlock"):
        assert rows[name] >= 200
    for name in ("mutex_enter-done", "__mtx_lock_flags-done", "lck_mtx_lock-done"):
        assert rows[name] >= 200
    assert rows["writer"] >= 200
    assert rows["reader"] >= 100
    assert rows["rw_enter-done"] >= 300
    assert rows["rw_exit"] >= 300
    assert rows["rw_downgrade"] >= 200  # As memory is given back.
    assert rows["pagefault"] >= 200
    assert rows["vnode_pagein"] >= 6
    assert rows["hardclock"] == rows["clock"] > 0


@pytest.mark.parametrize(
    ("probe", "reason"),
    [
        ("fbt::zfs_freebsd_read:entry", "fbt:zfs:zpl_*"),
        ("fbt:zfs:spa_sync:return", "ZFS is a module of its own"),
        ("fbt::hfs_vnop_read:entry", "VNOP_READ"),
        ("fbt:kernel:VOP_READ_APV:entry", "vfs::vop_read:entry"),
        ("fbt::namei:entry", "vfs:namei:lookup:entry"),
        ("fbt:kernel:sys_read:entry", "syscall::read:entry"),
        ("fbt::cv_wait:entry", "sched:::sleep"),
        ("fbt::sata_pkt_free:entry", "io:::start"),
    ],
)
def test_a_function_that_no_function_of_linux_stands_for_is_refused_with_what_tells_of_it(
    probe: str, reason: str
) -> None:
    diagnostic = refused(f"{probe} {{ }}")
    assert (diagnostic.tag, reason in diagnostic.message) == ("D_PDESC_ZERO", True), diagnostic.message
