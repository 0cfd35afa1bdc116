"""copyinstr() and copyin() of memory that the process has mapped and never touched: what it would find there."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.programs import printed

#: Calls access(address, case), whose mode the kernel refuses before it looks at the address: nothing gets touched.
_CHILD = r"""
import ctypes, os, sys
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.access.argtypes = [ctypes.c_void_p, ctypes.c_int]
READ, BOTH, SHARED, PRIVATE, ANONYMOUS = 1, 3, 1, 2, 0x20
file = os.open(sys.argv[1], os.O_RDWR)
size = os.fstat(file).st_size
constant = libc.mmap(None, size + 4096, READ, PRIVATE, file, 0)
written = libc.mmap(None, size, BOTH, PRIVATE, file, 0)
shared = libc.mmap(None, size, BOTH, SHARED, file, 0)
anonymous = libc.mmap(None, 4 * 4096, BOTH, PRIVATE | ANONYMOUS, -1, 0)
used = libc.mmap(None, 4 * 4096, BOTH, PRIVATE | ANONYMOUS, -1, 0)
hidden = libc.mmap(None, 4096, 0, PRIVATE | ANONYMOUS, -1, 0)
for address in (constant, written, shared):
    libc.madvise(ctypes.c_void_p(address), ctypes.c_size_t(size), 1)  # MADV_RANDOM: no pages around a touched one
ctypes.memmove(written, b"own text", 9)
ctypes.memmove(used, b"used", 5)
ctypes.string_at(constant + 4 * 4096 - 4, 4)
for case, address in enumerate((
    constant, constant + 1, constant + 2 * 4096 - 5, constant + 4 * 4096 - 4, written, written + 2 * 4096 - 5,
    shared, anonymous, used + 4096, constant + 5 * 4096, hidden, 4096, constant + size - 3,
)):
    libc.access(address, 100 + case)
"""
_LONG = bytes(range(33, 127)) * 4
_PAGES = {0: b"constant\0", 2 * 4096 - 5: b"across\0", 4 * 4096 - 4: b"touched\0", 5 * 4096: _LONG + b"\0"}


def _file(folder: Path) -> Path:
    data = bytearray(6 * 4096)
    for at, text in _PAGES.items():
        data[at : at + len(text)] = text
    data[-3:] = b"end"
    path = folder / "pages"
    path.write_bytes(data)
    return path


def _child(folder: Path) -> str:
    return shlex.join([sys.executable, "-S", "-E", "-c", _CHILD, str(_file(folder))])


def test_what_a_process_has_not_touched_is_what_it_would_find_there(dtrace: Run, tmp_path: Path) -> None:
    text = r"""
    syscall::access:entry /pid == $target && arg1 >= 100/ { printf("%d %s.\n", arg1 - 100, copyinstr(arg0)); }
    """
    done = dtrace("-qn", text, "-c", _child(tmp_path))
    assert done.stdout.split() == [
        *("0", "constant."),
        *("1", "onstant."),
        *("2", "across."),
        *("3", "touched."),
        *("4", "own", "text."),
        *("5", "across."),
        *("6", "constant."),
        *("7", "."),
        *("8", "."),
        *("9", f"{_LONG[:255].decode()}."),
    ]
    faults = [line for line in done.stderr.splitlines() if "invalid address" in line]
    # Memory that may not be read, an address where nothing is, a string that goes on behind the file's end.
    assert len(faults) == 3, done.stderr
    # The second value of printf() is its second action.
    assert faults[1].endswith("invalid address (0x1000) in action #2")


def test_it_can_be_compared_kept_and_counted(tmp_path: Path) -> None:
    shown = printed(
        r"""
        syscall::access:entry /pid == $target && arg1 == 100 && copyinstr(arg0) == "constant"/ { printf("same\n"); }
        syscall::access:entry /pid == $target && arg1 == 102/
        {
            self->kept = copyinstr(arg0, 3);
            @[copyinstr(arg0), copyinstr(arg0, 4)] = count();
            this->bytes = (char *)copyin(arg0, 8);
            this->number = (int *)copyin(arg0 + 1, 4);
            printf("%s %c%c %x\n", strjoin(self->kept, "!"), this->bytes[0], this->bytes[5], *this->number);
        }
        END { printa("%s %s %@d\n", @); }
        """,
        commands=[_child(tmp_path)],
    )
    assert shown.split("\n")[:3] == ["same", "acr! as 736f7263", "across acro 1"], shown


def test_many_places_of_a_clause_are_found(tmp_path: Path) -> None:
    format_ = " ".join(["%s"] * 16)
    calls = ", ".join(f"copyinstr(arg0 + {number % 8})" for number in range(16))
    shown = printed(
        f"""syscall::access:entry /pid == $target && arg1 == 100/ {{ printf("{format_}\\n", {calls}); }}""",
        commands=[_child(tmp_path)],
    )
    assert shown.split() == ["constant"[number % 8 :] for number in range(16)]


def test_bytes_taken_as_a_string_end_where_they_end(tmp_path: Path) -> None:
    """However many they are: a string of them needs no more memory than strsize."""
    writes = "import os; f = os.open('/dev/null', 1); [os.write(f, t) for t in (b'hello world', b'x' * 1000000, b'a')]"
    shown = printed(
        r"""
        syscall::write:entry /pid == $target/
        {
            this->size = arg2 > 5 && arg2 < 100 ? 5 : arg2;
            @[stringof(copyin(arg1, this->size))] = count();
            printf("%d %s ", strlen(stringof(copyin(arg1, this->size))), stringof((char *)copyin(arg1, 3)));
        }
        syscall::write:entry /pid == $target && arg2 == 1/ { printf("%s", stringof(copyin(arg1, -arg2))); }
        ERROR { printf("%d,", arg4); }
        END { printa("%.6s %@d ", @); }
        """,
        commands=[shlex.join([sys.executable, "-S", "-E", "-c", writes])],
    )
    # 5 (DTRACEFLT_NOSCRATCH) is what copying -1 bytes is.
    assert shown.split() == ["5", "hel", "255", "xxx", "1", "a", "5,a", "1", "hello", "1", "xxxxxx", "1"], shown


#: Drops the file's pages from memory, maps it, and has the kernel read a path in the page at 40 * 4096: says
#: beforehand whether that page was in memory (it can be read ahead).
_COLD = r"""
import ctypes, os, sys
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]
libc.access.argtypes = [ctypes.c_void_p, ctypes.c_int]
file = os.open(sys.argv[1], os.O_RDWR)
size = os.fstat(file).st_size
os.fsync(file)
os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
address = libc.mmap(None, size, 1, 2, file, 0) + 40 * 4096
resident = ctypes.create_string_buffer(1)
libc.mincore(address, 4096, resident)
print("warm" if resident.raw[0] & 1 else "cold", flush=True)
libc.access(address, 1)
"""


def test_what_is_on_disk_only_is_an_error_at_entry_and_right_at_return(dtrace: Run, tmp_path: Path) -> None:
    """No program may wait for the disk; the call itself does, so that the text is there when it returns."""
    data = bytearray(80 * 4096)
    data[40 * 4096 : 40 * 4096 + 12] = b"/nosuch/path"
    path = tmp_path / "cold"
    path.write_bytes(data)
    text = r"""
    syscall::access:entry /pid == $target && arg1 == 1/ { self->path = arg0; }
    syscall::access:entry /pid == $target && arg1 == 1/ { printf("entry %s\n", copyinstr(arg0)); }
    syscall::access:return /self->path/ { printf("return %s\n", copyinstr(self->path)); self->path = 0; }
    ERROR /arg4 == DTRACEFLT_BADADDR && pid == $target/ { printf("fault\n"); }
    """
    child = shlex.join([sys.executable, "-S", "-E", "-c", _COLD, str(path)])
    state, *told = filter(None, dtrace("-qn", text, "-c", child).stdout.splitlines())
    if state == "warm":
        pytest.skip("needs a file system that lets go of pages")
    assert told == ["fault", "return /nosuch/path"]
