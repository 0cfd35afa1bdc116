"""Memory: first touches, copies, what is forbidden, what is scarce."""

from __future__ import annotations

import ctypes
import mmap
import os
import resource
import threading
from collections.abc import Callable
from pathlib import Path


def _fault(pages: str) -> None:
    """First touches of that many fresh anonymous pages."""
    with mmap.mmap(-1, int(pages) * mmap.PAGESIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.madvise(15)  # MADV_NOHUGEPAGE: a fault for each small page
        for page in range(int(pages)):
            memory[page * mmap.PAGESIZE] = 1


def _unmap(times: str) -> None:
    """Pages whose protection changes while another thread of the process runs: it must hear of each change."""
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            sum(range(1000))

    thread = threading.Thread(target=run)
    thread.start()
    libc = ctypes.CDLL(None)
    with mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        place = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        for _ in range(int(times)):
            memory[0] = 1
            libc.mprotect(ctypes.c_void_p(place), 4096, 1)
            libc.mprotect(ctypes.c_void_p(place), 4096, 3)
        del place
        stop.set()
        thread.join()


def _write_copied(pages: str) -> None:
    """Pages that a child writes to, each shared with its parent until then."""
    with mmap.mmap(-1, int(pages) * mmap.PAGESIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.madvise(15)  # MADV_NOHUGEPAGE
        for page in range(int(pages)):
            memory[page * mmap.PAGESIZE] = 1
        if not (child := os.fork()):
            for page in range(int(pages)):
                memory[page * mmap.PAGESIZE] = 2
            os._exit(0)
        os.waitpid(child, 0)


def _reserve(pages: str) -> None:
    """First touches of fresh pages, while the kernel wants nine tenths of its free memory to stay free."""
    kept = Path("/proc/sys/vm/min_free_kbytes")
    before = kept.read_text()
    free = next(int(line.split()[1]) for line in Path("/proc/meminfo").read_text().splitlines() if "MemFree" in line)
    try:
        kept.write_text(str(free * 9 // 10))
        _fault(pages)
    finally:
        kept.write_text(before)


def _forbidden(times: str) -> None:
    """Reads of a page that forbids them; each ends a child by SIGSEGV."""
    libc = ctypes.CDLL(None)
    memory = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory[0] = 1
    place = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    libc.mprotect(ctypes.c_void_p(place), 4096, 0)
    for _ in range(int(times)):
        if not (child := os.fork()):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            ctypes.string_at(place, 1)
        os.waitpid(child, 0)
    libc.mprotect(ctypes.c_void_p(place), 4096, 3)


def _squeeze(group: str, megabytes: str, path: str) -> None:
    """In a control group with less memory than that: fresh pages, touched twice, and a file that is read twice.

    The file's first megabyte is then read page by page, often enough to be found worth keeping.
    """
    (Path(group) / "cgroup.procs").write_text(str(os.getpid()))
    size = int(megabytes) << 20
    with mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.madvise(15)  # MADV_NOHUGEPAGE
        for _ in range(2):
            for place in range(0, size, 4096):
                memory[place] = 1
    file = os.open(path, os.O_RDWR)
    os.fsync(file)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    for _ in range(2):
        os.lseek(file, 0, os.SEEK_SET)
        while os.read(file, 1 << 20):
            pass
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_RANDOM)  # No read-ahead: a folio for each page.
    for _ in range(3):
        for place in range(0, 1 << 20, 4096):
            os.pread(file, 1, place)


KINDS: dict[str, Callable[..., None]] = {
    "fault": _fault,
    "unmap": _unmap,
    "copy": _write_copied,
    "reserve": _reserve,
    "forbidden": _forbidden,
    "squeeze": _squeeze,
}
