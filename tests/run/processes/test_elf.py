"""The reader of executables, on files that the test makes or that every machine has."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest

from dtrans.run.processes.elf import ElfFile

# One loadable segment: file offset 0x1000 at address 0x401000; one stapsdt note whose code was moved by 0x10.
_BASE_BEFORE, _BASE_NOW, _PC, _SEMAPHORE = 0x3000, 0x3010, 0x401234, 0x401800


def _note(kind: int, owner: bytes, body: bytes) -> bytes:
    pad = b"\0" * (-len(body) % 4)
    return struct.pack("<III", len(owner), len(body), kind) + owner.ljust((len(owner) + 3) // 4 * 4, b"\0") + body + pad


def _elf(tmp_path: Path, note: bytes) -> Path:
    """An ELF file of one segment, one section of notes and an empty .stapsdt.base."""
    names = b"\0.note.stapsdt\0.stapsdt.base\0"
    program = struct.pack("<IIQQQQQQ", 1, 5, 0x1000, 0x401000, 0, 0x1000, 0x1000, 0x1000)
    body = 64 + 56
    sections_at = body + len(note) + len(names)
    sections = bytes(64)
    for name, kind, address, offset, size in (
        (1, 7, 0, body, len(note)),
        (15, 1, _BASE_NOW, 0, 1),
        (0, 3, 0, body + len(note), len(names)),
    ):
        sections += struct.pack("<IIQQQQIIQQ", name, kind, 0, address, offset, size, 0, 0, 1, 0)
    head = b"\x7fELF\2\1\1" + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x401000, 64, sections_at, 0, 64, 56, 1, 64, 4, 3)
    path = tmp_path / "file"
    path.write_bytes(head + program + note + names + sections)
    return path


def test_a_note_is_a_site_of_a_probe_where_its_code_lies_now(tmp_path: Path) -> None:
    body = struct.pack("<QQQ", _PC, _BASE_BEFORE, _SEMAPHORE) + b"prov\0my__probe\0-4@%edi\0"
    (note,) = ElfFile(_elf(tmp_path, _note(3, b"stapsdt\0", body))).notes
    assert (note.provider, note.name, note.arguments) == ("prov", "my__probe", "-4@%edi")
    assert note.address == _PC + 0x10
    assert note.offset == 0x1000 + 0x234 + 0x10
    assert note.semaphore == 0x1000 + 0x800 + 0x10


def test_notes_of_other_kinds_are_passed_over(tmp_path: Path) -> None:
    build = _note(3, b"GNU\0", bytes.fromhex("abcdef"))
    other = _note(1, b"stapsdt\0", b"not a probe")
    probe = _note(3, b"stapsdt\0", struct.pack("<QQQ", _PC, _BASE_NOW, 0) + b"p\0n\0\0")
    file = ElfFile(_elf(tmp_path, build + other + probe))
    assert file.build_id == "abcdef"
    assert [(note.name, note.semaphore, note.arguments) for note in file.notes] == [("n", 0, "")]


@pytest.mark.parametrize("length", [0, 3, 63, 100, 200])
def test_a_damaged_file_has_nothing(tmp_path: Path, length: int) -> None:
    whole = _elf(tmp_path, _note(3, b"stapsdt\0", struct.pack("<QQQ", _PC, _BASE_NOW, 0) + b"p\0n\0\0"))
    whole.write_bytes(whole.read_bytes()[:length])
    assert ElfFile(whole).notes == ()
    assert ElfFile(whole).functions == ()


def test_an_executable_names_its_entry_and_its_dynamic_linker() -> None:
    file = ElfFile(Path(sys.executable).resolve())
    assert file.entry
    linker = ElfFile(Path(file.interpreter))
    assert linker.symbol("_dl_debug_state")
    for function in linker.functions:
        assert linker.address_of(function.offset) == function.address
