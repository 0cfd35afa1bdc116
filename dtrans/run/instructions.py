"""Where the instructions of a function begin: a probe in the middle of one would break the traced program.

Capstone, the usual library for it, takes machine code apart; AArch64's instructions are all of four bytes.
"""

from __future__ import annotations

import platform
from pathlib import Path

from dtrans.errors import fail
from dtrans.run.elf import ElfFunction


def instruction_offsets(path: str, function: ElfFunction) -> tuple[int, ...]:
    """The offsets of the instructions from the function's start, in bytes. Raises D_PROC_OFF without capstone."""
    if platform.machine() == "aarch64":
        return tuple(range(0, function.size, 4))
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
    machine = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    return tuple(address for address, _, _, _ in machine.disasm_lite(code, 0))
