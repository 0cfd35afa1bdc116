"""Compiles a request, or finds what it was compiled to before.

An artifact follows from the D text, the arguments and options, the kernel, the tables and the compiler itself. The hash
of all of them is its key in the cache, so that a second start neither parses nor compiles.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from dtrans.artifact import Artifact, from_json, to_json
from dtrans.data import data_dir
from dtrans.request import Request, own_macros
from dtrans.run.cache import cache_key, read_cached, write_cached
from dtrans.run.kernel.host import kernel_fingerprint

_PACKAGE = Path(__file__).resolve().parent.parent
#: Macro variables that differ from start to start: they count only where a program names them.
_MACRO = re.compile(r"\$\$?([a-z]+)")


def compiled_artifact(request: Request) -> Artifact:
    """The artifact of a request on the running kernel. Raises DtransError."""
    key = cache_key(_parts(request))
    known = read_cached("artifact", key)
    if known is not None:
        return from_json(known.decode())
    from dtrans.knowledge.load import load
    from dtrans.pipeline import Pipeline
    from dtrans.run.kernel.host import HostFacts

    artifact = Pipeline(request, HostFacts(), load()).artifact
    write_cached("artifact", key, to_json(artifact).encode())
    return artifact


def _parts(request: Request) -> Iterator[str]:
    yield kernel_fingerprint()
    for source in (*request.libraries, *request.sources):
        yield source.name
        yield source.text
        yield repr(source.origins)
    yield repr((request.args, request.script, sorted(request.options.items()), request.target, request.zero_matches))
    macros = own_macros() if request.macros is None else request.macros
    named = {name for source in (*request.libraries, *request.sources) for name in _MACRO.findall(source.text)}
    yield repr(sorted((name, value) for name, value in macros.items() if name in named))
    for folder in (_PACKAGE, data_dir("translators"), data_dir("templates")):
        yield from _stamps(folder)


def _stamps(folder: Path | str) -> Iterator[str]:
    """Path, size and time of change of every file below a folder, compiled Python left out."""
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda one: one.name):
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in ("__pycache__", "_data"):
                    yield from _stamps(entry.path)
            else:
                status = entry.stat()
                yield f"{entry.path} {status.st_size} {status.st_mtime_ns}"
