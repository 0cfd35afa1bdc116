"""Finds and loads `translators/`; what the files come to is kept in the cache.

load()  ->  Knowledge(providers={"io": ProviderRow(...), ...}, ...)
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from dtrans.cache import cache_key, cached, file_stamps
from dtrans.data import data_dir
from dtrans.knowledge.plain import from_plain, to_plain
from dtrans.knowledge.rows import Knowledge


@lru_cache(maxsize=1)
def load() -> Knowledge:
    """All rows. Raises D_DATA when the folder is missing and D_KNOWLEDGE for a mistake in a file."""
    return load_from(Path(data_dir("translators")))


def load_from(root: Path) -> Knowledge:
    """The rows of a folder."""
    # They follow from the files and from the code that reads them, which is here.
    key = cache_key((*file_stamps(str(root)), *file_stamps(str(Path(__file__).resolve().parent))))
    return from_plain(cached("knowledge", key, lambda: to_plain(_parse(root))))


def _parse(root: Path) -> Knowledge:
    from dtrans.knowledge.read import read_knowledge

    return read_knowledge(root)
