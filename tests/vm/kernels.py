"""The kernels of the lab: Debian's packages, downloaded by apt and unpacked in the user's cache. Nothing is installed.

Apt gets lists and sources of its own for the suites that hold them; the machine's own apt configuration says only
from where: from the mirror that it uses for Debian itself.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

#: Debian's suites by the name that the lab gives to their kernel.
SUITES = {"5.10": "bullseye", "6.1": "bookworm", "6.12": "bookworm-backports", "newest": "sid"}
#: The packages that a kernel's image is made of: one, or since Linux 6.18 three.
_PARTS = re.compile(r"linux-(?:image|binary|modules)-\d\S*-amd64|linux-(?:image|binary|modules)-\d\S*\+deb\d+-amd64")


class LabError(Exception):
    """What the lab lacks, in words for a person."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """An unpacked kernel: the file to boot, its release (``uname -r``) and the folder of its modules."""

    name: str
    release: str
    image: Path
    modules: Path


def cache() -> Path:
    """The lab's folder in the user's cache."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "dtrans-lab"


def kernel(name: str) -> Kernel:
    """A kernel by the lab's name for it, fetched if need be, or by the folder in which one is unpacked.

    Raises LabError.
    """
    if "/" in name:
        return _unpacked(Path(name).name, Path(name).resolve())
    if name not in SUITES:
        raise LabError(f"no such kernel: {name} (there are {', '.join(SUITES)}, and folders)")
    folder = cache() / "kernels" / name
    if not folder.exists():
        _fetch(SUITES[name], folder)
    return _unpacked(name, folder)


def _unpacked(name: str, folder: Path) -> Kernel:
    for modules in sorted([*folder.glob("lib/modules/*"), *folder.glob("usr/lib/modules/*")], reverse=True):
        for image in (folder / "boot" / f"vmlinuz-{modules.name}", modules / "vmlinuz"):
            if image.exists():
                return Kernel(name, modules.name, image, modules)
    raise LabError(f"no kernel in {folder}")


def _fetch(suite: str, folder: Path) -> None:
    apt = _Apt(suite)
    apt.run("apt-get", "update", "-qq")
    image = next(iter(apt.parts("linux-image-amd64")), "")
    if not image:
        raise LabError(f"Debian's suite {suite} has no linux-image-amd64")
    draft = folder.with_name(f"{folder.name}.{os.getpid()}")
    draft.mkdir(parents=True)
    try:
        apt.run("apt-get", "download", "-qq", image, *apt.parts(image), cwd=draft)
        for package in draft.glob("*.deb"):
            _run(["dpkg", "-x", str(package), str(draft)])
            package.unlink()
        for debug in draft.glob("boot/System.map-*"):
            debug.unlink()
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


class _Apt:
    """Apt with a configuration of its own: one suite of the machine's Debian mirror."""

    def __init__(self, suite: str) -> None:
        folder = cache() / "apt" / suite
        for needed in ("lists/partial", "archives/partial"):
            (folder / needed).mkdir(parents=True, exist_ok=True)
        sources = folder / "sources.list"
        sources.write_text(f"deb {_mirror()} {suite} main\n")
        self.options = [
            f"-oDir::Etc::SourceList={sources}",
            "-oDir::Etc::SourceParts=/dev/null",
            f"-oDir::State::Lists={folder / 'lists'}",
            f"-oDir::Cache={folder}",
            "-oAPT::Sandbox::User=root",
        ]

    def run(self, *command: str, cwd: Path | None = None) -> str:
        name, *arguments = command
        return _run([name, *self.options, *arguments], cwd)

    def parts(self, package: str) -> list[str]:
        """The packages of a kernel on which a package depends."""
        words = self.run("apt-cache", "depends", "--important", package).split()
        return [word for word in words if _PARTS.fullmatch(word) and word != package]


def _mirror() -> str:
    """Where this machine gets Debian from."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian"]
    found = _run([*command, "Label: Debian"]).split()
    if not found and os.geteuid() == 0:  # The lists of a fresh machine are empty.
        _run(["apt-get", "update", "-qq"])
        found = _run([*command, "Label: Debian"]).split()
    if not found:
        raise LabError("apt on this machine has no Debian mirror, from which the lab gets its kernels")
    return found[0]


def _run(command: Sequence[str], cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"{' '.join(command[:2])} failed: {done.stderr.strip()}")
    return done.stdout
