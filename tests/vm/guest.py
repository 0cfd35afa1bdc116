"""A guest: a kernel of the lab under QEMU, without KVM, on this machine's own root file system.

The host's ``/`` is the guest's, read-only through 9p below an overlay in the guest's memory. So a command, its Python
environment and this checkout are the same inside, and nothing that the guest does stays, but in folders shared with it.
A guest of another machine has a root file system of its own (`roots`), with this checkout and this Python's environment
at the same places.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from dtrans.cache import cache_key
from tests.vm.kernels import Kernel
from tests.vm.packages import LabError, cache
from tests.vm.roots import root_of

#: The guest's first process: in its first file system, then in its root.
_SCRIPTS = tuple(Path(__file__).with_name(name) for name in ("init", "session"))
#: What the guest must have before it can reach its root, its disk and its output.
_MODULES = ("virtio_pci", "virtio_console", "9pnet_virtio", "9p", "overlay", "virtio_blk", "ext4")
_UNPACKERS = {".xz": "xz", ".zst": "zstd", ".gz": "gzip"}
#: Variables of the environment that a command keeps.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL")
#: How often a guest is started that stops before its command began: QEMU's processors now and then run an instruction
#: that the kernel is just changing on another.
_BOOTS = 3
_DISK_BYTES = 512 << 20
_PARAMETERS = "console={} quiet panic=-1 mitigations=off random.trust_cpu=on no_timer_check"
#: The exit status that stands for a command that took too long, as timeout(1) has it.
TIMED_OUT = 124


@dataclass(frozen=True, slots=True)
class Guest:
    """How a guest is made. `shares` are folders of the host in which it may write; `environment` adds variables."""

    kernel: Kernel
    shares: Sequence[Path] = ()
    environment: Iterable[tuple[str, str]] = ()
    megabytes: int = 2048
    processors: int = 4

    def run(self, command: Sequence[str], output: IO[bytes] | int, seconds: float) -> int:
        """Boots, runs a command as root in the current folder, and powers off; what it prints goes to `output`.

        Returns its exit status, or TIMED_OUT. Raises LabError, also when the guest stops before the command has ended.
        """
        root = root_of(self.kernel.machine)
        initrd = initial_memory(self.kernel, root.path)
        with ExitStack() as stack:
            control = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dtrans-lab-")))
            disk = control / "disk"
            with disk.open("wb") as file:
                file.truncate(_DISK_BYTES)
            (control / "shares").write_text("".join(f"{share.resolve()}\n" for share in self.shares))
            (control / "modules").write_text(f"{self.kernel.modules}\n")
            (control / "root").write_text(f"{root.path}\n")
            folders = (f"{folder} {above or ''}\n" for folder, above in root.folders.items())
            (control / "folders").write_text("".join(folders))
            (control / "command").write_text(self._script(command))
            machine = self._machine(initrd, control, disk)
            for _ in range(_BOOTS):
                try:
                    subprocess.run(machine, stdin=subprocess.DEVNULL, stdout=output, timeout=seconds, check=False)
                except FileNotFoundError:
                    raise LabError("QEMU is not installed: make system-vm") from None
                except subprocess.TimeoutExpired:
                    return TIMED_OUT
                if (control / "status").exists():
                    return int((control / "status").read_text())
                if (control / "begun").exists():
                    break
            console = (control / "console").read_text(errors="replace")
            raise LabError(f"the guest with Linux {self.kernel.release} stopped early:\n{console[-2000:]}")

    def _script(self, command: Sequence[str]) -> str:
        kept = [(name, os.environ[name]) for name in _KEPT if name in os.environ]
        exports = [f"export {name}={shlex.quote(value)}" for name, value in [*kept, *self.environment]]
        return "\n".join([f"cd {shlex.quote(str(Path.cwd()))}", *exports, f"exec {shlex.join(command)}", ""])

    def _machine(self, initrd: Path, control: Path, disk: Path) -> list[str]:
        shared = [("host", Path("/"), ",readonly=on"), ("control", control, "")]
        shared += [(f"share{number}", share.resolve(), "") for number, share in enumerate(self.shares)]
        line = [*self.kernel.machine.qemu, *"-accel tcg,thread=multi -nodefaults -display none -no-reboot".split()]
        line += ["-m", str(self.megabytes), "-smp", str(self.processors)]
        line += ["-kernel", str(self.kernel.image), "-initrd", str(initrd), "-append"]
        line += [_PARAMETERS.format(self.kernel.machine.console)]
        line += ["-drive", f"file={disk},if=virtio,format=raw,cache=unsafe", "-serial", f"file:{control}/console"]
        line += ["-device", "virtio-serial-pci", "-device", "virtserialport,nr=1,chardev=output"]
        line += ["-chardev", "file,id=output,path=/dev/stdout,append=on"]
        for tag, path, more in shared:
            line += ["-virtfs", f"local,path={path},mount_tag={tag},security_model=none,multidevs=remap{more}"]
        return line


def initial_memory(kernel: Kernel, root: Path) -> Path:
    """The guest's first file system: its root's busybox, the scripts and the modules it needs. Made once for each
    kernel. Raises LabError."""
    key = cache_key([*(script.read_bytes() for script in _SCRIPTS), str(kernel.image.stat().st_mtime_ns)])
    path = cache() / "initrd" / f"{kernel.release}-{key}.img"
    if path.exists():
        return path
    busybox = shutil.which("busybox", path=None if root == Path("/") else str(root / "bin"))
    if busybox is None:
        raise LabError("busybox is not installed: make system-vm")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="dtrans-lab-") as folder:
        top = Path(folder)
        for name in ("bin", "modules", "dev", "proc", "sys", "lower", "memory", "root", "ctl"):
            (top / name).mkdir()
        shutil.copy(busybox, top / "bin" / "busybox")
        for script in _SCRIPTS:
            shutil.copy(script, top)
        (top / "init").chmod(0o755)
        for number, module in enumerate(_needed_modules(kernel)):
            (top / "modules" / f"{number:02}-{module.name.partition('.')[0]}.ko").write_bytes(_unpacked(module))
        names = "\n".join(str(entry.relative_to(top)) for entry in sorted(top.rglob("*")))
        packed = subprocess.run(
            ["cpio", "-o", "-H", "newc", "-R", "0:0", "--quiet"],
            cwd=top, input=names.encode(), stdout=subprocess.PIPE, check=True,
        ).stdout  # fmt: skip
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_bytes(packed)
    draft.rename(path)
    return path


def _needed_modules(kernel: Kernel) -> list[Path]:
    """Files of modules in the order of loading. Those that are built into the kernel have none."""
    base = str(kernel.modules).removesuffix(f"/lib/modules/{kernel.release}") or "/"
    if not (kernel.modules / "modules.dep").exists():
        subprocess.run(["depmod", "-b", base, kernel.release], check=True, stderr=subprocess.DEVNULL)
    found: dict[Path, None] = {}
    for name in _MODULES:
        command = ["modprobe", "-d", base, "-S", kernel.release, "--show-depends", name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        words = [line.split() for line in done.stdout.splitlines()]
        found |= {Path(line[1]): None for line in words if line[:1] == ["insmod"]}
    return list(found)


def _unpacked(module: Path) -> bytes:
    if module.suffix not in _UNPACKERS:
        return module.read_bytes()
    return subprocess.run([_UNPACKERS[module.suffix], "-dc", module], stdout=subprocess.PIPE, check=True).stdout
