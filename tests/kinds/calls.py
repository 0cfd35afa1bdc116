"""System calls, and what System V and terminals have of them."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def _getppid(times: str) -> None:
    for _ in range(int(times)):
        os.getppid()


def _read(times: str, size: str) -> None:
    """Reads of `size` bytes from /dev/zero, each full."""
    source = os.open("/dev/zero", os.O_RDONLY)
    for _ in range(int(times)):
        os.read(source, int(size))


def _write(times: str, size: str) -> None:
    sink, data = os.open("/dev/null", os.O_WRONLY), b"x" * int(size)
    for _ in range(int(times)):
        os.write(sink, data)


def _open(times: str, path: str) -> None:
    """Opens for reading that succeed or fail as `path` has it; each is closed again."""
    for _ in range(int(times)):
        with suppress(OSError):
            os.close(os.open(path, os.O_RDONLY))


def _lookup(times: str, path: str) -> None:
    """Looks a path up."""
    for _ in range(int(times)):
        with suppress(OSError):
            os.access(path, os.F_OK)


def _kill(times: str, number: str) -> None:
    """Signals to itself, ignored."""
    signal.signal(int(number), signal.SIG_IGN)
    for _ in range(int(times)):
        os.kill(os.getpid(), int(number))


def _numbers() -> None:
    """Calls with arguments that are negative or of several kinds, each made by the machine's own words for it."""
    call = ctypes.CDLL(None).syscall
    numbers = {"kill": 62, "close": 3, "lseek": 8, "setuid": 105, "statx": 332}
    if os.uname().machine == "aarch64":
        numbers = {"kill": 129, "close": 57, "lseek": 62, "setuid": 146, "statx": 291}
    here = ctypes.create_string_buffer(256)
    call(numbers["kill"], ctypes.c_int(-999999), 0)
    call(numbers["close"], ctypes.c_int(-7))
    call(numbers["lseek"], ctypes.c_int(-1), ctypes.c_long(-5), 1)
    for descriptor, path, flags in ((5, b"", 0x1000), (-100, b"/etc", 0), (-100, b"/./tmp", 0x100)):
        call(numbers["statx"], ctypes.c_int(descriptor), path, flags, 0, here)
    call(numbers["setuid"], ctypes.c_uint(0xFFFFFFFE))


def _message(times: str) -> None:
    """Messages to itself through a System V queue."""
    libc = ctypes.CDLL(None, use_errno=True)
    queue, message = libc.msgget(0, 0o1600), (ctypes.c_long * 2)(1, 0)
    for _ in range(int(times)):
        libc.msgsnd(queue, message, 8, 0)
        libc.msgrcv(queue, message, 8, 0, 0)
    libc.msgctl(queue, 0, 0)  # IPC_RMID


def _semaphore(times: str) -> None:
    """Steps of a System V semaphore, up and down."""
    libc = ctypes.CDLL(None, use_errno=True)
    group = libc.semget(0, 1, 0o1600)
    for number in range(int(times)):
        libc.semop(group, (ctypes.c_short * 3)(0, -1 if number % 2 else 1, 0), 1)
    libc.semctl(group, 0, 0)  # IPC_RMID


def _terminal(times: str, text: str) -> None:
    """Lines that are typed at a terminal and read there, and the same number that are written to it."""
    typist, terminal = os.openpty()
    for _ in range(int(times)):
        os.write(typist, text.encode() + b"\n")
        os.read(terminal, 1000)
        os.write(terminal, text.encode())


def _calls(folder: str) -> None:
    """Calls that FreeBSD or macOS has under other names, each as often as tests/live/test_dialects.py has it."""
    home = Path(folder)
    for name in ("one", "two"):
        os.mkfifo(home / name, 0o600)
    os.utime(home / "one", follow_symlinks=False)
    opened = os.open("/dev/zero", os.O_RDONLY)
    for _ in range(3):
        os.read(opened, 77)
    os.utime(opened)
    os.fstat(opened)
    os.stat("two", dir_fd=os.open(folder, os.O_RDONLY))
    with suppress(OSError):
        os.setxattr(home / "one", "user.dtrans", b"12345")
    waiting = select.epoll()
    waiting.register(os.pipe()[0])
    for _ in range(4):
        waiting.poll(0)
    select.select([], [], [], 0)
    ctypes.CDLL(None).getentropy(ctypes.create_string_buffer(19), 19)
    thread = threading.Thread(target=time.sleep, args=(0,))
    thread.start()
    thread.join()
    for _ in range(2):
        if not (child := os.fork()):
            os._exit(0)
        os.waitpid(child, 0)
    os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)


KINDS: dict[str, Callable[..., None]] = {
    "getppid": _getppid,
    "read": _read,
    "write": _write,
    "open": _open,
    "lookup": _lookup,
    "kill": _kill,
    "numbers": _numbers,
    "message": _message,
    "semaphore": _semaphore,
    "terminal": _terminal,
    "calls": _calls,
}
