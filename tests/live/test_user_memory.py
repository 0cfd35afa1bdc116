"""copyinstr() and copyin() of memory that the process has mapped and never touched: what it would find there."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.conftest import Run
from tests.programs import host, printed

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


#: What no program can read and a process can, by waiting. Maps a file whose page N + 1 holds "text N\0" and is on disk
#: only ("warm": it is not), calls access(page, 100 + N) with that mode that the kernel refuses before it looks at
#: the address, for each N, and does what is asked; then waits for the file argv[2]. argv[3] says what:
#: "unmap" the pages, "exec" another program, which waits, "end" after having touched the pages; "" nothing.
_COLD = r"""
import ctypes, os, sys, time
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]
libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
libc.access.argtypes = [ctypes.c_void_p, ctypes.c_int]
path, end, what = sys.argv[1:]
wait = f"import os, time\nwhile not os.path.exists({end!r}): time.sleep(0.01)"
file = os.open(path, os.O_RDWR)
size = os.fstat(file).st_size
os.fsync(file)
os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
start = libc.mmap(None, size, 1, 2, file, 0)
libc.madvise(start, size, 1)  # MADV_RANDOM: no pages around a touched one
resident = ctypes.create_string_buffer(size // 4096)
libc.mincore(start, size, resident)
print("warm" if any(page & 1 for page in resident.raw[1:]) else "cold", flush=True)
for case in range(size // 4096 - 1):
    libc.access(start + (case + 1) * 4096, 100 + case)
if what == "end":
    for case in range(size // 4096 - 1):
        ctypes.string_at(start + (case + 1) * 4096)
if what == "unmap":
    libc.munmap(start, size)
if what:
    open(end + ".did", "w").close()
if what == "exec":
    os.execv(sys.executable, [sys.executable, "-S", "-E", "-c", wait])
if what != "end":
    exec(wait)
"""


def _cold(folder: Path, cases: int, what: str = "") -> str:
    data = bytearray((cases + 1) * 4096)
    for case in range(cases):
        data[(case + 1) * 4096 : (case + 1) * 4096 + 8] = b"text %02d\0" % case
    path = folder / "cold"
    path.write_bytes(data)
    return shlex.join([sys.executable, "-S", "-E", "-c", _COLD, str(path), str(folder / "end"), what])


def _told(done: CompletedProcess[str]) -> str:
    """What a program printed after its child's first line."""
    state, _, told = done.stdout.partition("\n")
    if state == "warm":
        pytest.skip("needs a file system that lets go of pages")
    assert state == "cold"
    return told


def test_what_is_on_disk_only_is_recorded_by_the_reader(dtrace: Run, tmp_path: Path) -> None:
    """In every place where a value is recorded and nothing else, the records in the order in which they were made."""
    text = rf"""
    syscall::access:entry /pid == $target && arg1 >= 100/ {{ this->case = arg1 - 100; }}
    syscall::access:entry /this->case == 1/ {{ printf("%s|%d|%s\n", copyinstr(arg0), this->case, copyinstr(arg0, 3)); }}
    syscall::access:entry /this->case == 2/ {{ trace(copyinstr(arg0)); trace("\n"); }}
    syscall::access:entry /this->case == 3/ {{ tracemem(copyin(arg0, 8), 8); }}
    syscall::access:entry /this->case == 4/ {{ printf("%s\n", arg0 ? copyinstr(arg0) : "<null>"); }}
    syscall::access:entry /this->case == 5/ {{ printf("%x %c\n", *(int *)copyin(arg0, 4), *(char *)copyin(arg0, 1)); }}
    syscall::access:entry /this->case == 6/ {{ self->on = speculation(); speculate(self->on);
        printf("speculated %s\n", copyinstr(arg0)); }}
    syscall::access:entry /this->case == 6/ {{ printf("before\n"); }}
    syscall::access:entry /this->case == 6/ {{ commit(self->on); }}
    syscall::access:entry /this->case == 7/ {{ print(copyinstr(arg0)); printf("\n"); }}
    syscall::access:entry /this->case == 8/ {{ system("echo %s; touch {tmp_path}/end", stringof(copyin(arg0, 7))); }}
    """
    told = _told(dtrace("-wqn", text, "-c", _cold(tmp_path, 9)))
    dump = [f"{' ' * 13}{'  '.join('0123456789abcdef')}  0123456789abcdef", f"{' ' * 9}0: 74 65 78 74 20 30 33 00"]
    assert [line.partition("  text 03.")[0].rstrip() for line in told.split("\n") if line] == [
        "text 01|1|tex",
        "text 02",
        *dump,
        "text 04",
        "74786574 t",
        "before",
        "speculated text 06",
        'string "text 07"',
        "text 08",
    ]


def test_what_is_on_disk_only_counts_by_the_reader(dtrace: Run, tmp_path: Path) -> None:
    text = rf"""
    syscall::access:entry /pid == $target && arg1 >= 100/
    {{
        @calls[copyinstr(arg0)] = count(); @most[copyinstr(arg0, 5), probefunc] = max(arg1);
        @sizes[copyinstr(arg0, 4)] = quantize(arg1); @wide[copyinstr(arg0, 4)] = lquantize(arg1, 0, 10000);
    }}
    syscall::access:entry /pid == $target && arg1 == 102/ {{ system("touch {tmp_path}/end"); }}
    END {{ printa("%s %@d\n", @calls); printa("%s %s %@d\n", @most); printa("%s %@d\n", @sizes); }}
    END {{ printa("%s %@d\n", @wide); }}
    """
    told = _told(dtrace("-wqn", text, "-c", _cold(tmp_path, 3)))
    lines = told.split("\n")
    assert sorted(lines[:3]) == ["text 00 1", "text 01 1", "text 02 1"], told
    assert lines[3] == "text  access 102"
    assert "              64 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@ 3        " in lines, told
    assert [
        lines.count(f"             {number} |@@@@@@@@@@@@@                            1        ")
        for number in (100, 101, 102)
    ] == [1, 1, 1], told


def test_what_a_program_needs_itself_is_an_error(dtrace: Run, tmp_path: Path) -> None:
    """No program may wait for the disk, and what is decided there cannot be decided later."""
    text = rf"""
    syscall::access:entry /pid == $target && arg1 == 100 && copyinstr(arg0) == "text 00"/ {{ printf("same\n"); }}
    syscall::access:entry /pid == $target && arg1 == 101/ {{ self->kept = copyinstr(arg0); printf("kept\n"); }}
    syscall::access:entry /pid == $target && arg1 == 102/ {{ printf("%s\n", strjoin(copyinstr(arg0), "!")); }}
    syscall::access:entry /pid == $target && arg1 == 103/ {{ system("touch {tmp_path}/end"); }}
    ERROR /arg4 == DTRACEFLT_BADADDR/ {{ printf("%d %d\n", arg1, arg2); }}
    """
    done = dtrace("-wqn", text, "-c", _cold(tmp_path, 4))
    assert _told(done).split("\n")[:3] == ["1 0", "2 1", "3 1"]
    assert done.stderr.count("invalid address (0x") == 3


@pytest.mark.parametrize("what", ["unmap", "exec"])
def test_what_is_gone_when_the_reader_comes_is_an_error(dtrace: Run, tmp_path: Path, what: str) -> None:
    """The reader is held until it is too late. What another program has at the address is not what was there."""
    text = rf"""
    syscall::access:entry /pid == $target && arg1 == 100/
    {{ system("while [ ! -e {tmp_path}/end.did ]; do sleep 0.01; done"); }}
    syscall::access:entry /pid == $target && arg1 == 101/ {{ printf("got %s\n", copyinstr(arg0)); }}
    syscall::access:entry /pid == $target && arg1 == 102/ {{ system("touch {tmp_path}/end"); }}
    ERROR /arg4 == DTRACEFLT_BADADDR && arg5 != 0/ {{ printf("%s of %d in %d\n", probename, arg1, arg2); faults++; }}
    END {{ printf("faults %d\n", faults); }}
    """
    done = dtrace("-wqn", text, "-c", _cold(tmp_path, 3, what))
    assert _told(done).split("\n")[:2] == ["ERROR of 2 in 1", "faults 1"]
    (error,) = [line for line in done.stderr.splitlines() if "access" in line]
    assert re.search(r"on enabled probe ID 2 \(ID \d+: syscall::access:entry\): invalid address \(0x\w+\) in", error)
    assert error.endswith("action #1")


@pytest.mark.parametrize("asked", ["whose", "parent"])
def test_error_clauses_know_whose_value_the_reader_lacks_and_no_more(dtrace: Run, tmp_path: Path, asked: str) -> None:
    error = {
        "whose": """ERROR /pid == $target && tid == pid && execname != "dtrace" && uid == 0 && gid == 0/
            { printf("error %d of %d on %d\\n", cpu == self_cpu, execname == name, arg1); }""",
        "parent": """ERROR { printf("error of %d\\n", ppid); }""",
    }[asked]
    text = rf"""
    int self_cpu; string name;
    syscall::access:entry /pid == $target && arg1 == 100/
    {{ system("while [ ! -e {tmp_path}/end.did ]; do sleep 0.01; done"); }}
    syscall::access:entry /pid == $target && arg1 == 101/
    {{ self_cpu = cpu; name = execname; printf("got %s\n", copyinstr(arg0)); }}
    syscall::access:entry /pid == $target && arg1 == 102/ {{ system("touch {tmp_path}/end"); }}
    {error}
    """
    done = dtrace("-wqn", text, "-c", _cold(tmp_path, 3, "unmap"))
    assert _told(done).strip() == ("error 1 of 1 on 2" if asked == "whose" else "")
    assert done.stderr.count("invalid address (0x") == 1


def test_what_a_process_had_that_has_ended_is_what_it_used(dtrace: Run, tmp_path: Path) -> None:
    """The reader is held until the process is gone."""
    params = host().raw_tracepoint("sched_process_exit") or ()
    if all(param.name != "group_dead" for param in params):
        pytest.skip("needs Linux 6.16")
    text = r"""
    syscall::access:entry /pid == $target && arg1 == 100/
    { system("until grep -q 'State:.*Z' /proc/%d/status; do sleep 0.01; done", pid); }
    syscall::access:entry /pid == $target && arg1 == 101/ { printf("got %s\n", copyinstr(arg0)); }
    syscall::access:entry /pid == $target && arg1 == 102/ { @[copyinstr(arg0, 5)] = count(); }
    syscall::access:entry /pid == $target && arg1 == 103/ { tracemem(copyin(arg0, 4), 4); }
    END { printa("%s%@d\n", @); }
    """
    done = dtrace("-wqn", text, "-c", _cold(tmp_path, 4, "end"))
    lines = [line.strip() for line in _told(done).splitlines()]
    assert "got text 01" in lines, done.stderr
    assert "text 1" in lines
    assert any(line.startswith("0: 74 65 78 74") for line in lines)


def test_what_is_on_disk_only_is_right_when_the_call_returns(dtrace: Run, tmp_path: Path) -> None:
    text = r"""
    syscall::access:entry /pid == $target && arg1 == 1/ { self->path = arg0; }
    syscall::access:return /self->path/ { printf("%s\n", strjoin(copyinstr(self->path), "!")); self->path = 0; }
    """
    child = _cold(tmp_path, 1, "end").replace("100 + case)", "1)")
    assert _told(dtrace("-qn", text, "-c", child)).strip() == "text 00!"


#: Maps two pages that a userfaultfd is to fill: a thread fills the first with "filled\0", and nobody the second.
_FILLED = r"""
import ctypes, os, struct, sys, threading, time
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.access.argtypes = [ctypes.c_void_p, ctypes.c_int]
libc.ioctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_char_p]
API, REGISTER, COPY = 0xC018AA3F, 0xC020AA00, 0xC028AA03
start = libc.mmap(None, 2 * 4096, 3, 0x22, -1, 0)
faults = libc.syscall(323, os.O_CLOEXEC)
ready = faults >= 0 and not libc.ioctl(faults, API, struct.pack("QQQ", 0xAA, 0, 0))
ready = ready and not libc.ioctl(faults, REGISTER, struct.pack("QQQQ", start, 2 * 4096, 1, 0))
print("cold" if ready else "warm", flush=True)
source = ctypes.create_string_buffer(b"filled\0".ljust(4096, b"\0"), 4096)
def fill():
    while True:
        event = os.read(faults, 32)
        address = struct.unpack_from("Q", event, 16)[0] & -4096
        if address == start:
            libc.ioctl(faults, COPY, struct.pack("QQQQQ", start, ctypes.addressof(source), 4096, 0, 0))
threading.Thread(target=fill, daemon=True).start()
for case in range(2):
    libc.access(start + case * 4096, 100 + case)
while not os.path.exists(sys.argv[1]):
    time.sleep(0.01)
"""


@pytest.mark.needs("machine:x86_64", "path:/proc/sys/vm/unprivileged_userfaultfd")
def test_a_page_that_another_process_fills_is_waited_for_but_not_for_ever(dtrace: Run, tmp_path: Path) -> None:
    text = rf"""
    syscall::access:entry /pid == $target && arg1 >= 100/ {{ printf("%d %s\n", arg1, copyinstr(arg0)); }}
    syscall::access:return /pid == $target && arg1 == -1/ {{ @ = count(); }}
    syscall::access:entry /pid == $target && arg1 == 101/ {{ printf("end\n"); system("touch {tmp_path}/end"); }}
    """
    done = dtrace("-wqn", text, "-c", shlex.join([sys.executable, "-S", "-c", _FILLED, str(tmp_path / "end")]))
    assert _told(done).split("\n")[:2] == ["100 filled", "end"]
    assert done.stderr.count("invalid address (0x") == 1


def test_copyin_keeps_what_fits_the_scratch_memory_of_a_firing() -> None:
    line = (
        "import os; out = os.open('/dev/null', os.O_WRONLY); data = bytearray(b'x' * 20000);"
        "data[0], data[9999], data[10001], data[15999], data[19999] = b'ABCDE';"
        "os.write(out, data); os.write(out, bytes(100000))"
    )
    child = shlex.join([sys.executable, "-S", "-E", "-c", line])
    shown = printed(
        """
        syscall::write:entry
        /pid == $target && arg2 >= 20000/
        {
            this->all = (char *)copyin(arg1, arg2);
            this->first = (char *)copyin(arg1, 10000);
            this->mine = (char *)alloca(6000);
            bcopy(this->all + 10000, this->mine, 6000);
            printf("%c%c%c ", this->all[0], this->all[10001], this->all[19999]);
            printf("%c %c%c\\n", this->first[9999], this->mine[1], this->mine[5999]);
        }
        ERROR { printf("error %d\\n", arg4); }
        """,
        options={"quiet": "1", "scratchsize": "20k"},
        commands=[child],
    )
    assert shown.split("\n")[:2] == ["ACE B CD", "error 5"], shown
