"""C texts of guests are compiled by the host, which is many times faster: a folder that both share, and a server.

A guest puts a text into the folder, ``KEY.c``, and takes out ``KEY.object``, or finds ``KEY.failed`` and compiles it
itself, for the reason. What is compiled is the same for all kernels of a machine: it has nothing of the host's in it.

    with serving(folder, machine): ...                    the server, on the host
    use_host()                                            in a guest, before anything is compiled
"""

from __future__ import annotations

import hashlib
import marshal
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from dtrans.run.programs.objects import Object

#: The variable of a guest's environment that names the folder.
VARIABLE = "DTRANS_LAB_COMPILER"
_POLL_SECONDS = 0.1
#: A host so busy that it takes minutes is still many times faster than its guest.
_TOO_LONG = 1200.0


def use_host() -> None:
    """Lets the host compile for this process, where the environment names a folder for it."""
    if place := os.environ.get(VARIABLE):
        from dtrans.run.programs import compile as compiling

        here = compiling.compile_object

        def compile_object(c_text: str, machine: str = "") -> Object:
            return _asked(Path(place), c_text) or here(c_text, machine)

        compiling.compile_object = compile_object


def _asked(folder: Path, text: str) -> Object | None:
    """What the host made of a text; None if it cannot be had."""
    raw = text.encode("utf-8", "surrogateescape")
    asking = folder / f"{hashlib.sha256(raw).hexdigest()}-{os.getpid()}.c"
    _put(asking, raw)
    made, failed = asking.with_suffix(".object"), asking.with_suffix(".failed")
    end = time.monotonic() + _TOO_LONG
    while not (failed.exists() or made.exists()) and time.monotonic() < end:
        time.sleep(_POLL_SECONDS)
    return Object.from_plain(marshal.loads(made.read_bytes())) if made.exists() else None


def _put(path: Path, content: bytes) -> None:
    """Writes a file that is whole as soon as it is there."""
    draft = path.with_suffix(".draft")
    draft.write_bytes(content)
    draft.rename(path)


@contextmanager
def serving(folder: Path, machine: str) -> Iterator[None]:
    """The host's compiler for a guest of a machine, as a process of its own."""
    server = subprocess.Popen([sys.executable, "-m", "tests.vm.compiler", folder, machine])
    try:
        yield
    finally:
        server.terminate()
        server.wait()


def serve(folder: Path, compile_text: Callable[[str], Object]) -> None:
    """Compiles what guests ask for, until it is stopped."""
    while True:
        for asking in folder.glob("*.c"):
            text = asking.read_bytes().decode("utf-8", "surrogateescape")
            asking.unlink()
            try:
                _put(asking.with_suffix(".object"), marshal.dumps(compile_text(text).to_plain()))
            except Exception as error:  # noqa: BLE001 (the guest compiles it once more and says what is wrong)
                _put(asking.with_suffix(".failed"), str(error).encode())
        time.sleep(_POLL_SECONDS)


if __name__ == "__main__":
    from dtrans.run.programs.compile import compile_object

    serve(Path(sys.argv[1]), partial(compile_object, machine=sys.argv[2]))
