"""Loads of known size: a process that does one thing an exact number of times, when it is told to.

As a command for ``-c`` it starts at once::

    dtrans run -c "python3 tests/loads.py getppid 1000" -n 'syscall::getppid:entry /pid == $target/ { @ = count(); }'

From a test it is started held, so that a tracer can be in place before it begins::

    with Load("write", 100, 512) as load:
        ...                    # attach, with -p load.pid
        load.go()              # 100 writes of 512 bytes to /dev/null, then exit

Every load runs under the name `NAME` (execname), and apart from what its row says does only what any process does that
starts and ends.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import mmap
import os
import resource
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

NAME = "dtransload"


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
    for descriptor, path, flags in ((5, b"", 0x1000), (-100, b"/etc", 0), (-100, b"/tmp", 0x100)):
        call(numbers["statx"], ctypes.c_int(descriptor), path, flags, 0, here)
    call(numbers["setuid"], ctypes.c_uint(0xFFFFFFFE))


def _fault(pages: str) -> None:
    """First touches of that many fresh anonymous pages."""
    with mmap.mmap(-1, int(pages) * mmap.PAGESIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.madvise(15)  # MADV_NOHUGEPAGE: a fault for each small page
        for page in range(int(pages)):
            memory[page * mmap.PAGESIZE] = 1


def _disk(times: str, size: str, path: str) -> None:
    """Writes of `size` bytes to a file, each on the disk before the next."""
    with Path(path).open("wb", buffering=0) as file:
        for _ in range(int(times)):
            file.write(b"x" * int(size))
            os.fsync(file.fileno())


def _sleep(times: str, seconds: str) -> None:
    for _ in range(int(times)):
        time.sleep(float(seconds))


def _spin(seconds: str) -> None:
    """Uses that much processor time."""
    end = time.process_time() + float(seconds)
    while time.process_time() < end:
        pass


def _spin_everywhere(seconds: str) -> None:
    """Uses that much processor time on each CPU in turn."""
    for cpu in sorted(os.sched_getaffinity(0)):
        os.sched_setaffinity(0, [cpu])
        _spin(seconds)


def _together(children: int, work: Callable[[int], None]) -> None:
    """Runs `work` in some child processes at the same time, spread over the CPUs."""
    started, cpus = [], sorted(os.sched_getaffinity(0))
    gate, opener = os.pipe()
    for number in range(children):
        if not (child := os.fork()):
            os.close(opener)
            os.read(gate, 1)  # Ends when all have been started.
            os.sched_setaffinity(0, [cpus[number % len(cpus)]])
            work(number)
            os._exit(0)
        started.append(child)
    os.close(opener)
    for child in started:
        os.waitpid(child, 0)


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

    _together(2, work)


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

    _together(3, work)


def _pages(times: str, megabytes: str) -> None:
    """Four processes that get and give back memory, which the kernel keeps under one spin lock."""

    def work(number: int) -> None:
        size = int(megabytes) << 20
        for _ in range(int(times)):
            mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x8000).close()  # MAP_POPULATE

    _together(4, work)


def _several(*steps: str) -> None:
    """Other loads, one after the other: each a text of words."""
    for step in steps:
        kind, *arguments = step.split()
        KINDS[kind](*arguments)


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


def _direct(times: str, size: str, path: str) -> None:
    """Writes and reads of `size` bytes past the page cache, one after the other."""
    with mmap.mmap(-1, int(size), mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.write(b"x" * int(size))
        for flags, move in ((os.O_RDWR | os.O_CREAT, os.pwritev), (os.O_RDONLY, os.preadv)):
            file = os.open(path, flags | os.O_DIRECT)
            for number in range(int(times)):
                move(file, [memory], number * int(size))
            os.close(file)


def _pagein(times: str, path: str, mode: str) -> None:
    """Pages that are written to a file with `mode` (octal), then read back from the disk one by one."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    os.fchmod(file, int(mode, 8))
    os.write(file, bytes(int(times) * 4096))
    os.fsync(file)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_RANDOM)  # No read-ahead.
    for number in range(int(times)):
        os.pread(file, 1, number * 4096)
    os.close(file)


def _mapped(pages: str, path: str) -> None:
    """First touches of a mapped file's pages, which are not in memory."""
    size = int(pages) << 20  # Far apart.
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    for place in range(0, size, 1 << 20):
        os.pwrite(file, b"x" * 4096, place)
    os.ftruncate(file, size)
    os.fsync(file)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    with mmap.mmap(file, size) as memory:
        memory.madvise(1)  # MADV_RANDOM: no read-ahead
        for place in range(0, size, 1 << 20):
            memory[place]


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
    import fcntl

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


def _yield(times: str) -> None:
    for _ in range(int(times)):
        os.sched_yield()


def _wander(times: str) -> None:
    """Moves from one CPU to another and back."""
    cpus = sorted(os.sched_getaffinity(0))
    for number in range(int(times) + 1):
        os.sched_setaffinity(0, [cpus[number % 2]])


def _crowd(times: str) -> None:
    """A process that works on one CPU, where another wakes up again and again and wants it, sent for from a third."""
    cpus = sorted(os.sched_getaffinity(0))
    reading, writing = os.pipe()

    def work(number: int) -> None:
        if number == 2:
            for _ in range(int(times)):
                time.sleep(0.01)
                os.write(writing, b"x")
            return
        os.sched_setaffinity(0, cpus[-1:])
        if number == 1:
            for _ in range(int(times)):
                os.read(reading, 1)
        else:
            os.nice(5)
            _spin(str(int(times) * 0.01))

    _together(3, work)


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


def _device(times: str, path: str) -> None:
    """Blocks of a disk, through its cache: each written and sent off, written and waited for, read."""
    file = os.open(path, os.O_RDWR)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_RANDOM)
    for number in range(int(times)):
        place = number << 20
        os.pwrite(file, bytes(4096), place)
        ctypes.CDLL(None).sync_file_range(file, ctypes.c_long(place), ctypes.c_long(4096), 2)  # SYNC_FILE_RANGE_WRITE
        time.sleep(0.01)
        os.pwrite(file, bytes(4096), place)
        os.fdatasync(file)
        os.posix_fadvise(file, place, 4096, os.POSIX_FADV_DONTNEED)
        os.pread(file, 4096, place)
    os.close(file)


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


def _lookup(times: str, path: str) -> None:
    """Looks a path up."""
    for _ in range(int(times)):
        with suppress(OSError):
            os.access(path, os.F_OK)


def _terminal(times: str, text: str) -> None:
    """Lines that are typed at a terminal and read there, and the same number that are written to it."""
    typist, terminal = os.openpty()
    for _ in range(int(times)):
        os.write(typist, text.encode() + b"\n")
        os.read(terminal, 1000)
        os.write(terminal, text.encode())


def _calls(folder: str) -> None:
    """Calls that FreeBSD or macOS has under other names, each as often as tests/live/test_dialects.py has it."""
    import select

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


def _vnodes(folder: str) -> None:
    """Operations on files, below `folder`, each as often as tests/live/providers/test_vfs.py has it."""
    import fcntl

    home = Path(folder)
    file = os.open(home / "one", os.O_RDWR | os.O_CREAT)
    for _ in range(3):
        os.write(file, b"x" * 100)
    os.pwrite(file, b"y" * 50, 1000)
    os.lseek(file, 0, os.SEEK_SET)
    for _ in range(4):
        os.read(file, 100)
    os.pread(file, 2000, 20)
    os.fsync(file)
    os.fdatasync(file)
    fcntl.flock(file, fcntl.LOCK_EX)
    ctypes.CDLL(None).fallocate(file, 0, ctypes.c_long(0), ctypes.c_long(8192))
    with suppress(OSError):
        fcntl.ioctl(file, 0x541B, bytes(8))  # FIONREAD
    os.fstat(file)
    mmap.mmap(file, 4096).close()
    os.close(file)
    (home / "folder").mkdir()
    os.mkfifo(home / "pipe")
    (home / "symbolic").symlink_to("one")
    (home / "hard").hardlink_to(home / "one")
    (home / "hard").rename(home / "renamed")
    (home / "renamed").unlink()
    (home / "folder").rmdir()
    os.listdir(folder)
    with suppress(OSError):
        os.rmdir(home / "missing")


def _files(folder: str) -> None:
    """Each operation on files once or a known number of times, all below `folder`: see tests/live/test_fsinfo.py."""
    import fcntl

    one, two, three = (Path(folder) / name for name in ("one", "two", "three"))
    file = os.open(one, os.O_RDWR | os.O_CREAT)
    for _ in range(3):
        os.write(file, b"x" * 100)
    os.lseek(file, 0, os.SEEK_SET)
    for _ in range(4):
        os.read(file, 90)
    os.fsync(file)
    os.ftruncate(file, 8192)
    fcntl.fcntl(file, fcntl.F_SETFL, os.O_APPEND)
    fcntl.lockf(file, fcntl.LOCK_EX)
    with suppress(OSError):
        fcntl.ioctl(file, 0x541B, bytes(8))  # FIONREAD
    os.fstat(file)
    mmap.mmap(file, 4096).close()
    os.fchmod(file, 0o600)
    os.close(file)
    one.stat()
    one.chmod(0o644)
    os.access(one, os.R_OK)
    three.mkdir()
    three.rmdir()
    two.symlink_to(one)
    two.readlink()
    two.unlink()
    two.hardlink_to(one)
    two.rename(three)
    three.unlink()
    for name in ("system.posix_acl_access", "user.other"):
        with suppress(OSError):
            os.getxattr(one, name)
        with suppress(OSError):
            os.setxattr(one, name, b"x")
    list(Path(folder).iterdir())


KINDS: dict[str, Callable[..., None]] = {
    "getppid": _getppid,
    "calls": _calls,
    "vnodes": _vnodes,
    "read": _read,
    "write": _write,
    "open": _open,
    "fork": _fork,
    "exec": _exec,
    "kill": _kill,
    "numbers": _numbers,
    "fault": _fault,
    "disk": _disk,
    "sleep": _sleep,
    "spin": _spin,
    "spin-everywhere": _spin_everywhere,
    "shared": _shared,
    "append": _append,
    "pages": _pages,
    "several": _several,
    "message": _message,
    "semaphore": _semaphore,
    "nofork": _nofork,
    "direct": _direct,
    "pagein": _pagein,
    "mapped": _mapped,
    "threads": _threads,
    "signals": _signals,
    "killed": _killed,
    "arrivals": _arrivals,
    "child": _child,
    "asynchronous": _asynchronous,
    "identity": _identity,
    "yield": _yield,
    "crowd": _crowd,
    "wander": _wander,
    "inherit": _inherit,
    "device": _device,
    "unmap": _unmap,
    "copy": _write_copied,
    "reserve": _reserve,
    "forbidden": _forbidden,
    "squeeze": _squeeze,
    "lookup": _lookup,
    "terminal": _terminal,
    "files": _files,
}


class Load:
    """A held load as a child process. `pid` is its process."""

    def __init__(self, kind: str, *arguments: int | str | Path) -> None:
        self._process = subprocess.Popen(
            [*command(kind, *arguments), "--held"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.pid = self._process.pid
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def go(self, timeout: float = 240.0) -> None:
        """Lets it do its work, and waits for its end."""
        self._process.communicate("go\n", timeout=timeout)
        assert self._process.returncode == 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


def command(kind: str, *arguments: int | str | Path) -> list[str]:
    """The command line of a load that starts at once."""
    # -S -E: no site packages, so that start-up is short and the same everywhere.
    return [sys.executable, "-S", "-E", str(Path(__file__).resolve()), kind, *map(str, arguments)]


def line(kind: str, *arguments: int | str | Path) -> str:
    """The same as one text, for ``-c``."""
    return shlex.join(command(kind, *arguments))


def main(arguments: list[str]) -> None:
    held = arguments[-1] == "--held"
    ctypes.CDLL(None).prctl(15, NAME.encode(), 0, 0, 0)  # PR_SET_NAME
    if held:
        print("ready", flush=True)
        sys.stdin.readline()
    kind, *rest = arguments[:-1] if held else arguments
    KINDS[kind](*rest)


if __name__ == "__main__":
    main(sys.argv[1:])
