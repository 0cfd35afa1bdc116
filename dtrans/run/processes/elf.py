"""What executables and libraries say of themselves: functions, probe notes, entry point, dynamic linker.

    ElfFile(Path("libc.so.6")).functions     ->   ElfFunction("malloc", offset=0x98500, address=0x98500, size=758), ...
    ElfFile(Path("python3.11")).notes        ->   ElfNote("python", "function__entry", 0x12ab, ..., "8@%r12"), ...

64-bit and 32-bit files, little-endian. The tables are read here and not with pyelftools, the usual library for it: its
import and the 3,000 symbols of a C library take it 95 ms, where this takes 5, and a trace's start waits for them.
Formats follow the System V ABI (gabi), and for notes the page "UserSpaceProbeImplementation" of SystemTap's wiki.
"""

from __future__ import annotations

import contextlib
import mmap
import struct
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from dtrans.values import dataclass

_PT_LOAD, _PT_INTERP = 1, 3
_SHT_SYMTAB, _SHT_NOTE, _SHT_DYNSYM, _SHT_GNU_VERSYM = 2, 7, 11, 0x6FFFFFFF
_STT_NOTYPE, _STT_OBJECT, _STT_FUNC, _STT_GNU_IFUNC = 0, 1, 2, 10
#: NOTYPE is the type of assembler routines.
_CODE_TYPES = frozenset({_STT_NOTYPE, _STT_FUNC, _STT_GNU_IFUNC})
#: The symbol is not the one that a program gets that is linked today (gabi: .gnu.version).
_VERSION_HIDDEN = 0x8000
_DEBUG_FOLDER = Path("/usr/lib/debug/.build-id")
Data = mmap.mmap | bytes
#: The section of the tables by which Go's runtime goes through stacks (cmd/link); another name comes before it in
#: position-independent programs.
_MOVED = b".gopclntab"
_DAMAGED = (OSError, ValueError, struct.error, IndexError, OverflowError)


@dataclass(frozen=True, slots=True)
class ElfFunction:
    """A function: where it starts in the file, its address as the file has it, its size; all in bytes."""

    name: str
    offset: int
    address: int
    size: int


@dataclass(frozen=True, slots=True)
class ElfNote:
    """One site of a probe that a program defines (a stapsdt note): its place in the file, its address, the place of its
    semaphore in the file (0: it has none), and its arguments as the note writes them (``-4@%edi 8@16(%rbp)``)."""

    provider: str
    name: str
    offset: int
    address: int
    semaphore: int
    arguments: str


@dataclass(frozen=True, slots=True)
class _Section:
    name: int
    kind: int
    address: int
    offset: int
    size: int
    link: int


@dataclass(frozen=True, slots=True)
class _Symbol:
    address: int
    size: int
    name: str
    kind: int
    hidden: bool


class SymbolTable:
    """Symbols (address, size, name) by address. Of several at one address the first stays."""

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


class ElfFile:
    """One executable or library. A file that is none, or is damaged, has nothing. Symbols are read when needed.

    `machine` is e_machine (62 x86-64, 183 AArch64), `wide` tells 64-bit files, `entry` is the address of the entry
    point, `interpreter` the path of the dynamic linker ("" for a static program), `build_id` in hexadecimal.
    """

    def __init__(self, path: Path, data: bytes | None = None) -> None:
        self._path = path
        self._memory = data
        self.machine = self.entry = 0
        self.wide = False
        self.interpreter = self.build_id = ""
        #: Whether its functions run on stacks that are moved, with the return addresses on them, as those of Go are.
        self.moves_stacks = False
        #: Segments in memory: (offset in the file, bytes in the file, address).
        self.loads: list[tuple[int, int, int]] = []
        self._sections: list[_Section] = []
        self._notes: list[ElfNote] = []
        with contextlib.suppress(*_DAMAGED), self._data() as read:
            self._read(read)

    @classmethod
    def of(cls, data: bytes) -> ElfFile:
        """One that is not in a file."""
        return cls(Path(), data)

    @contextlib.contextmanager
    def _data(self) -> Iterator[Data]:
        if self._memory is not None:
            yield self._memory
            return
        with self._path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield data

    def _read(self, data: Data) -> None:
        if data[:4] != b"\x7fELF" or data[5] != 1:
            return
        self.wide = data[4] == 2
        head = struct.unpack_from("<HHIQQQIHHHHHH" if self.wide else "<HHIIIIIHHHHHH", data, 16)
        _, self.machine, _, self.entry, programs, sections, _, _, size, count, section_size, section_count, names = head
        for index in range(count):
            self._read_segment(data, programs + index * size)
        form = "<IIQQQQI" if self.wide else "<IIIIIII"
        rows = [struct.unpack_from(form, data, sections + index * section_size) for index in range(section_count)]
        self._sections = [_Section(name, kind, at, start, size, link) for name, kind, _, at, start, size, link in rows]
        for section in self._sections:
            label = self._sections[names].offset + section.name
            if data[label : data.find(b"\0", label)].endswith(_MOVED):
                self.moves_stacks = True
            if section.kind == _SHT_NOTE:
                self._read_notes(data, section, names)

    def _read_segment(self, data: Data, at: int) -> None:
        if self.wide:
            kind, _, offset, address, _, size = struct.unpack_from("<IIQQQQ", data, at)
        else:
            kind, offset, address, _, size = struct.unpack_from("<IIIII", data, at)
        if kind == _PT_LOAD:
            self.loads.append((offset, size, address))
        elif kind == _PT_INTERP:
            self.interpreter = data[offset : offset + size].rstrip(b"\0").decode(errors="surrogateescape")

    def _read_notes(self, data: Data, section: _Section, names: int) -> None:
        at, end = section.offset, section.offset + section.size
        while at + 12 <= end:
            name_size, size, kind = struct.unpack_from("<III", data, at)
            name = at + 12
            body = name + (name_size + 3) // 4 * 4
            match data[name : name + name_size], kind:
                case (b"GNU\0", 3):
                    self.build_id = data[body : body + size].hex()
                case (b"stapsdt\0", 3):
                    self._read_probe(data, body, size, names)
            at = body + (size + 3) // 4 * 4

    def _read_probe(self, data: Data, at: int, size: int, names: int) -> None:
        word = 8 if self.wide else 4
        address, base, semaphore = struct.unpack_from("<QQQ" if self.wide else "<III", data, at)
        provider, name, arguments, *_ = data[at + 3 * word : at + size].split(b"\0")
        # The linker moves the section .stapsdt.base with the code, so that its place tells how far the code was moved.
        texts = self._sections[names].offset
        for section in self._sections:
            label = texts + section.name
            if data[label : label + 14] == b".stapsdt.base\0":
                moved = section.address - base
                address, semaphore = address + moved, semaphore and semaphore + moved
        offset = self.offset_of(address)
        if offset is not None:
            # A semaphore is a variable: its place in the file is what the kernel finds it by in each process.
            counter = (self.offset_of(semaphore) or 0) if semaphore else 0
            self._notes.append(ElfNote(provider.decode(), name.decode(), offset, address, counter, arguments.decode()))

    @cached_property
    def _symbols(self) -> list[_Symbol]:
        found: list[_Symbol] = []
        if any(section.kind in (_SHT_SYMTAB, _SHT_DYNSYM) for section in self._sections):
            with contextlib.suppress(*_DAMAGED), self._data() as data:
                for index, section in enumerate(self._sections):
                    if section.kind in (_SHT_SYMTAB, _SHT_DYNSYM):
                        found += self._read_symbols(data, index)
        return found

    def _read_symbols(self, data: Data, index: int) -> Iterator[_Symbol]:
        section = self._sections[index]
        strings = self._sections[section.link]
        texts = data[strings.offset : strings.offset + strings.size]
        table = data[section.offset : section.offset + section.size]
        versions: tuple[int, ...] = ()
        for other in self._sections:
            if other.kind == _SHT_GNU_VERSYM and other.link == index:
                versions = struct.unpack_from(f"<{other.size // 2}H", data, other.offset)
        wide = self.wide
        for number, row in enumerate(struct.iter_unpack("<IBBHQQ" if wide else "<IIIBBH", table)):
            name, info, place, value, size = (row[0], row[1], row[3], row[4], row[5]) if wide else (
                row[0], row[3], row[5], row[1], row[2]
            )  # fmt: skip
            if (info & 15 in _CODE_TYPES or info & 15 == _STT_OBJECT) and place and value and name:
                text = texts[name : texts.index(b"\0", name)].decode(errors="replace")
                # Versioned names (read@@GLIBC_2.2.5) and mapping symbols of ARM ($x).
                if not text.startswith("$"):
                    hidden = number < len(versions) and versions[number] & _VERSION_HIDDEN != 0
                    yield _Symbol(value, size, text.partition("@")[0], info & 15, hidden)

    # --- questions --------------------------------------------------------------------------------------

    def offset_of(self, address: int) -> int | None:
        """The place in the file of an address; None for one that no part of the file is loaded at."""
        for offset, size, start in self.loads:
            if start <= address < start + size:
                return address - start + offset
        return None

    def address_of(self, offset: int) -> int | None:
        """The address at which a place in the file is loaded."""
        for start, size, address in self.loads:
            if start <= offset < start + size:
                return offset - start + address
        return None

    @property
    def notes(self) -> tuple[ElfNote, ...]:
        """The sites of the probes that the program defines, in the order of the file."""
        return tuple(self._notes)

    @cached_property
    def functions(self) -> tuple[ElfFunction, ...]:
        """All functions by address, those with separate debug information included. One of several names may be listed
        more than once; functions that are chosen when the program starts (`chosen`) are not among them."""
        found = dict[tuple[int, str], ElfFunction]()
        for symbol in self._all_symbols:
            key = symbol.address, symbol.name
            if symbol.kind == _STT_FUNC and not symbol.hidden and key not in found:
                offset = self.offset_of(symbol.address)
                if offset is not None:
                    found[key] = ElfFunction(symbol.name, offset, symbol.address, symbol.size)
        return tuple(sorted(found.values(), key=lambda function: function.address))

    @cached_property
    def chosen(self) -> frozenset[str]:
        """Functions of which the C library takes one of several when the program starts (GNU indirect functions): what
        the file has under their name is only the code that chooses."""
        return frozenset(symbol.name for symbol in self._all_symbols if symbol.kind == _STT_GNU_IFUNC)

    def symbol(self, name: str) -> int | None:
        """The address of a function or variable by name."""
        return next((symbol.address for symbol in self._all_symbols if symbol.name == name), None)

    @cached_property
    def _all_symbols(self) -> list[_Symbol]:
        """Its own symbols, then those of its separate debug information where that is installed."""
        if not self.build_id:
            return self._symbols
        debug = _DEBUG_FOLDER / self.build_id[:2] / f"{self.build_id[2:]}.debug"
        if not debug.exists() or debug == self._path:
            return self._symbols
        return self._symbols + ElfFile(debug)._symbols

    @cached_property
    def _table(self) -> SymbolTable:
        symbols = [
            (symbol.address, symbol.size, symbol.name) for symbol in self._all_symbols if symbol.kind in _CODE_TYPES
        ]
        # Symbols without a size would take everything up to the next one: they count only where no other is.
        sized = [symbol for symbol in symbols if symbol[1]]
        # Of several names of one place, the plainest: calloc and not __libc_calloc.
        return SymbolTable(sorted(sized or symbols, key=lambda symbol: _adornment(symbol[2])))

    def find(self, file_offset: int) -> tuple[str, int] | None:
        """The symbol at an offset in the file, and the offset in it."""
        address = self.address_of(file_offset)
        return None if address is None else self._table.find(address)


def _adornment(name: str) -> int:
    """How little a name is meant for people: underscores before it, and a suffix of the compiler's."""
    return len(name) - len(name.lstrip("_")) + ("." in name)
