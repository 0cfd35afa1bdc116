"""The machines that guests of the lab are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

#: Where a kernel's file tells that it is one for AArch64, and how (Documentation/arch/arm64/booting.rst).
_MAGIC_PLACE, _MAGIC = 56, b"ARM\x64"


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine: its name as ``uname -m`` has it and as Debian has it, what starts QEMU, its serial console."""

    name: str
    debian: str
    qemu: tuple[str, ...]
    console: str


#: A kernel that knows itself in a virtual machine has spin locks of another kind.
X86_64 = Machine("x86_64", "amd64", ("qemu-system-x86_64", "-cpu", "max,hypervisor=off"), "ttyS0")
#: Pointers are signed by a function that QEMU computes faster than the architecture's own.
AARCH64 = Machine("aarch64", "arm64", ("qemu-system-aarch64", "-M", "virt", "-cpu", "max,pauth-impdef=on"), "ttyAMA0")


def machine_of(image: Path) -> Machine:
    """The machine that a kernel's file is for."""
    with image.open("rb") as file:
        file.seek(_MAGIC_PLACE)
        return AARCH64 if file.read(len(_MAGIC)) == _MAGIC else X86_64
