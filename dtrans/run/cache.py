"""Compiled objects and other results of slow work, kept on disk for the next start.

An entry is one file named by its kind and the hash of all that its content depends on: nothing is ever out of date.
The folder is the user's own. Since root loads what it finds there into the kernel, a folder or an entry that anyone
else could have written is not used. No fault of the cache is ever an error: the work is then done again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

#: Starts each entry; then the SHA-256 of the content, which tells a damaged entry, and the content.
_ENTRY_MAGIC = b"dtrans cache 1\n"
_HASH_BYTES = 32
#: Beyond either, the entries that were not used for longest are removed.
CACHE_BYTES, CACHE_ENTRIES = 64 << 20, 1000
_SYSTEM_CACHE = Path("/var/cache/dtrans")


def cache_folder() -> Path | None:
    """The folder of the cache, made if need be; None when there is none that is safe to use.

    ``$XDG_CACHE_HOME/dtrans``; without it /var/cache/dtrans for root and ``~/.cache/dtrans`` for others.
    """
    places = []
    if home := os.environ.get("XDG_CACHE_HOME"):
        places.append(Path(home) / "dtrans")
    elif os.geteuid() == 0:
        places.append(_SYSTEM_CACHE)
    with contextlib.suppress(RuntimeError):  # There is no home folder.
        places.append(Path.home() / ".cache" / "dtrans")
    for place in places:
        with contextlib.suppress(OSError):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _is_ours(place.stat()) and os.access(place, os.W_OK | os.X_OK):
                return place
    return None


def _is_ours(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def cache_key(parts: Iterable[str | bytes]) -> str:
    """A key from everything that a result depends on."""
    digest = hashlib.sha256()
    for part in parts:
        # A script may have bytes that are no text (`surrogateescape`).
        raw = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        digest.update(b"%d:" % len(raw))
        digest.update(raw)
    return digest.hexdigest()


def read_cached(kind: str, key: str) -> bytes | None:
    """The content of an entry, or None."""
    folder = cache_folder()
    if folder is None:
        return None
    path = folder / f"{kind}-{key}"
    try:
        with path.open("rb") as file:
            if not _is_ours(os.fstat(file.fileno())):
                return None
            data = file.read()
        os.utime(path)  # Marks its use, for the order of removal.
    except OSError:
        return None
    start = len(_ENTRY_MAGIC) + _HASH_BYTES
    content = data[start:]
    if not data.startswith(_ENTRY_MAGIC) or hashlib.sha256(content).digest() != data[len(_ENTRY_MAGIC) : start]:
        return None
    return content


def write_cached(kind: str, key: str, content: bytes) -> None:
    """Keeps a content; readers see the whole of it or nothing."""
    folder = cache_folder()
    if folder is None:
        return
    path = folder / f"{kind}-{key}"
    draft = folder / f".draft-{os.getpid()}-{kind}-{key}"
    with contextlib.suppress(OSError):
        try:
            with draft.open("xb") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(_ENTRY_MAGIC + hashlib.sha256(content).digest() + content)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        _evict(folder)


def cached(kind: str, key: str, make: Callable[[], bytes]) -> bytes:
    """The entry's content, made and kept when there is none. `kind` is a word, `key` from `cache_key`.

    Raises what `make` raises.
    """
    content = read_cached(kind, key)
    if content is None:
        content = make()
        write_cached(kind, key, content)
    return content


def _evict(folder: Path) -> None:
    entries = []
    for entry in os.scandir(folder):
        with contextlib.suppress(OSError):
            status = entry.stat(follow_symlinks=False)
            entries.append((status.st_mtime_ns, status.st_size, entry.path))
    entries.sort(reverse=True)
    total = 0
    for number, (_, size, path) in enumerate(entries):
        total += size
        if total > CACHE_BYTES or number >= CACHE_ENTRIES:
            with contextlib.suppress(OSError):
                Path(path).unlink()
