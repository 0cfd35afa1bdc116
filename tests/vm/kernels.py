"""The kernels of the lab: Debian's packages, unpacked in the user's cache."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.vm.machines import AARCH64, X86_64, Machine, machine_of
from tests.vm.packages import LabError, Packages, cache, unpack

#: Debian's suites by the name that the lab gives to their kernel: those that a run is on when it names none.
SUITES = {"5.10": "bullseye", "6.1": "bookworm", "6.12": "bookworm-backports", "newest": "sid"}
#: Ends of names, for the same kernels on another machine than an x86-64.
_MACHINES = {"": X86_64, "-arm64": AARCH64}
KERNELS = {f"{name}{end}": (suite, machine) for end, machine in _MACHINES.items() for name, suite in SUITES.items()}
#: The packages that a kernel's image is made of: one, or since Linux 6.18 three.
_PARTS = r"linux-(?:image|binary|modules)-\d\S*-{}"


@dataclass(frozen=True, slots=True)
class Kernel:
    """An unpacked kernel: the file to boot, its release (``uname -r``), the folder of its modules, its machine."""

    name: str
    release: str
    image: Path
    modules: Path
    machine: Machine


def kernel(name: str) -> Kernel:
    """A kernel by the lab's name for it, fetched if need be, or by the folder in which one is unpacked.

    Raises LabError.
    """
    if "/" in name:
        return _unpacked(Path(name).name, Path(name).resolve())
    if name not in KERNELS:
        raise LabError(f"no such kernel: {name} (there are {', '.join(KERNELS)}, and folders)")
    folder = cache() / "kernels" / name
    if not folder.exists():
        _fetch(*KERNELS[name], folder)
    return _unpacked(name, folder)


def _unpacked(name: str, folder: Path) -> Kernel:
    for modules in sorted([*folder.glob("lib/modules/*"), *folder.glob("usr/lib/modules/*")], reverse=True):
        for image in (folder / "boot" / f"vmlinuz-{modules.name}", modules / "vmlinuz"):
            if image.exists():
                return Kernel(name, modules.name, image, modules, machine_of(image))
    raise LabError(f"no kernel in {folder}")


def _fetch(suite: str, machine: Machine, folder: Path) -> None:
    packages = Packages(suite, machine.debian)
    image = next(iter(_parts(packages, f"linux-image-{machine.debian}")), "")
    if not image:
        raise LabError(f"Debian's suite {suite} has no linux-image-{machine.debian}")
    draft = folder.with_name(f"{folder.name}.{os.getpid()}")
    draft.mkdir(parents=True)
    try:
        for package in packages.download(image, *_parts(packages, image)):
            unpack(package, draft)
        for debug in draft.glob("boot/System.map-*"):
            debug.unlink()
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _parts(packages: Packages, package: str) -> list[str]:
    """The packages of a kernel on which a package depends."""
    pattern = re.compile(_PARTS.format(packages.architecture))
    return [word for word in packages.needed_by(package) if pattern.fullmatch(word) and word != package]
