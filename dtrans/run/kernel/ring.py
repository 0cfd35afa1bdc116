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
#: What makes records alike: the length, and the first two bytes.
_ALIKE = struct.Struct("=I4xH")
#: Looking for a run takes as long as reading so many records.
_FEW = 8
#: How much is read before the space is given back to the kernel.
_GIVE_BACK = 64 << 10


class RingReader:
    """The reader of one ring buffer map; there must be one only. `size` is the map's number of entries, its bytes, and
    `longest` the bytes of its longest record."""

    def __init__(self, descriptor: int, size: int, longest: int) -> None:
        page = mmap.PAGESIZE
        # Of the second time that the data is mapped, no more than a record can reach into: each page takes its time.
        mapped = page + size + min(size, (2 * _HEADER + longest + page - 1) // page * page)
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

    def runs(self, limit: int = 1 << 62) -> Generator[tuple[int, int, int], None, None]:
        """The records that are complete now, oldest first, in runs; at most about `limit` bytes of them.

        A run is where its first record stands in `data`, how far its records are apart, and how many it has: many
        where one behind the other is alike, in length and in the two bytes by which records begin. It is good until the
        next one is asked for. Stops at a record that a program is still writing. What comes in meanwhile is left for
        the next call, so that a call always ends.
        """
        data, mask, head_at = self.data, self.size - 1, _ALIKE.unpack_from
        position = self.position
        produced = min(position + self.waiting, position + limit)
        give_back = position + _GIVE_BACK
        last, alike = None, 0
        try:
            while position < produced:
                start = position & mask
                head = head_at(data, start)
                length: int = head[0]
                if length >= _BUSY:
                    break
                stride, count = ((length & _LENGTH) + 15) & -8, 1
                if length < _DISCARD:
                    alike = alike + 1 if head == last else 0
                    last = head
                    if alike >= _FEW:
                        count = self._alike(start, stride, min(produced - position, _GIVE_BACK))
                        alike = 0 if count < _FEW else alike
                    position += stride * count
                    yield start + _HEADER, stride, count
                else:
                    position += stride
                if position >= give_back:
                    self._give_back(position)
                    give_back = position + _GIVE_BACK
        finally:
            self._give_back(position)

    def _alike(self, start: int, stride: int, room: int) -> int:
        """How many records are as the one at `start`, in so many bytes: at least that one."""
        most = max(1, min(room, len(self.data) - _HEADER - start) // stride)
        view = self.data[start : start + most * stride]
        # Byte by byte of what makes them alike, each of all records at once.
        columns = (bytes(view[at::stride]) for at in (0, 1, 2, 3, _HEADER, _HEADER + 1))
        return min(len(column) - len(column.lstrip(column[:1])) for column in columns)

    def ahead(self) -> Generator[int, None, None]:
        """Where records stand from the last space that was given back on; none of them counts as read."""
        position, mask = self.position, self.size - 1
        end = position + self.waiting
        while position < end:
            start = position & mask
            (length,) = _U32.unpack_from(self.data, start)
            if length >= _BUSY:
                break
            if length < _DISCARD:
                yield start + _HEADER
            position += ((length & _LENGTH) + 15) & -8

    def records(self) -> Generator[memoryview, None, None]:
        """The same records one by one, as views, each good until the next one is asked for."""
        for first, stride, count in self.runs():
            for start in range(first, first + stride * count, stride):
                (length,) = _U32.unpack_from(self.data, start - _HEADER)
                yield self.data[start : start + length]

    def discard(self) -> None:
        """Throws the complete records away."""
        for _ in self.runs():
            pass

    def _give_back(self, position: int) -> None:
        self.position = position
        _U64.pack_into(self._consumer, 0, position)
