"""Where BCC is, and which: a start that finds its program compiled asks for no more of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from dtrans.errors import fail
from dtrans.files import read_text

_PACKAGES = "install the package python3-bpfcc (Debian, Ubuntu), python3-bcc (Fedora, RHEL) or python-bcc (Arch)"
_SYSTEM_FOLDERS = ("/usr/lib/python3/dist-packages", "/usr/local/lib/python3/dist-packages")
_SYSTEM_PATTERNS = (
    "/usr/lib/python3*/site-packages",
    "/usr/lib64/python3*/site-packages",
    "/usr/local/lib/python3*/*-packages",
)


def bcc_folder() -> str:
    """The folder of BCC's Python package, this Python's own or the distribution's.

    BCC is plain Python over libbcc.so, so that any Python 3 can use the distribution's. Raises D_NO_BCC.
    """
    unrelated = ""
    for place in _bcc_places():
        package = f"{place}/bcc"
        if os.path.isfile(f"{package}/libbcc.py"):
            return package
        if os.path.isdir(package) or os.path.isfile(f"{place}/bcc.py"):
            unrelated = place
    if unrelated:
        raise fail(
            "D_NO_BCC",
            f"the Python package 'bcc' in {unrelated} is not the BPF Compiler Collection (the one on PyPI is another)",
            hint=_PACKAGES,
        )
    raise fail("D_NO_BCC", "BCC, the BPF Compiler Collection, is not installed", hint=_PACKAGES)


def _bcc_places() -> Iterator[str]:
    yield from filter(None, sys.path)
    yield from _SYSTEM_FOLDERS
    from glob import glob

    for pattern in _SYSTEM_PATTERNS:
        yield from sorted(glob(pattern), reverse=True)


def bcc_identity() -> str:
    """What tells one installed BCC from another, without importing it: for the keys of caches. Raises D_NO_BCC."""
    folder = bcc_folder()
    version = f"{folder}/version.py"
    try:
        text, changed = read_text(version), os.stat(version).st_mtime_ns
    except OSError:
        text, changed = "", os.stat(f"{folder}/libbcc.py").st_mtime_ns
    return f"{folder} {changed} {text}"
