"""Records that lack what stood in a process's memory, which no program may wait for: the reader gets it, while the
process lives.

    record of  printf("%s", copyinstr(arg0))  with the address 0x7f10...   ->   the same with "/etc/passwd"
                                              of a process that has ended  ->   a fault: invalid address (0x7f10...)
    record of  @[copyinstr(arg0)] = count()   with the address 0x7f10...   ->   "/etc/passwd" counts one more

The process may have changed its memory since. It is asked at once: its record wakes the reader.
"""

from __future__ import annotations

import ctypes
import os
import struct
from _thread import LockType, allocate_lock, start_new_thread
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from dtrans.artifact import (
    ENDED_RECORD,
    ENDED_SITE,
    FAULT_RECORD,
    FAULT_SITE,
    MISSING,
    MISSING_SIZE_SHIFT,
    RECORD_HEADER,
    Accumulate,
    Artifact,
    Field,
    Missing,
    Site,
)
from dtrans.run.output.decode import Buffer, RecordHandler, c_string
from dtrans.typed import Protocol

#: Takes the aggregation's number, the packed key, the operand and the weight of one event.
Accumulator = Callable[[int, bytes, int, int], None]
#: Takes what a firing of ERROR is told: the clause and the action that lack a value, the kind of the fault and the
#: address; then the thread, its user and its name as `MISSING` has them, and the CPU.
Failure = Callable[[int, int, int, int, int, int, int, int, int], None]
_INVALID_ADDRESS = 1
_SITE = struct.Struct("<H")
_PART_WORD = struct.Struct("<Q")
_PAGE = 4096
#: How long memory is waited for that another process has to fill (userfaultfd), or a file system that does not answer.
_PATIENCE = 1.0
#: Fields of /proc/PID/stat behind the name, counted from 0 (proc_pid_stat(5): 22 and 28).
_START_TIME, _START_STACK = 19, 25


def completing(
    artifact: Artifact,
    handle: RecordHandler,
    accumulate: Accumulator,
    fail: Failure,
    known_as: Mapping[int, int],
    ring: Ring | None,
) -> RecordHandler:
    """What takes the records, and hands them on to `handle` when they are complete: see `MissingParts`."""
    return MissingParts(artifact, handle, accumulate, fail, known_as, ring).handle


class Ring(Protocol):
    """What is asked of the ring of records."""

    @property
    def data(self) -> memoryview: ...

    def ahead(self) -> Iterator[int]:
        """Where in `data` records start, some that were read and all that were not."""
        ...


class MissingParts:
    """Stands before what takes the records, `handle`, and completes them; what completes a key goes to `accumulate`.
    What cannot be had is a fault, which `handle` tells and `fail` hears of.

    `known_as` gives the ids under which this process knows others, where programs see other ids. What a process had
    that has ended may stand further on in the `ring`.
    """

    def __init__(
        self,
        artifact: Artifact,
        handle: RecordHandler,
        accumulate: Accumulator,
        fail: Failure,
        known_as: Mapping[int, int],
        ring: Ring | None,
    ) -> None:
        self._ring = ring
        self._handle = handle
        self._accumulate = accumulate
        self._fail = fail
        self._known_as = known_as
        self._sites = {number: site for number, site in enumerate(artifact.sites) if site.process is not None}
        self._reader = _PatientReader()

    def handle(self, buffer: Buffer, offset: int) -> None:
        """Takes one record that starts at `offset`."""
        number, cpu, probe = RECORD_HEADER.unpack_from(buffer, offset)
        site = self._sites.get(number)
        if number == ENDED_SITE:
            return
        if site is None:
            self._handle(buffer, offset)
            return
        assert site.process is not None
        which, process, started, stack, thread, user, *name = MISSING.unpack_from(buffer, offset + site.process)
        if not which:
            self._handle(buffer, offset)
            return
        record = bytearray(buffer[offset : offset + site.size])
        owner = _Owner(self._known_as.get(process, process), started, stack)
        for place, part in enumerate(site.missing):
            if which >> place & 1:
                address = self._complete(record, part, owner, (process, started, stack))
                if address is not None:
                    self._handle(_fault(cpu, probe, site, part, address), 0)
                    self._fail(site.clause, part.action, _INVALID_ADDRESS, address, thread, user, name[0], name[1], cpu)
                    return
        match site.actions:
            case (Accumulate(aggregation, key, operand, weight),):
                packed = bytes(record[key.offset : key.offset + key.size])
                self._accumulate(aggregation, packed, _signed(record, operand), _signed(record, weight))
            case _:
                self._handle(bytes(record), 0)

    def _complete(self, record: bytearray, part: Missing, owner: _Owner, identity: tuple[int, int, int]) -> int | None:
        """Puts a part into the record; where that cannot be done, its address."""
        (word,) = _PART_WORD.unpack_from(record, part.offset)
        address, size = word & (1 << MISSING_SIZE_SHIFT) - 1, word >> MISSING_SIZE_SHIFT
        size -= part.is_text
        found = self._reader.read(owner, address, size, is_text=part.is_text)
        if found is None:
            found = self._left((*identity, word), size, is_text=part.is_text)
        if found is None:
            return int(address)
        record[part.offset : part.offset + part.size] = found.ljust(part.size, b"\0")
        return None

    def _left(self, wanted: tuple[int, int, int, int], size: int, *, is_text: bool) -> bytes | None:
        """What a process that has ended had there, if that was seen: (process, its start, its stack, the part)."""
        if self._ring is None:
            return None
        ring = self._ring.data
        for start in self._ring.ahead():
            (number,) = _SITE.unpack_from(ring, start)
            if number != ENDED_SITE:
                continue
            _, _, *told, known = ENDED_RECORD.unpack_from(ring, start)
            if tuple(told) != wanted:
                continue
            data = bytes(ring[start + ENDED_RECORD.size :][:known])
            if is_text and (b"\0" in data[:size] or known >= size):
                return c_string(data[:size])
            return data[:size] if known >= size else None
        return None


def _signed(record: bytearray, part: Field) -> int:
    return int.from_bytes(record[part.offset : part.offset + part.size], "little", signed=True)


def _fault(cpu: int, probe: int, site: Site, part: Missing, address: int) -> bytes:
    return FAULT_RECORD.pack(FAULT_SITE, cpu, probe, site.clause, part.action, _INVALID_ADDRESS, 0, address)


class _Owner:
    """A process by its id, and what tells it from another that has the id later, and from what it executes later."""

    def __init__(self, pid: int, started: int, stack: int) -> None:
        self.pid = pid
        self._identity = started * os.sysconf("SC_CLK_TCK") // 10**9, stack

    def is_there(self) -> bool:
        """Whether the process still executes what it did."""
        try:
            told = Path(f"/proc/{self.pid}/stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            return False
        return (int(told[_START_TIME]), int(told[_START_STACK])) == self._identity


class _PatientReader:
    """Reads memory of processes, each time in a thread of its own: one that waits too long is left alone."""

    def __init__(self) -> None:
        #: By process, what a thread still waits for.
        self._waiting: dict[int, LockType] = {}

    def read(self, owner: _Owner, address: int, size: int, *, is_text: bool) -> bytes | None:
        """`size` bytes at an address, or the string there of at most that many; None for what is not there."""
        before = self._waiting.get(owner.pid)
        if before is not None and before.locked():
            return None
        told: list[bytes | None] = []
        done = allocate_lock()
        done.acquire()

        def serve() -> None:
            found = (_text_of if is_text else _bytes_of)(owner.pid, address, size)
            told.append(found if owner.is_there() else None)
            done.release()

        start_new_thread(serve, ())
        if done.acquire(timeout=_PATIENCE):
            return told[0]
        self._waiting[owner.pid] = done
        return None


def _text_of(pid: int, address: int, most: int) -> bytes | None:
    """The string at an address, of at most so many characters; of no page more than it stands on."""
    found = b""
    while len(found) < most:
        at = address + len(found)
        part = _bytes_of(pid, at, min(most - len(found), _PAGE - at % _PAGE))
        if part is None:
            return None
        found += part
        if b"\0" in part:
            return c_string(found)
    return found


class _Span(ctypes.Structure):
    """``struct iovec``."""

    _fields_ = (("base", ctypes.c_void_p), ("size", ctypes.c_size_t))


def _bytes_of(pid: int, address: int, size: int) -> bytes | None:
    """Bytes of a process's memory, by process_vm_readv(2): what the process could read itself, and no more."""
    read = ctypes.CDLL(None).process_vm_readv
    read.restype = ctypes.c_ssize_t
    buffer = ctypes.create_string_buffer(size)
    here, there = _Span(ctypes.addressof(buffer), size), _Span(address, size)
    done = read(pid, ctypes.byref(here), ctypes.c_ulong(1), ctypes.byref(there), ctypes.c_ulong(1), ctypes.c_ulong(0))
    return buffer.raw if done == size else None
