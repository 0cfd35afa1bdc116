"""The cache: results of slow work, kept on disk for the next start.

    cached("object", cache_key((text, compiler)), work)    ->    what work() gave, now or at an earlier start

There is one folder, of the user's own, and a file for each entry, named by its kind and by the hash of all that its
content depends on: nothing is ever out of date. Contents are plain values (None, numbers, strings, bytes, tuples, lists
and dictionaries of them) in the form in which Python keeps compiled modules, `marshal`. Since root loads what it finds
there into the kernel, a folder or an entry that anyone else could have written is not used. No fault of the cache is
ever an error: the work is then done again.
"""

from __future__ import annotations

import marshal
import os
import stat
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from dtrans.typed import Any

#: Starts each entry; then come the checksum of the content, by which a damaged entry is known, and the content.
_MAGIC = b"dtrans cache 2\n"
_HEAD = len(_MAGIC) + 4
#: Beyond either, the entries that were not used for longest are removed.
CACHE_BYTES, CACHE_ENTRIES = 64 << 20, 1000
_SYSTEM_CACHE = "/var/cache/dtrans"
#: An entry is written in milliseconds: a draft that is older by so much was left behind, by a kill -9 say.
_DRAFT, _DRAFT_NS = ".draft-", 60 * 10**9
#: What Python compiled, and the data of a wheel, which `dtrans.data` finds.
_LEFT_OUT = frozenset({"__pycache__", "_data"})
_SHARED = stat.S_IWGRP | stat.S_IWOTH


def cache_folder() -> str | None:
    """The folder of the cache, made if need be; None when there is none that is safe to use.

    ``$XDG_CACHE_HOME/dtrans``; without it /var/cache/dtrans for root and ``~/.cache/dtrans`` for others.
    """
    home = os.path.expanduser("~/.cache/dtrans")
    if base := os.environ.get("XDG_CACHE_HOME"):
        places = [f"{base}/dtrans", home]
    else:
        places = [_SYSTEM_CACHE, home] if os.geteuid() == 0 else [home]
    # Neither may be relative: there may be no home, and the base directory specification says so of the other.
    for place in filter(os.path.isabs, places):
        with suppress(OSError):
            if not os.path.isdir(place):
                os.makedirs(place, mode=0o700, exist_ok=True)
            if _is_ours(os.stat(place)) and os.access(place, os.W_OK | os.X_OK):
                return place
    return None


def _is_ours(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and not status.st_mode & _SHARED


def cache_key(parts: Iterable[str | bytes]) -> str:
    """A key from everything that a result depends on."""
    try:
        from _blake2 import blake2b
    except ImportError:  # `hashlib` has it too, and takes two milliseconds to load OpenSSL.
        from hashlib import blake2b
    # Python's releases may differ in how they keep values.
    digest = blake2b(f"{sys.version_info[:2]} {marshal.version}".encode(), digest_size=24)
    for part in parts:
        # A script may have bytes that are no text (`surrogateescape`).
        raw = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        digest.update(b"%d:" % len(raw))
        digest.update(raw)
    return digest.hexdigest()


def file_stamps(folder: str) -> Iterator[str]:
    """What tells one state of a folder's files from another, for keys: their names, sizes and times of change."""
    yield folder
    # By the folder's descriptor: the kernel need not walk down the path for each of some hundred files.
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    below = []
    try:
        for name in sorted(os.listdir(opened)):
            status = os.stat(name, dir_fd=opened)
            if not stat.S_ISDIR(status.st_mode):
                yield f"{name} {status.st_size} {status.st_mtime_ns}"
            elif name not in _LEFT_OUT:
                below.append(f"{folder}/{name}")
    finally:
        os.close(opened)
    for each in below:
        yield from file_stamps(each)


def read_cached(kind: str, key: str) -> Any:
    """The content of an entry, or None."""
    folder = cache_folder()
    if folder is None:
        return None
    path = f"{folder}/{kind}-{key}"
    try:
        with open(path, "rb", buffering=0) as file:
            if not _is_ours(os.fstat(file.fileno())):
                return None
            data = file.read()
        os.utime(path)  # Marks its use, for the order of removal.
    except OSError:
        return None
    if not data.startswith(_MAGIC) or data[len(_MAGIC) : _HEAD] != _checksum(memoryview(data)[_HEAD:]):
        return None
    return marshal.loads(memoryview(data)[_HEAD:])


def write_cached(kind: str, key: str, content: Any) -> None:
    """Keeps a content; readers see the whole of it or nothing."""
    folder = cache_folder()
    if folder is None:
        return
    data = marshal.dumps(content)
    path, draft = f"{folder}/{kind}-{key}", f"{folder}/{_DRAFT}{os.getpid()}-{kind}-{key}"
    with suppress(OSError):
        try:
            with open(draft, "xb") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(_MAGIC + _checksum(data) + data)
            os.replace(draft, path)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(draft)
        _evict(folder)


def cached(kind: str, key: str, make: Callable[[], Any]) -> Any:
    """The entry's content, made and kept when there is none. `kind` is a word, `key` from `cache_key`.

    Raises what `make` raises. What it gives is no None.
    """
    content = read_cached(kind, key)
    if content is None:
        content = make()
        write_cached(kind, key, content)
    return content


def _checksum(data: bytes | memoryview) -> bytes:
    return zlib.crc32(data).to_bytes(4, "little")


def _evict(folder: str) -> None:
    entries = []
    left_behind = time.time_ns() - _DRAFT_NS
    for entry in os.scandir(folder):
        with suppress(OSError):
            status = entry.stat(follow_symlinks=False)
            if entry.name.startswith(_DRAFT) and status.st_mtime_ns < left_behind:
                os.unlink(entry.path)
            else:
                entries.append((status.st_mtime_ns, status.st_size, entry.path))
    entries.sort(reverse=True)
    total = 0
    for number, (_, size, path) in enumerate(entries):
        total += size
        if total > CACHE_BYTES or number >= CACHE_ENTRIES:
            with suppress(OSError):
                os.unlink(path)
