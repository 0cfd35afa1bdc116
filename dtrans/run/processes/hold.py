"""How far a command of ``-c`` runs before it is held: the option ``evaltime`` (Guide, "Options and Tunables").

    exec        where exec() left it: only the program and the dynamic linker are mapped
    preinit     its libraries are mapped, and none of their code has run
    postinit    its libraries are initialised (here: as main)
    main        at its main function

    mapped      as preinit, for a process whose functions are traced already: found without breakpoints, which a probe
                at the same place would take for its own

The process is stopped by ptrace, and was started to be killed with its tracer; breakpoints in it are gone when this is
done.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Callable, Collection
from pathlib import Path

from dtrans.run.processes.elf import ElfFile
from dtrans.run.processes.mapped import AT_BASE, AT_ENTRY, auxiliary_vector, load_address, mapped_objects

_POKE_TEXT, _CONTINUE, _SINGLE_STEP, _SYSCALL, _GETREGSET, _SETREGSET = 4, 7, 9, 24, 0x4204, 0x4205
_NT_PRSTATUS = 1
#: More than struct user_regs_struct and struct user_pt_regs have.
_REGISTER_BYTES = 512
_SIGTRAP = 5
#: The breakpoint instruction, how far behind its place it leaves the program counter, and where the counter and the
#: first argument are among the registers (struct user_regs_struct, struct user_pt_regs).
_BREAKPOINTS = {"x86_64": (b"\xcc", 1, 128, 112), "aarch64": (b"\x00\x00\x20\xd4", 0, 256, 0)}
#: The dynamic linker calls this when it has changed what is mapped (<link.h>, r_brk), and says in `_r_debug` at this
#: offset whether it is done: 0 is RT_CONSISTENT.
LINKER_CALLS, LINKER_SAYS, STATE = "_dl_debug_state", "_r_debug", 24
_STARTS = "__libc_start_main"
#: System calls of the dynamic linker when it has mapped the libraries, before it runs any of their code: it makes the
#: memory of the first thread known. By machine where their number is among the registers, and the number with its
#: first argument (None: any): arch_prctl(ARCH_SET_FS) and set_tid_address; the latter.
_THREAD_CALLS: dict[str, tuple[int, set[tuple[int, int | None]]]] = {
    "x86_64": (120, {(158, 0x1002), (218, None)}),
    "aarch64": (64, {(96, None)}),
}
#: Calls after which a process is taken to make none of these.
_MOST_CALLS = 2000


def run_until(pid: int, moment: str) -> None:
    """Lets a process that ptrace holds at exec run on to a moment, where it is held again. A process that ends before,
    or whose moment cannot be told, is where it can be. Raises OSError."""
    held = _Held(pid)
    match moment:
        case "mapped":
            held.to_mapped()
        case "preinit":
            held.to_preinit()
        case "postinit" | "main":
            held.to_main()


class _Held:
    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.trap, self.behind, self.counter, self.first = _BREAKPOINTS[os.uname().machine]
        self.program = ElfFile(Path(f"/proc/{pid}/exe"))
        auxiliary = auxiliary_vector(pid)
        self.entry = auxiliary.get(AT_ENTRY, 0)
        self.linker = auxiliary.get(AT_BASE, 0)

    def to_preinit(self) -> None:
        """Libraries are mapped, and not initialised; at the latest where the dynamic linker hands over to the
        program."""
        if not (self.linker and self.program.interpreter):
            return
        linker = ElfFile(Path(f"/proc/{self.pid}/root{self.program.interpreter}"))
        calls, says = linker.symbol(LINKER_CALLS), linker.symbol(LINKER_SAYS)
        places = {self.entry} | ({self.linker + calls} if calls else set())

        def done(place: int) -> bool:
            return place == self.entry or says is None or not self._word(self.linker + says + STATE) & 0xFFFFFFFF

        self._run_to(places, done)

    def to_mapped(self) -> None:
        """Libraries are mapped, told from the system calls that come then."""
        if not (self.linker and self.program.interpreter):
            return
        place, calls = _THREAD_CALLS[os.uname().machine]
        signal = 0
        for _ in range(2 * _MOST_CALLS):  # Each call stops it twice.
            ptrace(_SYSCALL, self.pid, 0, signal)
            stopped = wait_for_stop(self.pid)
            if stopped is None:
                return
            signal = 0 if stopped == _SIGTRAP else stopped
            registers = self._registers()
            number = int(struct.unpack_from("=Q", registers, place)[0])
            first = int(struct.unpack_from("=Q", registers, self.first)[0])
            if not signal and ({(number, None), (number, first)} & calls):
                return

    def to_main(self) -> None:
        """The main function: by its symbol, or by what the program hands to the C library to be called."""
        bias = self.entry - self.program.entry
        main = self.program.symbol("main")
        if main is not None:
            self._run_to({bias + main}, lambda _: True)
            return
        self._run_to({self.entry}, lambda _: True)
        start = _started_by(self.pid)
        if start and self._run_to({start}, lambda _: True):
            (main,) = struct.unpack_from("=Q", self._registers(), self.first)
            self._run_to({main}, lambda _: True)

    # --- breakpoints ------------------------------------------------------------------------------------

    def _run_to(self, places: Collection[int], done: Callable[[int], bool]) -> bool:
        """Runs until one of some places is reached where `done` says so. False when the process has ended."""
        while True:
            before = {place: self._set(place) for place in places}
            reached = self._run(places)
            if reached is None:
                return False
            for place, word in before.items():
                self._poke(place, word)
            if done(reached):
                return True
            ptrace(_SINGLE_STEP, self.pid, 0, 0)
            wait_for_stop(self.pid)

    def _run(self, places: Collection[int]) -> int | None:
        """Runs until a breakpoint is met: its place; None when the process has ended. Signals reach the process."""
        signal = 0
        while True:
            ptrace(_CONTINUE, self.pid, 0, signal)
            stopped = wait_for_stop(self.pid)
            if stopped is None:
                return None
            registers = self._registers()
            place = int(struct.unpack_from("=Q", registers, self.counter)[0]) - self.behind
            if stopped == _SIGTRAP and place in places:
                struct.pack_into("=Q", registers, self.counter, place)
                self._registers(registers)
                return place
            signal = 0 if stopped == _SIGTRAP else stopped

    def _set(self, place: int) -> bytes:
        """Puts a breakpoint at a place: the word that stood there."""
        before = struct.pack("=Q", self._word(place))
        self._poke(place, self.trap + before[len(self.trap) :])
        return before

    def _poke(self, place: int, word: bytes) -> None:
        ptrace(_POKE_TEXT, self.pid, place, int.from_bytes(word, "little"))

    def _word(self, place: int) -> int:
        with Path(f"/proc/{self.pid}/mem").open("rb", buffering=0) as memory:
            memory.seek(place)
            return int.from_bytes(memory.read(8), "little")

    def _registers(self, new: bytearray | None = None) -> bytearray:
        """The registers of the process, set first where new ones are given."""
        data = ctypes.create_string_buffer(bytes(new) if new is not None else b"", _REGISTER_BYTES)
        vector = (ctypes.c_size_t * 2)(ctypes.addressof(data), len(new) if new is not None else _REGISTER_BYTES)
        ptrace(_GETREGSET if new is None else _SETREGSET, self.pid, _NT_PRSTATUS, ctypes.addressof(vector))
        return bytearray(data.raw[: int(vector[1])])


def _started_by(pid: int) -> int | None:
    """The function of the C library that gets the main function as its first argument."""
    for thing in mapped_objects(pid):
        at = thing.file.symbol(_STARTS)
        if at is not None:
            return load_address(pid, thing) + at
    return None


def wait_for_stop(pid: int) -> int | None:
    """The signal that a process stopped for; None when it has ended, which is for others to ask for."""
    os.waitid(os.P_PID, pid, os.WEXITED | os.WSTOPPED | os.WNOWAIT)
    info = os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOHANG)
    return None if info is None else int(info.si_status)


def ptrace(request: int, pid: int, address: int, data: int) -> None:
    """ptrace(2), for requests that give nothing back. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long
    if libc.ptrace(request, pid, address, data) < 0:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno))
