"""Finds and loads `translators/`, through a cache keyed by the files' times and sizes.

    load()  ->  Knowledge(providers={"io": ProviderRow(...), ...}, ...)

The files are the truth; the cache is the same rows as JSON in the user's cache folder. It is read only when no one else
could have written it, and any fault in it or in writing it just means that the files are parsed.
"""

from __future__ import annotations

import contextlib
import os
import stat
from functools import lru_cache
from pathlib import Path

from dtrans import __version__
from dtrans.data import data_dir
from dtrans.knowledge.cache import decode, encode
from dtrans.knowledge.rows import Knowledge

#: Part of the key: raised when the shape of the rows changes.
_FORMAT = 11


@lru_cache(maxsize=1)
def load() -> Knowledge:
    """All rows. Raises D_DATA when the folder is missing and D_KNOWLEDGE for a mistake in a file."""
    return load_from(data_dir("translators"), _cache_file())


def load_from(root: Path, cache: Path | None) -> Knowledge:
    """The rows of a folder, through a cache file; None for no cache."""
    if cache is None:
        return _parse(root)
    key = _key(root)
    content = _read(cache, key)
    if content is not None:
        with contextlib.suppress(ValueError, TypeError, KeyError, IndexError, AttributeError):
            return decode(content)
    knowledge = _parse(root)
    _write(cache, key, encode(knowledge))
    return knowledge


def _parse(root: Path) -> Knowledge:
    from dtrans.knowledge.read import read_knowledge

    return read_knowledge(root)


def _key(root: Path) -> bytes:
    """What tells one state of the files from another, in one line: their names, sizes and times."""
    parts = [f"{_FORMAT} {__version__} {root}"]
    for folder in (root, root / "providers", root / "structures", root / "syscalls"):
        with contextlib.suppress(OSError):
            entries = [(entry.name, entry.stat()) for entry in os.scandir(folder) if entry.name.endswith(".toml")]
            parts += sorted(f"{name} {status.st_size} {status.st_mtime_ns}" for name, status in entries)
    return "; ".join(parts).replace("\n", " ").encode()


# --- the cache file: the key on a line of its own, then the JSON ------------------------------------


def _cache_file() -> Path | None:
    base = os.environ.get("XDG_CACHE_HOME", "")
    home = os.environ.get("HOME", "")
    if base.startswith("/"):
        return Path(base) / "dtrans" / "knowledge.json"
    return Path(home) / ".cache" / "dtrans" / "knowledge.json" if home.startswith("/") else None


def _read(cache: Path, key: bytes) -> bytes | None:
    try:
        with cache.open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                return None
            first, _, content = file.read().partition(b"\n")
    except OSError:
        return None
    return content if first == key else None


def _write(cache: Path, key: bytes, content: bytes) -> None:
    draft = cache.with_name(f".{cache.name}-{os.getpid()}")
    with contextlib.suppress(OSError):
        cache.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with draft.open("xb") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(key + b"\n" + content)
            draft.replace(cache)
        finally:
            draft.unlink(missing_ok=True)
