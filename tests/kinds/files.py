"""Files and disks: through the page cache, past it, and by every operation once."""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def _disk(times: str, size: str, path: str) -> None:
    """Writes of `size` bytes to a file, each on the disk before the next."""
    with Path(path).open("wb", buffering=0) as file:
        for _ in range(int(times)):
            file.write(b"x" * int(size))
            os.fsync(file.fileno())


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


@contextmanager
def _fresh(folder: str, *names: str) -> Iterator[None]:
    """Without files of these names before and after. Another process removes them, whose operations are not counted."""

    def remove() -> None:
        paths = [os.path.join(folder, name) for name in names]
        os.waitpid(os.posix_spawn("/bin/rm", ["rm", "-rf", *paths], os.environ), 0)

    remove()
    yield
    remove()


def _vnodes(folder: str) -> None:
    """Operations on files, below `folder`, each as often as tests/live/providers/test_vfs.py has it."""
    with _fresh(folder, "one", "folder", "pipe", "symbolic", "hard", "renamed"):
        _by_vnodes(folder)


def _by_vnodes(folder: str) -> None:
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
    """Each operation on files once or a known number of times, all below `folder`: see
    tests/live/providers/test_fsinfo.py."""
    with _fresh(folder, "one", "two", "three"):
        _by_names(folder)


def _by_names(folder: str) -> None:
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
    "disk": _disk,
    "direct": _direct,
    "pagein": _pagein,
    "mapped": _mapped,
    "device": _device,
    "vnodes": _vnodes,
    "files": _files,
}
