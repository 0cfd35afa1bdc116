"""Names of addresses, in dtrace's form: ``vmlinux`vfs_read+0x1c``, ``libc.so.6`read+0x10``, ``0x7f3c00001234``.

Kernel names come from /proc/kallsyms. A process's come from its memory map, read when an address of it is first asked
for and kept for when it has ended, and from the symbol tables of the files that it maps, with separate debug
information by build id where that is installed. C++ and Rust names are shown as they stand in the file.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import struct
import time
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_KERNEL_MODULE = "vmlinux"
#: Below are per-CPU offsets, not addresses.
_KERNEL_START = 1 << 63
_PT_LOAD = 1
_SHT_SYMTAB, _SHT_NOTE, _SHT_DYNSYM = 2, 7, 11
#: Symbol types FUNC and GNU_IFUNC, and NOTYPE, which assembler routines have.
_CODE_TYPES = frozenset({0, 2, 10})
_DEBUG_FOLDER = Path("/usr/lib/debug/.build-id")
#: Seconds after which the map of a living process is read again for an address that it lacks, at first and later: a new
#: process maps its libraries in its first milliseconds, and may have ended soon after.
_FIRST_MAP_AGE, _MAP_AGE = 0.001, 0.5


def place_name(module: str, symbol: str, offset: int) -> str:
    """As dtrace prints a place (libdtrace dt_consume.c, dt_print_stack): no offset at the start of a function."""
    return f"{module}`{symbol}+{offset:#x}" if offset else f"{module}`{symbol}"


class _Table:
    """Symbols by address. Of several at one address the first stays."""

    def __init__(self, symbols: list[tuple[int, int, str]]) -> None:
        symbols.sort(key=lambda symbol: symbol[0])
        self._symbols = symbols
        self._starts = [start for start, _, _ in symbols]

    def find(self, address: int) -> tuple[str, int] | None:
        """The symbol that covers an address, and the offset in it. A size of 0 reaches to the next symbol."""
        at = bisect_right(self._starts, address) - 1
        if at < 0:
            return None
        # Several names of one place stand in the order of the file.
        first = at
        while first and self._starts[first - 1] == self._starts[at]:
            first -= 1
        for start, size, name in self._symbols[first : at + 1]:
            if not size or address < start + size:
                return name, address - start
        return None


class KernelSymbols:
    """The symbols of the kernel and its modules. Without privileges it shows no addresses: nothing is found then."""

    @cached_property
    def _table(self) -> _Table:
        symbols, seen = [], set()
        with Path("/proc/kallsyms").open() as lines:
            for line in lines:
                address, _, name, *module = line.split()
                start = int(address, 16)
                # Padding before functions has names of its own; a place has one name.
                if start >= _KERNEL_START and start not in seen and not name.startswith("__pfx_"):
                    seen.add(start)
                    symbols.append((start, 0, f"{module[0][1:-1] if module else _KERNEL_MODULE}`{name}"))
        return _Table(symbols)

    def name(self, address: int) -> str:
        """``module`function+offset``, or the address in hexadecimal."""
        found = self._table.find(address) if address >= _KERNEL_START else None
        if found is None:
            return f"{address:#x}"
        module, _, symbol = found[0].partition("`")
        return place_name(module, symbol, found[1])


# --- files ------------------------------------------------------------------------------------------------


class ElfFile:
    """The symbols of one executable or library, 64-bit or 32-bit, little-endian. A file that is none has none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._loads: list[tuple[int, int, int]] = []
        self.build_id = ""
        self._symbols: list[tuple[int, int, str]] = []
        with contextlib.suppress(OSError, ValueError, struct.error, IndexError, OverflowError):
            self._read()

    def _read(self) -> None:
        with self._path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if data[:4] != b"\x7fELF" or data[5] != 1:
                return
            wide = data[4] == 2
            if wide:
                programs, sections, _, _, size, count, section_size, section_count = struct.unpack_from(
                    "<QQIHHHHH", data, 32
                )
            else:
                programs, sections, _, _, size, count, section_size, section_count = struct.unpack_from(
                    "<IIIHHHHH", data, 28
                )
            for index in range(count):
                self._read_segment(data, programs + index * size, wide=wide)
            headers = []
            for index in range(section_count):
                at = sections + index * section_size
                if wide:
                    _, kind, _, _, offset, length, link = struct.unpack_from("<IIQQQQI", data, at)
                else:
                    _, kind, _, _, offset, length, link = struct.unpack_from("<IIIIIII", data, at)
                headers.append((kind, offset, length, link))
            for kind, offset, length, link in headers:
                if kind in (_SHT_SYMTAB, _SHT_DYNSYM):
                    self._read_symbols(data, offset, length, headers[link][1:3], wide=wide)
                elif kind == _SHT_NOTE:
                    self._read_note(data[offset : offset + length])

    def _read_segment(self, data: mmap.mmap, at: int, *, wide: bool) -> None:
        if wide:
            kind, _, offset, address, _, size = struct.unpack_from("<IIQQQQ", data, at)
        else:
            kind, offset, address, _, size = struct.unpack_from("<IIIII", data, at)
        if kind == _PT_LOAD:
            self._loads.append((offset, size, address))

    def _read_symbols(self, data: mmap.mmap, offset: int, length: int, strings: tuple[int, int], *, wide: bool) -> None:
        texts = data[strings[0] : strings[0] + strings[1]]
        table = data[offset : offset + length]
        for row in struct.iter_unpack("<IBBHQQ" if wide else "<IIIBBH", table):
            name, info, section, value, size = (row[0], row[1], row[3], row[4], row[5]) if wide else (
                row[0], row[3], row[5], row[1], row[2]
            )  # fmt: skip
            if info & 15 in _CODE_TYPES and section and value and name:
                text = texts[name : texts.index(b"\0", name)].decode(errors="replace")
                # Versioned names (read@@GLIBC_2.2.5) and mapping symbols of ARM ($x).
                if not text.startswith("$"):
                    self._symbols.append((value, size, text.partition("@")[0]))

    def _read_note(self, note: bytes) -> None:
        if len(note) >= 16:
            name_size, size, kind = struct.unpack_from("<III", note)
            if kind == 3 and note[12 : 12 + name_size] == b"GNU\0":
                self.build_id = note[16 : 16 + size].hex()

    @cached_property
    def _table(self) -> _Table:
        symbols = list(self._symbols)
        if self.build_id:
            debug = _DEBUG_FOLDER / self.build_id[:2] / f"{self.build_id[2:]}.debug"
            if debug.exists() and debug != self._path:
                symbols += ElfFile(debug)._symbols
        # Symbols without a size would take everything up to the next one: they count only where no other is.
        sized = [symbol for symbol in symbols if symbol[1]]
        return _Table(sized or symbols)

    def find(self, file_offset: int) -> tuple[str, int] | None:
        """The symbol at an offset in the file, and the offset in it."""
        for offset, size, address in self._loads:
            if offset <= file_offset < offset + size:
                return self._table.find(file_offset - offset + address)
        return None


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
