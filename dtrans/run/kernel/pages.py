"""Where the kernel sees all memory: told to programs that read what a process has mapped and not touched yet.

The direct map and the array of ``struct page`` begin at other addresses after each boot, and few kernels tell them. So
a page of our own is put where both can be found: its frame is in /proc/self/pagemap, its ``struct page`` in the page
cache, and marks of 16 random bytes in the page itself tell the program when it looks at the right address.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Callable

from dtrans.run.kernel.bpf import BpfMap

#: base, start, descriptor, frame, marks, first: ``struct dt_pages`` of `templates/c/absent.h`.
_PLACES = struct.Struct("=QQQQ16sQ")
#: An entry of pagemap: a present page, and its frame (Documentation/admin-guide/mm/pagemap.rst).
_PAGE_PRESENT, _PAGE_FRAME = 1 << 63, (1 << 55) - 1
_FIRST_PLACE = bytes(4)
#: How many gigabytes below a task's memory the direct map is looked for at most, and how many in one run.
_GIGABYTES, _AT_ONCE = 4096, 64
#: The only size of a page that the C text knows (`templates/c/absent.h`): an AArch64 may have larger ones.
_KNOWN_PAGE = 4096


def find_pages(places: BpfMap, find: Callable[[], object]) -> bool:
    """Has `find`, a program's run, fill in `places`: whether it could.

    Without the rights for it, and where pages have another size, the map stays as it is, and to read memory that a
    process has not touched is an error.
    """
    descriptor = os.memfd_create("dtrans-page", os.MFD_CLOEXEC)
    try:
        os.ftruncate(descriptor, mmap.PAGESIZE)
        with mmap.mmap(descriptor, mmap.PAGESIZE) as page:
            marks = os.urandom(16)
            page[:16] = marks
            frame = _frame_of(page) if mmap.PAGESIZE == _KNOWN_PAGE else 0
            for first in range(0, _GIGABYTES if frame else 0, _AT_ONCE):
                places.update(_FIRST_PLACE, _PLACES.pack(0, 0, descriptor, frame, marks, first))
                find()
                base, start, *_ = _PLACES.unpack(places.lookup(_FIRST_PLACE) or bytes(_PLACES.size))
                if base:
                    places.update(_FIRST_PLACE, _PLACES.pack(base, start, 0, 0, bytes(16), 0))
                    return True
    finally:
        os.close(descriptor)
    places.update(_FIRST_PLACE, bytes(_PLACES.size))
    return False


def _frame_of(page: mmap.mmap) -> int:
    """The page frame of a mapped page; 0 where the kernel does not tell it."""
    import ctypes

    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    with open("/proc/self/pagemap", "rb", buffering=0) as pagemap:
        (entry,) = struct.unpack("=Q", os.pread(pagemap.fileno(), 8, address // mmap.PAGESIZE * 8))
    return entry & _PAGE_FRAME if entry & _PAGE_PRESENT else 0
