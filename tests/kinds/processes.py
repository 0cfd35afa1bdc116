"""Processes and threads that begin and end, and the signals that they send."""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import resource
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.loads import NAME


def _fork(times: str) -> None:
    """Children that exit at once with status 7, one after the other."""
    for _ in range(int(times)):
        if not (child := os.fork()):
            os._exit(7)
        os.waitpid(child, 0)


def _exec(times: str, *command: str) -> None:
    """A command, or one that is not there."""
    for _ in range(int(times)):
        with suppress(FileNotFoundError):
            subprocess.run(command, check=False)


def _nofork(times: str) -> None:
    """Forks that fail: a child of another user, which may have no more processes."""
    if not (child := os.fork()):
        os.setgid(65534)
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
        os.setuid(65534)
        for _ in range(int(times)):
            with suppress(BlockingIOError):
                os.fork()
        os._exit(0)
    os.waitpid(child, 0)


def _threads(times: str) -> None:
    """Threads that end at once, one after the other."""
    for _ in range(int(times)):
        thread = threading.Thread(target=lambda: None)
        thread.start()
        thread.join()


def _signals(times: str) -> None:
    """Signals to itself: handled, ignored, and waited for; with a value each."""
    libc = ctypes.CDLL(None)
    signal.signal(signal.SIGUSR1, lambda *_: None)
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    for _ in range(int(times)):
        libc.sigqueue(os.getpid(), int(signal.SIGUSR1), ctypes.c_void_p(4711))
        os.kill(os.getpid(), signal.SIGUSR2)
        os.kill(os.getpid(), signal.SIGTERM)
        signal.sigwait([signal.SIGTERM])


def _killed(times: str) -> None:
    """Children that end by a floating-point signal of their own sending, and by SIGKILL."""
    for number in (signal.SIGFPE, signal.SIGKILL) * int(times):
        if not (child := os.fork()):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            os.kill(os.getpid(), number)
        os.waitpid(child, 0)


def _arrivals(times: str) -> None:
    """Bytes that come for descriptor 50, of each of which a signal tells that carries it."""
    mine, other = socket.socketpair()
    os.dup2(mine.fileno(), 50)
    signal.signal(signal.SIGRTMIN, lambda *_: None)
    fcntl.fcntl(50, 10, signal.SIGRTMIN)  # F_SETSIG, which Python does not name.
    fcntl.fcntl(50, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(50, fcntl.F_SETFL, os.O_ASYNC)
    for _ in range(int(times)):
        other.send(b"x")
        os.read(50, 1)


def _child(status: str) -> None:
    """A child that ends with a status, which a handler of SIGCHLD is told."""
    signal.signal(signal.SIGCHLD, lambda *_: None)
    if not (child := os.fork()):
        os._exit(int(status))
    os.waitpid(child, 0)


def _asynchronous(descriptor: str) -> None:
    """A byte that comes into a pipe, whose reading end has that number and sends SIGUSR1."""
    signal.signal(signal.SIGUSR1, lambda *_: None)
    reading, writing = os.pipe()
    end = os.dup2(reading, int(descriptor))
    fcntl.fcntl(end, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(end, 10, int(signal.SIGUSR1))  # F_SETSIG
    fcntl.fcntl(end, fcntl.F_SETFL, os.O_ASYNC)
    os.write(writing, b"x")


def _identity() -> None:
    """Says who it is, as Python's os module knows it, and calls getppid once."""
    os.nice(5)
    cpu = min(os.sched_getaffinity(0))
    os.sched_setaffinity(0, [cpu])
    thread = threading.Thread(target=time.sleep, args=(0.2,))
    thread.start()
    words = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    print(
        json.dumps({
            "pr_pid": os.getpid(), "pr_ppid": os.getppid(), "pr_pgid": os.getpgid(0), "pr_sid": os.getsid(0),
            "pr_uid": os.getuid(), "pr_euid": os.geteuid(), "pr_gid": os.getgid(), "pr_egid": os.getegid(),
            "pr_nlwp": 2, "pr_lwpid": threading.get_native_id(), "pr_onpro": cpu, "pr_bindpro": cpu,
            "pr_fname": NAME, "pr_psargs": Path("/proc/self/cmdline").read_text().rstrip("\0").replace("\0", " "),
            "pr_argc": Path("/proc/self/cmdline").read_text().count("\0"), "pr_argv": int(words[25]) + 8,
        }),
        flush=True,
    )  # fmt: skip
    thread.join()


KINDS: dict[str, Callable[..., None]] = {
    "fork": _fork,
    "exec": _exec,
    "nofork": _nofork,
    "threads": _threads,
    "signals": _signals,
    "killed": _killed,
    "arrivals": _arrivals,
    "child": _child,
    "asynchronous": _asynchronous,
    "identity": _identity,
}
