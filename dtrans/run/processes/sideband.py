"""What processes map, when they begin, exec and end: the kernel's own account of it, for naming their addresses later.

It is perf_event_open(2)'s side-band: an event that counts nothing, on each CPU, that the kernel writes every executable
mapping, exec, fork and exit to. A process that lives a millisecond is in it whole.

    PERF_RECORD_FORK  2915 from 2300                             Forked(time, 2915, 2300)
    PERF_RECORD_COMM  2915 exec                            ->    Executed(time, 2915)
    PERF_RECORD_MMAP2 2915 0x7f12..., /usr/lib/libc.so.6         Mapped(time, 2915, CodeMapping(...))
    PERF_RECORD_EXIT  2915                                       Exited(time, 2915)

Formats follow include/uapi/linux/perf_event.h.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import struct
from collections.abc import Iterator

from dtrans.run.kernel.bpf import online_cpus, open_perf_account
from dtrans.values import dataclass

_RECORD_EXIT = 4
_COMM_EXEC = 1 << 13
_RECORD_HEAD = struct.Struct("<IHH")
#: pid, tid, address, length, page offset in bytes, device's major and minor number, inode, its generation, protection
#: and flags; then the path.
_RECORD_MAPPING = struct.Struct("<II QQQ II QQ II")
_U32_PAIR, _TIME = struct.Struct("<II"), struct.Struct("<Q")
#: Where the control page has the positions of writer and reader (struct perf_event_mmap_page).
_HEAD_AT, _TAIL_AT = 1024, 1032
#: Bytes of each CPU's buffer: some 5,000 mappings.
_ACCOUNT_BYTES = 512 << 10


@dataclass(frozen=True, slots=True)
class CodeMapping:
    """Memory that a process has mapped for execution: addresses, offset in the file, path ("" for none) and inode."""

    start: int
    end: int
    offset: int
    path: str
    inode: int

    @property
    def is_anonymous(self) -> bool:
        """Whether it is of no file that has symbols: code that the process makes itself."""
        return not self.path or self.path.startswith(("[anon", "/memfd:", "/dev/zero"))


@dataclass(frozen=True, slots=True)
class Mapped:
    time: int
    pid: int
    mapping: CodeMapping


@dataclass(frozen=True, slots=True)
class Forked:
    time: int
    pid: int
    parent: int


@dataclass(frozen=True, slots=True)
class Executed:
    time: int
    pid: int


@dataclass(frozen=True, slots=True)
class Exited:
    time: int
    pid: int


Happening = Mapped | Forked | Executed | Exited


class Sideband:
    """The account of all processes from now on, on the clock that programs read (CLOCK_MONOTONIC, nanoseconds)."""

    def __init__(self) -> None:
        self._accounts: list[_Account] = []

    def open(self) -> None:
        """Begins. Raises OSError where it is not allowed."""
        try:
            for cpu in online_cpus():
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # It went offline just now.
                    self._accounts.append(_Account(cpu))
        except OSError:
            self.close()
            raise

    @property
    def descriptors(self) -> tuple[int, ...]:
        """They are readable when a buffer is half full."""
        return tuple(account.descriptor for account in self._accounts)

    def drain(self) -> list[Happening]:
        """What happened since the last time, in order of time."""
        happened = [each for account in self._accounts for each in account.drain()]
        happened.sort(key=lambda each: each.time)
        return happened

    def close(self) -> None:
        """Ends. Harmless when repeated."""
        while self._accounts:
            self._accounts.pop().close()


class _Account:
    """The buffer of one CPU."""

    def __init__(self, cpu: int) -> None:
        self.descriptor = open_perf_account(cpu, _ACCOUNT_BYTES // 2)
        try:
            self._memory = mmap.mmap(self.descriptor, mmap.PAGESIZE + _ACCOUNT_BYTES)
        except BaseException:
            os.close(self.descriptor)
            raise

    def close(self) -> None:
        self._memory.close()
        os.close(self.descriptor)

    def drain(self) -> Iterator[Happening]:
        memory, first = self._memory, mmap.PAGESIZE
        head: int = _TIME.unpack_from(memory, _HEAD_AT)[0]
        tail: int = _TIME.unpack_from(memory, _TAIL_AT)[0]
        while tail < head:
            at = tail % _ACCOUNT_BYTES
            kind, flags, size = _RECORD_HEAD.unpack_from(memory, first + at)
            body = memory[first + at : first + min(at + size, _ACCOUNT_BYTES)]
            if len(body) < size:  # It goes on at the buffer's start.
                body += memory[first : first + size - len(body)]
            tail += size
            found = _happening(kind, flags, body)
            if found is not None:
                yield found
        _TIME.pack_into(memory, _TAIL_AT, tail)


def _happening(kind: int, flags: int, body: bytes) -> Happening | None:
    """What a record tells. The last eight bytes of each are its time."""
    (time,) = _TIME.unpack_from(body, len(body) - 8)
    at = _RECORD_HEAD.size
    match kind:
        case 10:
            pid, _, start, length, offset, _, _, inode, _, _, _ = _RECORD_MAPPING.unpack_from(body, at)
            path = os.fsdecode(body[at + _RECORD_MAPPING.size : -8].partition(b"\0")[0])
            return Mapped(
                time, pid, CodeMapping(start, start + length, offset, "" if path == "//anon" else path, inode)
            )
        case 3 if flags & _COMM_EXEC:
            return Executed(time, _U32_PAIR.unpack_from(body, at)[0])
        case 7 | 4:
            pid, parent, thread, _ = struct.unpack_from("<IIII", body, at)
            if kind == _RECORD_EXIT:
                return Exited(time, pid) if pid == thread else None
            # A thread's parent is its own process.
            return Forked(time, pid, parent) if pid != parent else None
    return None
