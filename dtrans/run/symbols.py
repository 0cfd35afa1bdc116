"""Names of addresses, in dtrace's form: ``vmlinux`vfs_read+0x1c``, ``libc.so.6`read+0x10``, ``0x7f3c00001234``.

Kernel names come from /proc/kallsyms. A process's come from its memory map, read when an address of it is first asked
for and kept for when it has ended, and from the symbol tables of the files that it maps, with separate debug
information by build id where that is installed. C++ and Rust names are shown as they stand in the file.
"""

from __future__ import annotations

import os
import time
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from dtrans.run.elf import ElfFile, SymbolTable

_KERNEL_MODULE = "vmlinux"
#: Below are per-CPU offsets, not addresses.
_KERNEL_START = 1 << 63
#: Seconds after which the map of a living process is read again for an address that it lacks, at first and later: a new
#: process maps its libraries in its first milliseconds, and may have ended soon after.
_FIRST_MAP_AGE, _MAP_AGE = 0.001, 0.5


def place_name(module: str, symbol: str, offset: int) -> str:
    """As dtrace prints a place (libdtrace dt_consume.c, dt_print_stack): no offset at the start of a function."""
    return f"{module}`{symbol}+{offset:#x}" if offset else f"{module}`{symbol}"


class KernelSymbols:
    """The symbols of the kernel and its modules. Without privileges it shows no addresses: nothing is found then."""

    @cached_property
    def _table(self) -> SymbolTable:
        symbols, seen = [], set()
        with Path("/proc/kallsyms").open() as lines:
            for line in lines:
                address, _, name, *module = line.split()
                start = int(address, 16)
                # Padding before functions has names of its own; a place has one name.
                if start >= _KERNEL_START and start not in seen and not name.startswith("__pfx_"):
                    seen.add(start)
                    symbols.append((start, 0, f"{module[0][1:-1] if module else _KERNEL_MODULE}`{name}"))
        return SymbolTable(symbols)

    def name(self, address: int) -> str:
        """``module`function+offset``, or the address in hexadecimal."""
        found = self._table.find(address) if address >= _KERNEL_START else None
        if found is None:
            return f"{address:#x}"
        module, _, symbol = found[0].partition("`")
        return place_name(module, symbol, found[1])


# --- processes ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Mapping:
    start: int
    end: int
    offset: int
    path: str


class _ProcessMap:
    """What a process had mapped when it was last looked at."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._mappings: list[_Mapping] = []
        self._starts: list[int] = []
        self._read_at = -1.0
        self._age = _FIRST_MAP_AGE

    def find(self, address: int) -> _Mapping | None:
        found = self._find(address)
        if found is None and time.monotonic() - self._read_at > self._age:
            self._read()  # It may have loaded a library since.
            self._age = min(self._age * 2, _MAP_AGE)
            found = self._find(address)
        return found

    def _find(self, address: int) -> _Mapping | None:
        at = bisect_right(self._starts, address) - 1
        if at >= 0 and address < self._mappings[at].end:
            return self._mappings[at]
        return None

    def _read(self) -> None:
        self._read_at = time.monotonic()
        mappings = []
        try:
            text = Path(f"/proc/{self._pid}/maps").read_text(errors="surrogateescape")
        except OSError:
            return  # It has ended: what is known of it stays.
        for line in text.splitlines():
            extent, permissions, offset, _, _, *path = line.split(maxsplit=5)
            if "x" in permissions:
                start, _, end = extent.partition("-")
                mappings.append(_Mapping(int(start, 16), int(end, 16), int(offset, 16), path[0] if path else ""))
        if mappings:  # An ended process that its parent has not asked for has an empty map.
            self._mappings = mappings
            self._starts = [mapping.start for mapping in mappings]

    def file_of(self, mapping: _Mapping) -> Path:
        """Where to read the mapped file: below the process's own root, as it may be in a container."""
        inside = Path(f"/proc/{self._pid}/root{mapping.path}")
        return inside if inside.exists() else Path(mapping.path)


class Symbols:
    """The names of kernel and user addresses.

    `known_as` gives the ids under which this process knows others, where programs see other ids (containers); 0 stands
    for the target process.
    """

    def __init__(self, known_as: Mapping[int, int] | None = None) -> None:
        self._known_as = known_as or {}

    @cached_property
    def _kernel(self) -> KernelSymbols:
        return KernelSymbols()

    @cached_property
    def _processes(self) -> dict[int, _ProcessMap]:
        return {}

    @cached_property
    def _files(self) -> dict[tuple[int, int] | str, ElfFile]:
        return {}

    def kernel(self, address: int) -> str:
        """The name of a kernel address."""
        return self._kernel.name(address)

    def watch(self, pid: int) -> None:
        """Looks at the map of a process now, so that its addresses can be named when it has ended."""
        self._process(pid).find(0)

    def user(self, pid: int, address: int) -> str:
        """The name of an address in a process: ``object`function+offset``, ``object`0xaddress`` or ``0xaddress``."""
        process = self._process(self._known_as.get(pid, pid))
        found = process.find(address)
        if found is None:
            return f"{address:#x}"
        module = os.path.basename(found.path.removesuffix(" (deleted)"))  # noqa: PTH119 (not a path: "[vdso]")
        if not module:
            return f"{address:#x}"
        symbol = self._file(process.file_of(found)).find(address - found.start + found.offset)
        return place_name(module, *symbol) if symbol else f"{module}`{address:#x}"

    def _process(self, pid: int) -> _ProcessMap:
        if pid not in self._processes:
            self._processes[pid] = _ProcessMap(pid)
        return self._processes[pid]

    def _file(self, path: Path) -> ElfFile:
        key: tuple[int, int] | str
        try:
            status = path.stat()
            key = status.st_dev, status.st_ino
        except OSError:
            key = str(path)
        if key not in self._files:
            self._files[key] = ElfFile(path)
        return self._files[key]
