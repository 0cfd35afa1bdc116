"""Files read in one call, without `pathlib`: that takes longer to import than a start has for all of its reading."""

from __future__ import annotations


def read_text(path: str) -> str:
    """The text of a file, one of the kernel's say. Raises OSError."""
    with open(path, encoding="utf-8") as file:
        return file.read()


def read_bytes(path: str) -> bytes:
    """The bytes of a file. Raises OSError."""
    with open(path, "rb", buffering=0) as file:
        return file.read()
