"""The root file system of a guest: this machine's own, or one that is made for another machine."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.vm.machines import Machine
from tests.vm.packages import Packages, cache, run, unpack

#: What dtrans needs, what the lab needs, what live tests use.
_PACKAGES = """
    base-files base-passwd bash binutils bpftool busybox-static coreutils cpp dash debianutils diffutils e2fsprogs
    findutils gawk gcc grep gzip hostname iproute2 kmod libc-bin libc6-dev login mount passwd perl php-cli procps psmisc
    python3 python3-bpfcc ruby sed systemtap-sdt-dev tar tcl util-linux
""".split()
#: Folders of the top level that are links (Debian's "merged /usr").
_MERGED = ("bin", "lib", "sbin")
#: Links and files that packages make only when they are installed.
_LINKS = {"usr/bin/awk": "gawk", "usr/bin/cc": "gcc", "usr/bin/php": "php.default"}
_COPIES = {
    "etc/passwd": "usr/share/base-passwd/passwd.master",
    "etc/group": "usr/share/base-passwd/group.master",
    "etc/nsswitch.conf": "usr/share/libc-bin/nsswitch.conf",
}
_HOSTS = "127.0.0.1 localhost\n::1 localhost\n"
#: What guests use of this Python's environment that is machine code, and where the root has it: all else is Python.
_PYTHON = "usr/local/lib/lab"
_NATIVE = ("capstone", "hypothesis", "markupsafe")
_PLATFORMS = ("manylinux2014", "manylinux_2_17", "manylinux_2_28")


@dataclass(frozen=True, slots=True)
class Root:
    """A root file system: its folder, and for each folder that guests have of the host besides, what lies above it."""

    path: Path
    folders: Mapping[Path, Path | None]


def root_of(machine: Machine) -> Root:
    """The root of a guest.

    That of another machine is made once: packages of the Debian release that runs here, unpacked and not installed, so
    that its Python and BCC are of the same versions. Such a guest has this checkout and this Python's environment, too.
    Raises LabError.
    """
    if machine.name == platform.machine():
        return Root(Path("/"), {})
    suite = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    root = cache() / "roots" / f"{suite}-{machine.debian}"
    if not root.exists():
        draft = root.with_name(f"{root.name}.{os.getpid()}")
        try:
            _make(draft, Packages(suite, machine.debian))
            _add_packages(draft / _PYTHON, machine)
            draft.rename(root)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    checkout, packages = Path(__file__).resolve().parents[2], Path(sysconfig.get_path("purelib"))
    return Root(root, {checkout: None, Path(sys.prefix): None, packages: root / _PYTHON})


def _make(root: Path, packages: Packages) -> None:
    for name in _MERGED:
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    for package in packages.download(*_PACKAGES, dependencies=True):
        unpack(package, root)
    for place, target in _LINKS.items():
        (root / place).symlink_to(target)
    for place, source in _COPIES.items():
        shutil.copy(root / source, root / place)
    (root / "etc" / "hosts").write_text(_HOSTS)
    # A guest would make it anew at each boot. Bytecode is the same for all machines.
    libraries = [str(library) for library in (root / "usr" / "lib").glob("python3*")]
    run([sys.executable, "-m", "compileall", "-q", "-s", str(root), "-p", "/", *libraries])


def _add_packages(folder: Path, machine: Machine) -> None:
    """This Python's packages that are machine code, in the same versions for another machine."""
    wanted = [f"{name}=={importlib.metadata.version(name)}" for name in _NATIVE]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:"]
    run([*pip, *(f"--platform={name}_{machine.name}" for name in _PLATFORMS), "--target", str(folder), *wanted])
