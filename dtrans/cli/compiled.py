"""Compiles a request, or finds what it was compiled to before.

An artifact follows from the D text, the arguments and options, the kernel, the tables and the compiler itself. The hash
of all of them is its key in the cache, so that a second start neither parses nor compiles.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from dtrans.artifact import Artifact
from dtrans.cache import cache_key, cached, file_stamps
from dtrans.data import data_dir
from dtrans.kept import from_plain, to_plain
from dtrans.request import Request, own_macros
from dtrans.run.kernel.host import kernel_fingerprint
from dtrans.typed import Any

_PACKAGE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))


def compiled_artifact(request: Request) -> Artifact:
    """The artifact of a request on the running kernel. Raises DtransError."""

    def compile_it() -> Any:
        from dtrans.knowledge.load import load
        from dtrans.pipeline import Pipeline
        from dtrans.run.kernel.host import HostFacts

        return to_plain(Pipeline(request, HostFacts(), load()).artifact)

    return from_plain(cached("artifact", cache_key(_parts(request)), compile_it))


def _parts(request: Request) -> Iterator[str]:
    yield kernel_fingerprint()
    for source in (*request.libraries, *request.sources):
        yield source.name
        yield source.text
        yield repr(source.origins)
    yield repr((request.args, request.script, sorted(request.options.items()), request.target, request.zero_matches))
    macros = own_macros() if request.macros is None else request.macros
    # They differ from start to start, and count only where a program names them: $uid, $$uid.
    named = [
        name for name in macros if any(f"${name}" in source.text for source in (*request.libraries, *request.sources))
    ]
    yield repr(sorted((name, macros[name]) for name in named))
    for folder in (_PACKAGE, data_dir("translators"), data_dir("templates")):
        yield from file_stamps(folder)
