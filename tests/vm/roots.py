"""The root file system of a guest: this machine's own, or one that is made for another machine."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
import zipfile
from pathlib import Path

from tests.vm.machines import Machine
from tests.vm.packages import LabError, Packages, cache, run, unpack

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
#: Where a guest's Python looks for the library of the package capstone, and the variable that tells it so.
_CAPSTONE = "usr/local/lib/capstone"
_CAPSTONE_VARIABLE = "LIBCAPSTONE_PATH"


def root_of(machine: Machine) -> tuple[Path, dict[str, str]]:
    """The root of a guest, and the environment that its commands have for it.

    That of another machine is made once: packages of the Debian release that runs here, unpacked and not installed, so
    that its Python and BCC are of the same versions. Raises LabError.
    """
    if machine.name == platform.machine():
        return Path("/"), {}
    suite = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    root = cache() / "roots" / f"{suite}-{machine.debian}"
    if not root.exists():
        draft = root.with_name(f"{root.name}.{os.getpid()}")
        try:
            _make(draft, Packages(suite, machine.debian))
            _add_capstone(draft, machine)
            draft.rename(root)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return root, {_CAPSTONE_VARIABLE: f"/{_CAPSTONE}/capstone/lib"}


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


def _add_capstone(root: Path, machine: Machine) -> None:
    """The only part of this Python's environment that is machine code: all else that guests use of it is Python."""
    folder = root / _CAPSTONE
    folder.mkdir(parents=True)
    wanted = [f"capstone=={importlib.metadata.version('capstone')}", "--platform", f"manylinux2014_{machine.name}"]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    run([*pip, *wanted, "--dest", str(folder)])
    wheels = list(folder.glob("*.whl"))
    if not wheels:
        raise LabError(f"there is no capstone for {machine.name}")
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(folder)
        wheel.unlink()
