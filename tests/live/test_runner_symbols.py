"""Addresses to names: the kernel's, and those of living and ended processes."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from dtrans.run.processes.elf import ElfFile
from dtrans.run.processes.symbols import KernelSymbols, Symbols, place_name

LIBC = ctypes.CDLL(None)


def _address(name: str) -> int:
    return ctypes.cast(getattr(LIBC, name), ctypes.c_void_p).value or 0


def _kernel_address(name: str) -> int:
    for line in Path("/proc/kallsyms").read_text().splitlines():
        if line.split()[2] == name:
            return int(line.split()[0], 16)
    pytest.skip(f"needs symbol:{name}")


def test_a_place_at_the_start_of_a_function_has_no_offset() -> None:
    assert place_name("vmlinux", "vfs_read", 0) == "vmlinux`vfs_read"
    assert place_name("vmlinux", "vfs_read", 28) == "vmlinux`vfs_read+0x1c"


def test_kernel_functions() -> None:
    symbols, start = KernelSymbols(), _kernel_address("vfs_read")
    assert symbols.name(start) == "vmlinux`vfs_read"
    assert symbols.name(start + 28) == "vmlinux`vfs_read+0x1c"
    assert symbols.name(0x1234) == "0x1234"


def test_functions_of_a_library_in_a_process() -> None:
    symbols = Symbols()
    assert symbols.user(os.getpid(), _address("getppid")) == "libc.so.6`getppid"
    assert symbols.user(os.getpid(), _address("getppid") + 4) == "libc.so.6`getppid+0x4"
    assert symbols.user(os.getpid(), 0x1234) == "0x1234"


def test_pid_0_is_the_target() -> None:
    assert Symbols({0: os.getpid()}).user(0, _address("getppid")) == "libc.so.6`getppid"


def test_the_file_of_a_process_that_ends_meanwhile_is_read_by_its_own_name(tmp_path: Path) -> None:
    symbols = Symbols()
    made = tmp_path / "prog"
    made.write_bytes(Path(shutil.which("cat") or "").read_bytes())
    made.chmod(0o755)
    with subprocess.Popen([made], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"up")
        process.stdin.flush()
        assert process.stdout.read(2) == b"up"
        image = symbols._images.image(process.pid)
        image.read()
        assert image.find(0) is None
        file = symbols._file(image, next(each for each in image.mappings if each.path == str(made)))
        process.kill()
    assert file.machine == ElfFile(made).machine
    assert file.symbol("stdout") == ElfFile(made).symbol("stdout")
    assert file.symbol("stdout")


def test_a_process_that_has_ended_is_still_known_when_it_was_looked_at() -> None:
    with subprocess.Popen(["sleep", "1000"]) as process:
        symbols = Symbols()
        while (base := _base(f"/proc/{process.pid}/maps")) is None:
            pass
        symbols.survey()
        process.kill()
    own = _base("/proc/self/maps")
    assert own is not None
    inside = _address("getppid") - own
    assert symbols.user(process.pid, base + inside) == "libc.so.6`getppid"
    assert Symbols().user(process.pid, base + inside) == hex(base + inside)


def _base(maps: str) -> int | None:
    """Where the C library is, once its code has been mapped."""
    found = (line for line in Path(maps).read_text().splitlines() if "libc.so" in line and "r-xp" in line)
    line = next(found, None)
    if line is None:
        return None
    extent, _, offset, *_ = line.split()
    return int(extent.split("-")[0], 16) - int(offset, 16)


def test_code_that_the_kernel_gives_each_process() -> None:
    line = next(line for line in Path("/proc/self/maps").read_text().splitlines() if line.endswith("[vdso]"))
    start, end = (int(part, 16) for part in line.split()[0].split("-"))
    vdso = ElfFile.of(ctypes.string_at(start, end - start))
    address = vdso.symbol("__vdso_gettimeofday")
    assert address
    assert re.fullmatch(r"\[vdso\]`(__vdso_)?gettimeofday\+0x3", Symbols().user(os.getpid(), start + address + 3))


@pytest.mark.needs("command:gcc")
@pytest.mark.parametrize("flags", [[], ["-static"], ["-no-pie"], ["-s"]])
def test_functions_of_a_program(tmp_path: Path, flags: list[str]) -> None:
    source = tmp_path / "main.c"
    source.write_text(
        "#include <stdio.h>\n"
        "int outer(void) { return 7; }\n"
        'int main(void) { printf("%p\\n", (void *)outer); fflush(stdout); getchar(); return 0; }\n'
    )
    subprocess.run(["gcc", *flags, "-o", str(tmp_path / "prog"), str(source)], check=True)
    with subprocess.Popen([tmp_path / "prog"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        address = int(process.stdout.readline(), 16)
        name = Symbols().user(process.pid, address + 4)
        process.kill()
    assert name == (f"prog`{address + 4:#x}" if flags == ["-s"] else "prog`outer+0x4")


def test_a_file_that_is_no_executable_has_no_symbols(tmp_path: Path) -> None:
    for content in (b"", b"text", b"\x7fELF\x02\x01" + bytes(10), b"\x7fELF\x02\x01" + b"\xff" * 100):
        (tmp_path / "file").write_bytes(content)
        assert ElfFile(tmp_path / "file").find(0) is None
    assert ElfFile(tmp_path / "absent").find(0) is None
