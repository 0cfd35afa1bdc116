"""Locks that several want at the same time."""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from tests.kinds.scheduling import together


def _shared(times: str, size: str, path: str, direct: str) -> None:
    """Two processes that read one open file at the same time, which takes its position's mutex.

    `direct` reads wait for the disk with the mutex held, others use the processor.
    """
    Path(path).write_bytes(bytes(int(size)))
    file = os.open(path, os.O_RDONLY | (os.O_DIRECT if direct == "direct" else 0))

    def work(number: int) -> None:
        with mmap.mmap(-1, int(size), mmap.MAP_PRIVATE) as memory:
            for _ in range(int(times)):
                os.preadv(file, [memory], 0) if direct == "pread" else os.readv(file, [memory])
                os.lseek(file, 0, os.SEEK_SET)

    together(2, work)


def _append(times: str, path: str) -> None:
    """Two processes that append blocks of 4096 bytes to a file, past the cache, and one that reads it.

    Each append holds the file's read-write semaphore as a writer."""
    Path(path).write_bytes(bytes(4096))

    def work(number: int) -> None:
        flags = os.O_RDONLY if number == 2 else os.O_WRONLY | os.O_APPEND
        file = os.open(path, flags | os.O_DIRECT)
        with mmap.mmap(-1, 4096, mmap.MAP_PRIVATE) as memory:
            for _ in range(int(times)):
                os.preadv(file, [memory], 0) if number == 2 else os.writev(file, [memory])

    together(3, work)


def _pages(times: str, megabytes: str) -> None:
    """Four processes that get and give back memory, which the kernel keeps under one spin lock."""

    def work(number: int) -> None:
        size = int(megabytes) << 20
        for _ in range(int(times)):
            mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x8000).close()  # MAP_POPULATE

    together(4, work)


def _inherit(priority: str) -> None:
    """A thread at nice 0 holds a lock that a real-time thread wants, and inherits its priority until it lets go."""
    libc = ctypes.CDLL(None)
    kind, lock = (ctypes.c_char * 64)(), (ctypes.c_char * 64)()
    libc.pthread_mutexattr_init(kind)
    libc.pthread_mutexattr_setprotocol(kind, 1)  # PTHREAD_PRIO_INHERIT
    libc.pthread_mutex_init(lock, kind)

    def want() -> None:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(int(priority)))
        libc.pthread_mutex_lock(lock)
        libc.pthread_mutex_unlock(lock)

    libc.pthread_mutex_lock(lock)
    thread = threading.Thread(target=want)
    thread.start()
    time.sleep(0.2)
    libc.pthread_mutex_unlock(lock)
    thread.join()


class _Absent:
    """A page of memory that is not there until it is given (userfaultfd(2)): who touches it waits for that."""

    _CALLS: ClassVar = {"x86_64": 323, "aarch64": 282}
    _API, _REGISTER, _ZEROPAGE = 0xC018AA3F, 0xC020AA00, 0xC020AA04

    def __init__(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = libc.syscall(self._CALLS[os.uname().machine], os.O_CLOEXEC)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "userfaultfd")
        self.memory = mmap.mmap(-1, mmap.PAGESIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self._place = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        fcntl.ioctl(self._descriptor, self._API, bytearray(struct.pack("QQQ", 0xAA, 0, 0)))
        fcntl.ioctl(self._descriptor, self._REGISTER, self._asked(1))  # UFFDIO_REGISTER_MODE_MISSING

    def _asked(self, mode: int) -> bytearray:
        return bytearray(struct.pack("QQQq", self._place, mmap.PAGESIZE, mode, 0))

    def wait(self) -> None:
        """Until somebody touches it."""
        os.read(self._descriptor, 32)

    def give(self) -> None:
        fcntl.ioctl(self._descriptor, self._ZEROPAGE, self._asked(0))


def _held(seconds: str, path: str) -> None:
    """A thread waits for a lock that another holds for that long and a little more: the mutex of an open file's
    position, then the read-write semaphore of a file. PATH.times tells of each the least and the most that the wait
    takes, and the most that the lock is held, in nanoseconds."""
    Path(path).write_bytes(bytes(mmap.PAGESIZE))
    shared = os.open(path, os.O_RDONLY)
    other, one, two = os.dup(shared), os.open(path, os.O_WRONLY), os.open(path, os.O_WRONLY)
    # What copies from or to memory that is not there does so with the lock in hand.
    times = [
        _waited(float(seconds), lambda page: os.readv(shared, [page]), lambda: os.read(other, 8)),
        _waited(float(seconds), lambda page: os.writev(one, [page]), lambda: os.write(two, bytes(8))),
    ]
    Path(f"{path}.times").write_text("".join(f"{' '.join(map(str, each))}\n" for each in times))


def _waited(seconds: float, hold: Callable[[mmap.mmap], object], want: Callable[[], object]) -> tuple[int, int, int]:
    page = _Absent()
    told: dict[str, int] = {}

    def holds() -> None:
        told["held"] = time.monotonic_ns()
        hold(page.memory)
        told["left"] = time.monotonic_ns()

    def wants() -> None:
        told["thread"] = threading.get_native_id()
        told["wanted"] = time.monotonic_ns()
        want()
        told["got"] = time.monotonic_ns()

    holder, waiter = threading.Thread(target=holds), threading.Thread(target=wants)
    holder.start()
    page.wait()
    waiter.start()
    while "wanted" not in told or not _sleeps(told["thread"]):
        time.sleep(0.001)
    sleeping = time.monotonic_ns()
    time.sleep(seconds)
    given = time.monotonic_ns()
    page.give()
    holder.join()
    waiter.join()
    return given - sleeping, told["got"] - told["wanted"], told["left"] - told["held"]


def _sleeps(thread: int) -> bool:
    """Whether a thread sleeps in a system call, and no signal wakes it."""
    task = Path(f"/proc/self/task/{thread}")
    state = (task / "stat").read_text().rpartition(")")[2].split()[0]
    return state == "D" and (task / "syscall").read_text().split()[0].isdecimal()


KINDS: dict[str, Callable[..., None]] = {
    "shared": _shared,
    "append": _append,
    "pages": _pages,
    "inherit": _inherit,
    "held": _held,
}
