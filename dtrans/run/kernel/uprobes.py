"""Programs attached to places in the files that processes run: many by one link, or a perf event for each.

Everything attached hangs on the descriptors that are returned. Failures are OSError with the kernel's errno.
Structures and numbers follow include/uapi/linux/bpf.h and perf_event.h.
"""

from __future__ import annotations

import ctypes
import os
import platform
import threading
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from dtrans.run.kernel.bpf import VerifierError, bpf_call, load_program, open_event
from dtrans.run.kernel.links import BAD_ADDRESS, LINK_CREATE, MULTI_RETURN, PROG_KPROBE, RETURN_0, link_event, pmu

UPROBE_MULTI = 48
_NO_PROCESS = 3
#: Where the offset of a reference counter stands in a uprobe event's config (include/uapi/linux/perf_event.h has no
#: name for it; kernel/events/core.c, PERF_UPROBE_REF_CTR_OFFSET_SHIFT).
_COUNTER_SHIFT = 32
#: ENOTSUPP, which the kernel answers for an instruction that it cannot run elsewhere; errno has no name for it.
_NOT_SUPPORTED = 524
#: First bytes of x86-64 instructions that the kernel refuses whole, so far (arch/x86/kernel/uprobes.c): segment
#: prefixes, EVEX, VEX and LOCK.
_DOUBTFUL = frozenset({0x26, 0x2E, 0x36, 0x3E, 0x62, 0xC4, 0xC5, 0xF0} if platform.machine() == "x86_64" else ())
_CERTAIN = -1
#: Offset in the file, offset of a semaphore or 0, cookie.
Place = tuple[int, int, int]


class _UprobeLink(ctypes.Structure):
    _fields_ = [
        ("prog_fd", ctypes.c_uint32),
        ("target_fd", ctypes.c_uint32),
        ("attach_type", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("path", ctypes.c_uint64),
        ("offsets", ctypes.c_uint64),
        ("counters", ctypes.c_uint64),
        ("cookies", ctypes.c_uint64),
        ("count", ctypes.c_uint32),
        ("multi_flags", ctypes.c_uint32),
        ("pid", ctypes.c_uint32),
        ("pad", ctypes.c_uint32),
    ]


def link_places(program: int, path: str, places: Sequence[Place], pid: int | None, *, entry: bool) -> int:
    """Attaches a program to many places of a file in one call, in one process or in all. The kernel keeps a place's
    semaphore raised for as long. `program` was loaded with the attach type `UPROBE_MULTI`."""
    count = len(places)
    name = ctypes.create_string_buffer(os.fsencode(path))
    numbers = [(ctypes.c_uint64 * count)(*column) for column in zip(*places, strict=True)]
    offsets, counters, cookies = map(ctypes.addressof, numbers)
    if not any(counter for _, counter, _ in places):
        counters = 0
    returns = 0 if entry else MULTI_RETURN
    attr = _UprobeLink(
        program, 0, UPROBE_MULTI, 0, ctypes.addressof(name), offsets, counters, cookies, count, returns, pid or 0
    )
    return bpf_call(LINK_CREATE, attr)


def link_place(program: int, path: str, place: Place, pid: int | None, *, entry: bool) -> int:
    """Attaches a program to one place of a file, by a perf event."""
    offset, counter, cookie = place
    kind, returns = pmu("uprobe")
    name = ctypes.create_string_buffer(os.fsencode(path))
    config = counter << _COUNTER_SHIFT | (0 if entry else returns)
    event = open_event(kind, config, (ctypes.addressof(name), offset), pid=-1 if pid is None else pid)
    return link_event(event, program, cookie)


def link_each(
    program: int, path: str, places: Sequence[Place], pid: int | None, *, entry: bool, many: bool
) -> Iterator[int | tuple[Place, OSError]]:
    """Attaches a program to places of a file: descriptors, and places that the kernel refused with the reason. With
    `many` by as few calls as will do: a call stumbles over one place and does not tell which, and each call waits until
    no CPU can be in what it changes."""
    if not many:
        for place in places:
            try:
                yield link_place(program, path, place, pid, entry=entry)
            except OSError as error:
                yield place, error
        return
    certain, *doubtful = _by_instruction(path, places)
    yield from _link_halves(program, path, certain, pid, entry=entry)
    for first, *others in doubtful:
        made = list(_link_halves(program, path, [first], pid, entry=entry))
        yield from made
        match made:
            case [(_, OSError() as refusal)] if refusal.errno == _NOT_SUPPORTED:
                yield from ((place, refusal) for place in others)
            case _:
                yield from _link_halves(program, path, others, pid, entry=entry)


def _by_instruction(path: str, places: Sequence[Place]) -> list[list[Place]]:
    """First the places whose instruction any kernel lets be traced, then those of each kind that may be refused."""
    kinds: dict[int, list[Place]] = {_CERTAIN: []}
    with Path(path).open("rb", buffering=0) as file:
        for place in places:
            first = int.from_bytes(os.pread(file.fileno(), 1, place[0]))
            kinds.setdefault(first if first in _DOUBTFUL else _CERTAIN, []).append(place)
    return list(kinds.values())


def _link_halves(
    program: int, path: str, places: Sequence[Place], pid: int | None, *, entry: bool
) -> Iterator[int | tuple[Place, OSError]]:
    """All places by one call, or each half by itself when the kernel refuses one of them."""
    if not places:
        return
    try:
        yield link_places(program, path, places, pid, entry=entry)
    except OSError as error:
        if len(places) == 1:
            yield places[0], error
            return
        middle = len(places) // 2
        yield from _link_halves(program, path, places[:middle], pid, entry=entry)
        yield from _link_halves(program, path, places[middle:], pid, entry=entry)


@cache
def has_multi_uprobes() -> bool:
    """Whether `link_places` works (Linux 6.6), and in one process means all of its threads.

    A kernel that can do it stumbles over the bad path, another before. Before 6.10 the filter took a thread's id and
    let only that thread through (commit 46ba0e49b642); since then such an id is no process.
    """
    try:
        program = load_program(PROG_KPROBE, RETURN_0, "feature", attach_type=UPROBE_MULTI)
    except VerifierError:
        return False
    try:
        if _trial(program, path=1, pid=0) != BAD_ADDRESS:
            return False
        errors: list[int] = []

        def with_own_id() -> None:
            executable = ctypes.create_string_buffer(b"/proc/self/exe")
            errors.append(_trial(program, path=ctypes.addressof(executable), pid=threading.get_native_id()))

        thread = threading.Thread(target=with_own_id)
        thread.start()
        thread.join()
        return errors == [_NO_PROCESS]
    finally:
        os.close(program)


def _trial(program: int, *, path: int, pid: int) -> int:
    """The errno of a link at offset 0 of a file, where no code is; 0 if it was made."""
    offset = ctypes.c_uint64(0)
    attr = _UprobeLink(program, 0, UPROBE_MULTI, 0, path, ctypes.addressof(offset), 0, 0, 1, 0, pid)
    try:
        os.close(bpf_call(LINK_CREATE, attr))
    except OSError as error:
        return error.errno or 0
    return 0
