"""Threads that have just mapped a library, or a new program by exec(): held until the probes there are in place.

    dlopen("libx.so")    the dynamic linker calls a function of its own, and the thread waits in a program there;
                         the tracer has ptrace stop it, ends its wait, attaches to libx.so, and lets it go

It is what the original has by librtld_db's events (libdtrace dt_proc.c). A thread waits in a program only until the
tracer comes, and for no more than `_MOST_LOOKS`; one that ptrace has stopped runs on when its tracer ends (ptrace(2)).
So nothing that becomes of the tracer leaves it there. Where the tracer comes too late, or another one traces the
process already, the thread goes on, and what it does at once is missed.
"""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Iterator

from dtrans.run.kernel.bpf import (
    MAP_HASH,
    MAP_RINGBUF,
    PROG_RAW_TRACEPOINT,
    BpfMap,
    MapSpec,
    load_program,
    open_raw_tracepoint,
)
from dtrans.run.kernel.host import HostFacts
from dtrans.run.kernel.links import PROG_KPROBE
from dtrans.run.kernel.ring import RingReader
from dtrans.run.kernel.uprobes import UPROBE_MULTI, link_each
from dtrans.run.processes.hold import LINKER_CALLS, LINKER_SAYS, STATE, ptrace, wait_for_stop
from dtrans.run.processes.mapped import FileKey, MappedObject, dynamic_linker, load_address

#: Looks at whether the tracer has come before a thread goes on: some 20 milliseconds of its processor, several of the
#: kernel's clock ticks. Not a time: while a machine stands still, nobody misses anything.
_MOST_LOOKS = 1 << 19
#: Processes that are watched, and threads that wait at a time, at most.
_MOST = 1024
_RING_BYTES = 4096
_DETACH, _SEIZE, _INTERRUPT = 17, 0x4206, 0x4207
#: What a thread has stopped for that is no signal has more bits (ptrace(2)).
_EVENT = 0x100
_ID, _STATE_PLACE = struct.Struct("=I"), struct.Struct("=Q")
#: Probes of a dynamic linker that has some (elf/rtld.c and dl-open.c of glibc): what was asked for is mapped, and none
#: of its code has run. Of a library later on, of those that the program has from the start.
_LINKER, _LINKER_PROBES = "rtld", frozenset({"map_complete", "init_complete"})
_EXECUTED = "sched_process_exec"


class Arrivals:
    """Watches some processes. `descriptor` is readable when a thread of theirs has mapped something new, which `held`
    tells. Raises OSError, VerifierError where the kernel cannot make a thread wait (before Linux 5.17)."""

    def __init__(self, facts: HostFacts) -> None:
        self._facts = facts
        self._linkers: set[tuple[int, FileKey]] = set()
        with contextlib.ExitStack() as made:
            self._watched = _made(made, MapSpec("watched", MAP_HASH, _ID.size, _STATE_PLACE.size, _MOST))
            self._waiting = _made(made, MapSpec("waiting", MAP_HASH, _ID.size, _ID.size, _MOST))
            self.descriptor = _made(made, MapSpec("arrivals", MAP_RINGBUF, 0, 0, _RING_BYTES)).fd
            self._ring = RingReader(self.descriptor, _RING_BYTES, _ID.size)
            made.callback(self._ring.close)
            maps = self._watched.fd, self._waiting.fd, self.descriptor
            kind = UPROBE_MULTI if facts.feature("uprobe_multi") else 0
            code, looks = _program(*maps, by_linker=True)
            self._program = load_program(PROG_KPROBE, code, "arrival", attach_type=kind, callbacks=(looks,))
            made.callback(os.close, self._program)
            code, looks = _program(*maps, by_linker=False)
            executed = load_program(PROG_RAW_TRACEPOINT, code, "arrival", callbacks=(looks,))
            made.callback(os.close, executed)
            made.callback(os.close, open_raw_tracepoint(_EXECUTED, executed))
            self._made = made.pop_all()

    def close(self) -> None:
        """Watches no more; nothing waits any longer."""
        self._made.close()

    def watch(self, pid: int, *, libraries: bool) -> None:
        """Watches a process for programs that it executes, and its dynamic linker, for libraries."""
        linker = dynamic_linker(pid) if libraries else None
        says = 0 if linker is None else linker.file.symbol(LINKER_SAYS) or 0
        state = load_address(pid, linker) + says + STATE if linker is not None and says else 0
        self._watched.update(_ID.pack(pid), _STATE_PLACE.pack(state))
        if linker is None or (pid, linker.key) in self._linkers:
            return
        self._linkers.add((pid, linker.key))
        many = self._facts.feature("uprobe_multi")
        for link in link_each(self._program, linker.path, _linker_places(linker), pid, entry=True, many=many):
            if isinstance(link, int):
                self._made.callback(os.close, link)

    def held(self) -> Iterator[None]:
        """Once for each thread that has mapped something, held meanwhile where that can be."""
        for record in self._ring.records():
            (thread,) = _ID.unpack_from(record)
            with self._held(thread):
                yield

    @contextlib.contextmanager
    def _held(self, thread: int) -> Iterator[None]:
        signal, seized = None, False
        try:
            # The process may have ended, or another traces it.
            with contextlib.suppress(OSError):
                ptrace(_SEIZE, thread, 0, 0)
                ptrace(_INTERRUPT, thread, 0, 0)
                seized = True
            self._waiting.delete(_ID.pack(thread))
            with contextlib.suppress(OSError):
                signal = wait_for_stop(thread) if seized else None
            yield
        finally:
            if signal is not None:
                with contextlib.suppress(OSError):
                    # Where it stopped for a signal, it gets it now.
                    ptrace(_DETACH, thread, 0, signal if signal < _EVENT else 0)


def _made(resources: contextlib.ExitStack, spec: MapSpec) -> BpfMap:
    made = BpfMap.create(spec)
    resources.callback(made.close)
    return made


def _linker_places(thing: MappedObject) -> list[tuple[int, int, int]]:
    """Where a dynamic linker tells that it has mapped something."""
    notes = [note for note in thing.file.notes if note.provider == _LINKER and note.name in _LINKER_PROBES]
    if notes:
        return [(note.offset, note.semaphore, 0) for note in notes]
    address = thing.file.symbol(LINKER_CALLS)
    offset = None if address is None else thing.file.offset_of(address)
    return [] if offset is None else [(offset, 0, 0)]


# --- the program ------------------------------------------------------------------------------------------

#: Helpers (include/uapi/linux/bpf.h, enum bpf_func_id), and BPF_RB_FORCE_WAKEUP.
_LOOKUP, _UPDATE, _DELETE, _PID_TGID, _READ_USER, _RING_OUTPUT, _LOOP = 1, 2, 3, 14, 112, 130, 181
_WAKE = 2
_CODE = struct.Struct("<BBhi")
#: What stands for 64 bits: a map by its descriptor, a function by its distance (BPF_PSEUDO_MAP_FD, BPF_PSEUDO_FUNC).
_MAP, _FUNCTION = 1, 4


def _program(watched: int, waiting: int, arrivals: int, *, by_linker: bool) -> tuple[bytes, int]:
    """A program that makes the running thread of a watched process wait, and the index of its function that is called
    for each look whether the thread is `waiting` still. Where the dynamic linker calls it, only if that says that it is
    done: its state is at the address that `watched` has, if not 0."""

    def one(opcode: int, to: int = 0, source: int = 0, offset: int = 0, number: int = 0) -> bytes:
        return _CODE.pack(opcode, source << 4 | to, offset, number)

    def wide(to: int, kind: int, number: int) -> bytes:
        return one(0x18, to, kind, 0, number) + one(0)

    def call(helper: int) -> bytes:
        return one(0x85, number=helper)

    def key(to: int) -> bytes:
        """The address of the key, on the stack."""
        return one(0xBF, to, 10) + one(0x07, to, number=-4)

    leave = one(0xB7, 0) + one(0x95)
    state = b"".join((
        one(0x79, 3, 0), one(0x15, 3, offset=9), one(0xBF, 1, 10), one(0x07, 1, number=-16), one(0xB7, 2, number=4),
        call(_READ_USER), one(0x55, 0, offset=4), one(0x61, 1, 10, -16), one(0x15, 1, offset=2), leave,
    ))  # fmt: skip
    head = b"".join((
        call(_PID_TGID), one(0xBF, 6, 0), one(0x77, 0, number=32), one(0x63, 10, 0, -4),  # the process
        wide(1, _MAP, watched), key(2), call(_LOOKUP), one(0x55, 0, offset=2), leave,
        state if by_linker else b"",
        one(0x63, 10, 6, -4),  # the thread
        wide(1, _MAP, waiting), key(2), key(3), one(0xB7, 4), call(_UPDATE),
        wide(1, _MAP, arrivals), key(2), one(0xB7, 3, number=4), one(0xB7, 4, number=_WAKE), call(_RING_OUTPUT),
        one(0xB7, 1, number=_MOST_LOOKS),
    ))  # fmt: skip
    tail = b"".join((key(3), one(0xB7, 4), call(_LOOP), wide(1, _MAP, waiting), key(2), call(_DELETE), leave))
    looks = b"".join((
        wide(1, _MAP, waiting), call(_LOOKUP), one(0x55, 0, offset=2), one(0xB7, 0, number=1), one(0x95), leave,
    ))  # fmt: skip
    distance = len(tail) // 8 + 1
    whole = head + wide(2, _FUNCTION, distance) + tail
    return whole + looks, len(whole) // 8
