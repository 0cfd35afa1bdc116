"""What processes have mapped: the executable and the libraries, by the names that D gives them.

mapped_objects(4711)   ->   MappedObject("a.out", "/usr/bin/cat", ...), MappedObject("libc.so.6", "/usr/lib/...", ...)
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from dtrans.run.processes.elf import ElfFile
from dtrans.values import dataclass

#: A file, whatever its name: device and inode.
FileKey = tuple[int, int]
#: The executable's name in the pid provider (Guide, "pid Provider").
EXECUTABLE = "a.out"
#: Of the auxiliary vector: where the dynamic linker is mapped, and where the program begins (<elf.h>).
AT_BASE, AT_ENTRY = 7, 9


@dataclass(frozen=True, slots=True)
class MappedObject:
    """A file that is mapped to be executed. `path` is where this process can open it, whatever the other's root is;
    `written` is when it was last written to, in nanoseconds."""

    name: str
    path: str
    key: FileKey
    written: int

    @property
    def file(self) -> ElfFile:
        return elf_file(self.path, self.key, self.written)


@lru_cache(maxsize=1024)
def elf_file(path: str, key: FileKey, written: int) -> ElfFile:  # noqa: ARG001 (they are part of the cache's key)
    """The file at a path; `key` and `written` tell it from what was at the path before."""
    return ElfFile(Path(path))


def mapped_objects(pid: int) -> tuple[MappedObject, ...]:
    """The executable and the libraries of a process, in the order of their addresses; () when it has ended."""
    try:
        executable = str(Path(f"/proc/{pid}/exe").readlink())
    except OSError:
        return ()
    found: dict[str, MappedObject] = {}
    for extent, path in _executable_mappings(pid):
        if path not in found:
            name = EXECUTABLE if path == executable else path.removesuffix(" (deleted)").rpartition("/")[2]
            found[path] = MappedObject(name, *_openable(pid, path, extent))
    return tuple(found.values())


def load_address(pid: int, thing: MappedObject) -> int:
    """What must be added to addresses of a file to have those in a process; 0 when it is not mapped there."""
    for line in _lines(pid):
        extent, _, offset, _, inode, *path = line.split(maxsplit=5)
        if inode != "0" and path and _openable(pid, path[0], extent)[1] == thing.key:
            at = thing.file.address_of(int(offset, 16))
            if at is not None:
                return int(extent.partition("-")[0], 16) - at
    return 0


def auxiliary_vector(pid: int) -> dict[int, int]:
    """What the kernel told a process of its program (getauxval(3)). Raises OSError."""
    return dict(struct.iter_unpack("=QQ", Path(f"/proc/{pid}/auxv").read_bytes()))


def dynamic_linker(pid: int) -> MappedObject | None:
    """The dynamic linker of a process: what is mapped where the kernel says. None of a static program."""
    try:
        base = auxiliary_vector(pid).get(AT_BASE, 0)
    except OSError:
        return None
    for line in _lines(pid) if base else []:
        extent, _, _, _, inode, *path = line.split(maxsplit=5)
        if int(extent.partition("-")[0], 16) == base and inode != "0" and path:
            return MappedObject(path[0].rpartition("/")[2], *_openable(pid, path[0], extent))
    return None


def is_mapped(pid: int) -> bool:
    """Whether a process exists and has memory of its own."""
    return next(_executable_mappings(pid), None) is not None


def process_ids() -> Iterator[int]:
    """All processes that run now, but for the kernel's own."""
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            yield int(entry.name)


def _executable_mappings(pid: int) -> Iterator[tuple[str, str]]:
    """(address range, path) of each mapped file that may be executed."""
    for line in _lines(pid):
        extent, permissions, _, _, inode, *path = line.split(maxsplit=5)
        if "x" in permissions and inode != "0" and path:
            yield extent, path[0]


def _lines(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/maps").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return []


def _openable(pid: int, path: str, extent: str) -> tuple[str, FileKey, int]:
    """The path itself where it leads to the file from here; else below the process's root, or by its mapping."""
    mapping = f"/proc/{pid}/map_files/{extent}"
    key = _key(mapping)
    for place in (path, f"/proc/{pid}/root{path}"):
        found = _key(place)
        if found is not None and key in (found, None):
            return place, *found
    return mapping, *(key or ((0, 0), 0))


def _key(path: str) -> tuple[FileKey, int] | None:
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino), status.st_mtime_ns
