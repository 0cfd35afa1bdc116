"""Names of code that a process made itself: the file /tmp/perf-PID.map, which Java, Node and others write.

Each line is an address, a size (both hexadecimal) and a name (tools/perf/Documentation/jit-interface.txt in Linux).
"""

from __future__ import annotations

import time
from pathlib import Path

from dtrans.run.processes.elf import SymbolTable

#: Seconds after which a file is looked at again.
_PERF_MAP_AGE = 0.1


class PerfMap:
    """The names that one process has written so far; they stay when it has ended."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._table = SymbolTable([])
        self._seen: tuple[int, int] | None = None
        self._read_at = -1.0

    def find(self, address: int) -> tuple[str, int] | None:
        """The name of an address, and the offset in it."""
        if time.monotonic() - self._read_at > _PERF_MAP_AGE:
            self._read()
            self._read_at = time.monotonic()
        return self._table.find(address)

    def _read(self) -> None:
        for path in _places(self._pid):
            try:
                status = path.stat()
                if (status.st_mtime_ns, status.st_size) != self._seen:
                    symbols = [made for line in path.read_text(errors="replace").splitlines() if (made := _line(line))]
                    # Code that was thrown away leaves its line behind: the last one of an address counts.
                    self._table = SymbolTable(symbols[::-1])
                    self._seen = status.st_mtime_ns, status.st_size
            except OSError:
                continue
            return


def _places(pid: int) -> list[Path]:
    """The file as the process sees it, by the number that it has in its own container; and as we do."""
    own = pid
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("NSpid:"):
                own = int(line.split()[-1])
    except OSError:
        pass
    return [Path(f"/proc/{pid}", f"root/tmp/perf-{own}.map"), Path(f"/tmp/perf-{pid}.map")]


def _line(line: str) -> tuple[int, int, str] | None:
    start, _, rest = line.partition(" ")
    size, _, name = rest.partition(" ")
    try:
        return int(start, 16), int(size, 16), name.strip()
    except ValueError:
        return None
