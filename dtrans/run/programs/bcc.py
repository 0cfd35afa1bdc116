"""Where BCC is, and which: a start that finds its program compiled asks for no more of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from dtrans.errors import fail

_PACKAGES = "install the package python3-bpfcc (Debian, Ubuntu), python3-bcc (Fedora, RHEL) or python-bcc (Arch)"
_SYSTEM_FOLDERS = ("/usr/lib/python3/dist-packages", "/usr/local/lib/python3/dist-packages")
_SYSTEM_PATTERNS = ("lib/python3*/site-packages", "lib64/python3*/site-packages", "local/lib/python3*/*-packages")


def bcc_folder() -> Path:
    """The folder of BCC's Python package, this Python's own or the distribution's.

    BCC is plain Python over libbcc.so, so that any Python 3 can use the distribution's. Raises D_NO_BCC.
    """
    unrelated = ""
    for place in _bcc_places():
        package = place / "bcc"
        if (package / "libbcc.py").is_file():
            return package
        if package.is_dir() or (place / "bcc.py").is_file():
            unrelated = str(place)
    if unrelated:
        raise fail(
            "D_NO_BCC",
            f"the Python package 'bcc' in {unrelated} is not the BPF Compiler Collection (the one on PyPI is another)",
            hint=_PACKAGES,
        )
    raise fail("D_NO_BCC", "BCC, the BPF Compiler Collection, is not installed", hint=_PACKAGES)


def _bcc_places() -> Iterator[Path]:
    yield from (Path(entry) for entry in sys.path if entry)
    yield from map(Path, _SYSTEM_FOLDERS)
    for pattern in _SYSTEM_PATTERNS:
        yield from sorted(Path("/usr").glob(pattern), reverse=True)


def bcc_identity() -> str:
    """What tells one installed BCC from another, without importing it: for the keys of caches. Raises D_NO_BCC."""
    folder = bcc_folder()
    version = folder / "version.py"
    try:
        text, changed = version.read_text(), version.stat().st_mtime_ns
    except OSError:
        text, changed = "", (folder / "libbcc.py").stat().st_mtime_ns
    return f"{folder} {changed} {text}"
