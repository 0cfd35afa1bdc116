"""Reading a BPF ring buffer through memory maps: no call into a library for a record.

The kernel gives the consumer's position in one page, the producer's in the next, and then the data, mapped twice in a
row so that a record that wraps around is whole (kernel/bpf/ringbuf.c). A record is a header of 8 bytes, whose first
4 are its length and two flags, and the data, padded to 8.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Generator

_BUSY, _DISCARD, _LENGTH = 1 << 31, 1 << 30, (1 << 30) - 1
_HEADER = 8
_U32, _U64 = struct.Struct("=I"), struct.Struct("=Q")
#: How much is read before the space is given back to the kernel.
_GIVE_BACK = 64 << 10


class RingReader:
    """The reader of one ring buffer map; there must be one only. `size` is the map's number of entries, its bytes, and
    `longest` the bytes of its longest record."""

    def __init__(self, descriptor: int, size: int, longest: int) -> None:
        page = mmap.PAGESIZE
        # Of the second time that the data is mapped, no more than a record can reach into: each page takes its time.
        mapped = page + size + min(size, (_HEADER + longest + page - 1) // page * page)
        self.size = size
        self._consumer = mmap.mmap(descriptor, page, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE, offset=0)
        self._producer = mmap.mmap(descriptor, mapped, mmap.MAP_SHARED, mmap.PROT_READ, offset=page)
        #: The data, and its beginning once more.
        self.data = memoryview(self._producer)[page:]
        #: Where the next record to read starts, counted from the buffer's beginning of time.
        self.position: int = _U64.unpack_from(self._consumer)[0]

    def close(self) -> None:
        """Unmaps the buffer. Views of the data must be gone."""
        self.data.release()
        self._producer.close()
        self._consumer.close()

    @property
    def waiting(self) -> int:
        """Bytes that programs have reserved or written and that were not read yet."""
        produced: int = _U64.unpack_from(self._producer)[0]
        return produced - self.position

    def starts(self, limit: int = 1 << 62) -> Generator[int, None, None]:
        """Where in `data` the records that are complete now start, oldest first; at most about `limit` bytes of them.

        Each is good until the next one is asked for. Stops at a record that a program is still writing. What comes in
        meanwhile is left for the next call, so that a call always ends.
        """
        data, mask, length_at = self.data, self.size - 1, _U32.unpack_from
        position = self.position
        produced = min(position + self.waiting, position + limit)
        give_back = position + _GIVE_BACK
        try:
            while position < produced:
                start = position & mask
                length: int = length_at(data, start)[0]
                if length >= _BUSY:
                    break
                if length < _DISCARD:
                    position += (length + 15) & -8
                    yield start + _HEADER
                else:
                    position += ((length & _LENGTH) + 15) & -8
                if position >= give_back:
                    self._give_back(position)
                    give_back = position + _GIVE_BACK
        finally:
            self._give_back(position)

    def records(self) -> Generator[memoryview, None, None]:
        """The same records as views, each good until the next one is asked for."""
        for start in self.starts():
            (length,) = _U32.unpack_from(self.data, start - _HEADER)
            yield self.data[start : start + length]

    def discard(self) -> None:
        """Throws the complete records away."""
        for _ in self.starts():
            pass

    def _give_back(self, position: int) -> None:
        self.position = position
        _U64.pack_into(self._consumer, 0, position)
