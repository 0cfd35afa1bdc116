"""Debian's packages, downloaded by apt and unpacked in the user's cache. Nothing is installed.

Apt gets lists and sources of its own for each suite and architecture; the machine's own apt configuration says only
from where: from the mirror that it uses for Debian itself.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path


class LabError(Exception):
    """What the lab lacks, in words for a person."""


def cache() -> Path:
    """The lab's folder in the user's cache."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "dtrans-lab"


class Packages:
    """The packages of one suite of the machine's Debian mirror, for an architecture as Debian names it."""

    def __init__(self, suite: str, architecture: str) -> None:
        self.suite = suite
        self.architecture = architecture
        folder = cache() / "apt" / f"{suite}-{architecture}"
        for needed in ("lists/partial", "archives/partial"):
            (folder / needed).mkdir(parents=True, exist_ok=True)
        sources, installed = folder / "sources.list", folder / "status"
        sources.write_text(f"deb {_mirror()} {suite} main\n")
        installed.touch()
        self.archives = folder / "archives"
        self.options = [
            f"-oAPT::Architecture={architecture}",
            f"-oAPT::Architectures::={architecture}",
            f"-oDir::Etc::SourceList={sources}",
            "-oDir::Etc::SourceParts=/dev/null",
            f"-oDir::State::Lists={folder / 'lists'}",
            f"-oDir::State::status={installed}",
            f"-oDir::Cache={folder}",
            "-oAPT::Sandbox::User=root",
            "-oDebug::NoLocking=1",
        ]
        self._run("apt-get", "update", "-qq")

    def needed_by(self, package: str) -> list[str]:
        """The packages on which one depends itself."""
        return self._run("apt-cache", "depends", "--important", package).split()

    def download(self, *packages: str, dependencies: bool = False) -> list[Path]:
        """The files of packages, and with `dependencies` of all that they need in turn. Raises LabError."""
        for old in self.archives.glob("*.deb"):
            old.unlink()
        if dependencies:
            self._run("apt-get", "install", "-qq", "-y", "--no-install-recommends", "--download-only", *packages)
        else:
            self._run("apt-get", "download", "-qq", *packages, cwd=self.archives)
        return sorted(self.archives.glob("*.deb"))

    def _run(self, name: str, *arguments: str, cwd: Path | None = None) -> str:
        return run([name, *self.options, *arguments], cwd)


def unpack(package: Path, folder: Path) -> None:
    """Puts what a package has into a folder, and removes the package. Links to folders there stay. Raises LabError."""
    archive = package.with_suffix(".tar")
    run(["dpkg-deb", "--fsys-tarfile", str(package)], output=archive)
    run(["tar", "-x", "-f", str(archive), "-C", str(folder), "--keep-directory-symlink"])
    archive.unlink()
    package.unlink()


def run(command: Sequence[str], cwd: Path | None = None, output: Path | None = None) -> str:
    """What a command prints, or "" when that goes to a file. Raises LabError with what it says when it fails."""
    with open(output or os.devnull, "wb") as file:
        target = file if output else subprocess.PIPE
        done = subprocess.run(command, cwd=cwd, stdout=target, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise LabError(f"{command[0]} failed: {done.stderr.decode(errors='replace').strip()}")
    return (done.stdout or b"").decode()


def _mirror() -> str:
    """Where this machine gets Debian from."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian"]
    found = run([*command, "Label: Debian"]).split()
    if not found and os.geteuid() == 0:  # The lists of a fresh machine are empty.
        run(["apt-get", "update", "-qq"])
        found = run([*command, "Label: Debian"]).split()
    if not found:
        raise LabError("apt on this machine has no Debian mirror, from which the lab gets its kernels")
    return found[0]
