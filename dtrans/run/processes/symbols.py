"""Names of addresses, in dtrace's form: ``vmlinux`vfs_read+0x1c``, ``libc.so.6`read+0x10``, ``0x7f3c00001234``.

Kernel names come from /proc/kallsyms. A process's come from what it has mapped (`dtrans.run.processes.images`), which
is kept for when it has ended, and from the symbol tables of the files that it maps, with separate debug information by
build id where that is installed. C++ and Rust names are shown as they stand in the file. Code that a process made
itself has the name that the process has written down for it (`dtrans.run.processes.perfmap`), without a module, as
jstack() has it.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from functools import cached_property

from dtrans.files import read_text
from dtrans.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from dtrans.run.processes.elf import ElfFile, SymbolTable
    from dtrans.run.processes.images import Image, Images
    from dtrans.run.processes.perfmap import PerfMap
    from dtrans.run.processes.sideband import CodeMapping, Sideband

_KERNEL_MODULE = "vmlinux"
#: Below are per-CPU offsets, not addresses.
_KERNEL_START = 1 << 63
_VDSO = "[vdso]"
#: Of an address, what stands in its page; and how many pages are remembered.
_PAGE_BITS, _MOST_PAGES = 12, 100_000


def place_name(module: str, symbol: str, offset: int) -> str:
    """As dtrace prints a place (libdtrace dt_consume.c, dt_print_stack): no offset at the start of a function."""
    return f"{module}`{symbol}+{offset:#x}" if offset else f"{module}`{symbol}"


class KernelSymbols:
    """The symbols of the kernel and its modules. Without privileges it shows no addresses: nothing is found then."""

    @cached_property
    def _table(self) -> SymbolTable:
        from dtrans.run.processes.elf import SymbolTable

        symbols, seen = [], set()
        with open("/proc/kallsyms") as lines:
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


class Symbols:
    """The names of kernel and user addresses.

    `known_as` gives the ids under which this process knows others, where programs see other ids (containers); 0 stands
    for the target process. `exec_time` tells when the exec was that a process's image began with, None when that was
    before tracing began.
    """

    def __init__(
        self,
        known_as: dict[int, int] | None = None,
        exec_time: Callable[[int, int], int | None] = lambda _pid, _image: None,
    ) -> None:
        self._known_as = known_as or {}
        self._exec_time = exec_time
        self._since: dict[tuple[int, int], int] = {}
        #: Pages where code was found: process, image, and address in pages.
        self._code: set[tuple[int, int, int]] = set()

    # What follows is made when it is needed: a printed program that names no address leaves it out.

    @cached_property
    def _sideband(self) -> Sideband:
        from dtrans.run.processes.sideband import Sideband

        return Sideband()

    @cached_property
    def _images(self) -> Images:
        from dtrans.run.processes.images import Images

        return Images()

    @cached_property
    def _perf_maps(self) -> dict[int, PerfMap]:
        return {}

    @cached_property
    def _files(self) -> dict[tuple[int, int, int], ElfFile]:
        return {}

    # --- processes come and go ----------------------------------------------------------------------------------

    def follow(self) -> tuple[int, ...]:
        """From now on is told what processes do, so that their addresses can be named when they have ended.

        The descriptors that it gives are readable when there is much to `catch_up` with; none where the kernel does not
        allow it.
        """
        try:
            self._sideband.open()
        except OSError:
            return ()
        return self._sideband.descriptors

    def survey(self) -> None:
        """Looks at what all processes have mapped now."""
        self._images.survey()

    def catch_up(self) -> None:
        """Takes in what processes have done. To be called when records were read, before they are printed."""
        from dtrans.run.processes.sideband import Executed

        happened = self._sideband.drain()
        if any(isinstance(each, Executed) for each in happened):
            # A program may have seen an image before it could tell when that began.
            self._since = {key: since for key, since in self._since.items() if since}
        self._images.take(happened)

    def close(self) -> None:
        """Ends `follow`. Harmless when repeated."""
        self._sideband.close()

    # --- names --------------------------------------------------------------------------------------------------

    @cached_property
    def _kernel(self) -> KernelSymbols:
        return KernelSymbols()

    def kernel(self, address: int) -> str:
        """The name of a kernel address."""
        return self._kernel.name(address)

    def user(self, pid: int, address: int, image: int = 0) -> str:
        """The name of an address in a process: ``object`function+offset``, ``object`0xaddress`` or ``0xaddress``.

        `image` is the number that programs gave the process's image (its self_exec_id), 0 for the present one.
        """
        known = self._known_as.get(pid, pid)
        place = self._image(known, pid, image)
        found = place.find(address)
        # Of a deleted file there is only what is mapped, and its name.
        module = os.path.basename(found.path.removesuffix(" (deleted)")) if found else ""
        if found is None or not module or found.is_anonymous:
            return self._made_code(known, address)
        symbol = self._file(place, found).find(address - found.start + found.offset)
        return place_name(module, *symbol) if symbol else f"{module}`{address:#x}"

    def may_be_code(self, pid: int, address: int, image: int = 0) -> bool:
        """Whether a process may have code at an address: False where it is known to have nothing there."""
        page = pid, image, address >> _PAGE_BITS
        if page in self._code:
            return True
        if not self._image(self._known_as.get(pid, pid), pid, image).may_run(address):
            return False
        if len(self._code) >= _MOST_PAGES:
            self._code.clear()
        self._code.add(page)
        return True

    def _image(self, pid: int, number: int, image: int) -> Image:
        if not image:
            return self._images.image(pid)
        since = self._since.get((number, image))
        if since is None:
            since = self._since[number, image] = self._exec_time(number, image) or 0
        return self._images.image(pid, since)

    def _made_code(self, pid: int, address: int) -> str:
        from dtrans.run.processes.perfmap import PerfMap

        if pid not in self._perf_maps:
            self._perf_maps[pid] = PerfMap(pid)
        found = self._perf_maps[pid].find(address)
        return found[0] if found else f"{address:#x}"

    def _file(self, image: Image, mapping: CodeMapping) -> ElfFile:
        from dtrans.run.processes.elf import ElfFile
        from dtrans.run.processes.images import lasting

        if mapping.path == _VDSO:
            return self._vdso
        for path in image.files(mapping):
            try:
                status = path.stat()
            except OSError:
                continue
            if mapping.inode in (status.st_ino, 0):
                key = status.st_dev, status.st_ino, status.st_mtime_ns
                if key not in self._files:
                    self._files[key] = ElfFile(lasting(path, mapping.path))
                return self._files[key]
        return ElfFile.of(b"")

    @cached_property
    def _vdso(self) -> ElfFile:
        """The kernel's own code in each process: the same in all of one width, so ours tells."""
        from dtrans.run.processes.elf import ElfFile

        for line in read_text("/proc/self/maps").splitlines():
            if line.endswith(_VDSO):
                start, end = (int(part, 16) for part in line.split()[0].split("-"))
                return ElfFile.of(ctypes.string_at(start, end - start))
        return ElfFile.of(b"")
