"""Loads of known size: a process that does one thing an exact number of times, when it is told to.

As a command for ``-c`` it starts at once::

    dtrans run -c "python3 tests/loads.py getppid 1000" -n 'syscall::getppid:entry /pid == $target/ { @ = count(); }'

From a test it is started held, so that a tracer can be in place before it begins::

    with Load("write", 100, 512) as load:
        ...                    # attach, with -p load.pid
        load.go()              # 100 writes of 512 bytes to /dev/null, then exit

Every load runs under the name `NAME` (execname), and apart from what its row says does only what any process does that
starts and ends.
"""

from __future__ import annotations

import ctypes
import shlex
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

NAME = "dtransload"


class Load:
    """A held load as a child process. `pid` is its process."""

    def __init__(self, kind: str, *arguments: int | str | Path) -> None:
        self._process = subprocess.Popen(
            [*command(kind, *arguments), "--held"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.pid = self._process.pid
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def go(self, timeout: float = 240.0) -> None:
        """Lets it do its work, and waits for its end."""
        self._process.communicate("go\n", timeout=timeout)
        assert self._process.returncode == 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


def command(kind: str, *arguments: int | str | Path) -> list[str]:
    """The command line of a load that starts at once."""
    # -S -E: no site packages, so that start-up is short and the same everywhere.
    return [sys.executable, "-S", "-E", str(Path(__file__).resolve()), kind, *map(str, arguments)]


def line(kind: str, *arguments: int | str | Path) -> str:
    """The same as one text, for ``-c``."""
    return shlex.join(command(kind, *arguments))


def main(arguments: list[str]) -> None:
    # From the project's root, whatever the way that it was started.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from tests.kinds import KINDS

    held = arguments[-1] == "--held"
    ctypes.CDLL(None).prctl(15, NAME.encode(), 0, 0, 0)  # PR_SET_NAME
    if held:
        print("ready", flush=True)
        sys.stdin.readline()
    kind, *rest = arguments[:-1] if held else arguments
    KINDS[kind](*rest)


if __name__ == "__main__":
    main(sys.argv[1:])
