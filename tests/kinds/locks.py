"""Locks that several want at the same time."""

from __future__ import annotations

import ctypes
import mmap
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

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


KINDS: dict[str, Callable[..., None]] = {
    "shared": _shared,
    "append": _append,
    "pages": _pages,
    "inherit": _inherit,
}
