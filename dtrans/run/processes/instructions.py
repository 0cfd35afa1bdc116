"""Where the instructions of a function begin, and which of them leave it: a probe in the middle of one would break the
traced program.

Capstone, the usual library for it, takes machine code apart; AArch64's instructions are all of four bytes.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path

from dtrans.errors import fail
from dtrans.run.processes.elf import ElfFunction

#: An instruction: its offset in the function, its size, its name, its operands.
_Instruction = tuple[int, int, str, str]
#: Prefixes that the assembler writes before a return or a jump.
_PREFIXES = frozenset({"rep", "repz", "repne", "bnd", "notrack"})
#: AArch64's jumps: to a place, on a condition, by a register (Arm ARM, C4.1). Returns begin with ``ret``.
_ARM_JUMPS = frozenset({"b", "br", "braa", "brab", "braaz", "brabz", "cbz", "cbnz", "tbz", "tbnz"})


def instruction_offsets(path: str, function: ElfFunction) -> tuple[int, ...]:
    """The offsets of the instructions from the function's start, in bytes. Raises D_PROC_OFF without capstone."""
    if platform.machine() == "aarch64":
        return tuple(range(0, function.size, 4))
    return tuple(offset for offset, _, _, _ in _disassembled(path, function))


def exit_offsets(path: str, function: ElfFunction) -> tuple[int, ...]:
    """The offsets of the instructions by which a function may be left: returns, jumps to elsewhere, jumps to an address
    in a register or in memory. () for one whose code cannot be read to its end: it holds data, which a probe would
    change. Raises D_PROC_OFF without capstone."""
    code = tuple(_disassembled(path, function))
    if not code or code[-1][0] + code[-1][1] != function.size:
        return ()
    return tuple(offset for offset, _, name, operands in code if _leaves(name, operands, function.size))


def return_offsets(path: str, function: ElfFunction) -> tuple[int, ...]:
    """The offsets of a function's return instructions. Raises D_PROC_OFF without capstone."""
    return tuple(offset for offset, _, name, _ in _disassembled(path, function) if name.split()[-1].startswith("ret"))


def _leaves(name: str, operands: str, size: int) -> bool:
    *prefixes, name = name.split()
    if not _PREFIXES.issuperset(prefixes):
        return False
    if name.startswith("ret"):
        return True
    jumps = name in _ARM_JUMPS or name.startswith("b.") if platform.machine() == "aarch64" else name.startswith("j")
    if not jumps:
        return False
    try:
        # Addresses below the function's start wrap around.
        return not 0 <= int(operands.rpartition(" ")[2].lstrip("#"), 16) < size
    except ValueError:
        return True  # An address in a register or in memory.


def _disassembled(path: str, function: ElfFunction) -> Iterator[_Instruction]:
    """The instructions of a function up to its end, or to the first that is none."""
    try:
        import capstone
    except ImportError:
        raise fail(
            "D_PROC_OFF",
            "instructions of functions can be traced with the Python package capstone only, which is not installed",
            hint="install python3-capstone, or trace the function's entry",
        ) from None
    with Path(path).open("rb") as file:
        file.seek(function.offset)
        code = file.read(function.size)
    if platform.machine() == "aarch64":
        machine = capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM)
    else:
        machine = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    yield from machine.disasm_lite(code, 0)
