"""io: requests to a disk of one's own, block for block; bufinfo_t, devinfo_t and fileinfo_t whole."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dtrans.attach import RawTracepoint
from tests.loads import NAME, line
from tests.programs import pipeline, printed

REQUESTS = 'io:::{probe} /args[1]->dev_statname == "{disk}"/ {{ printf("{format}\\n", {members}); }}'
B_READ, B_WRITE, B_BUSY, B_DONE, B_ASYNC = 0x40, 0x100, 0x1, 0x2, 0x400


@pytest.fixture
def mounted(loop_device: str) -> Iterator[Path]:
    """A file system of one's own on a disk of one's own."""
    place = Path(f"/run/{NAME}-{os.getpid()}")
    subprocess.run(["mkfs.ext4", "-q", "-O", "^has_journal", loop_device], check=True)
    place.mkdir()
    subprocess.run(["mount", loop_device, place], check=True)
    yield place
    subprocess.run(["umount", place], check=True)
    place.rmdir()


def requests(probe: str, disk: str, load: str, **members: str) -> list[dict[str, str]]:
    """What some expressions were at each request to a disk: name -> (conversion, expression)."""
    source = REQUESTS.format(
        probe=probe, disk=disk, format="\\t".join("%s" for _ in members), members=", ".join(members.values())
    )
    shown = [one.split("\t") for one in printed(source, commands=[load]).splitlines() if one]
    return [dict(zip(members, words, strict=True)) for words in shown]


def number(expression: str) -> str:
    return f"lltostr({expression})"


@pytest.mark.proves(
    "io:::start", "bufinfo_t.b_flags", "bufinfo_t.b_bcount", "bufinfo_t.b_blkno", "bufinfo_t.b_lblkno",
    "bufinfo_t.b_resid", "bufinfo_t.b_bufsize", "bufinfo_t.b_error", "bufinfo_t.b_edev", "bufinfo_t.b_addr",
    "bufinfo_t.b_iodone", "devinfo_t.dev_major", "devinfo_t.dev_minor", "devinfo_t.dev_instance",
    "devinfo_t.dev_name", "devinfo_t.dev_statname", "devinfo_t.dev_pathname",
)  # fmt: skip
def test_each_request_of_a_program_starts_with_its_place_and_size(loop_device: str) -> None:
    disk = Path(loop_device).name
    status = Path(loop_device).stat()
    found = requests(
        "start", disk, line("direct", 4, 8192, loop_device),
        flags=number("(int64_t)args[0]->b_flags"), count=number("args[0]->b_bcount"), block=number("args[0]->b_blkno"),
        same=number("args[0]->b_lblkno == args[0]->b_blkno && args[0]->b_bufsize == args[0]->b_bcount"),
        rest=number("args[0]->b_resid"), error=number("args[0]->b_error"), device=number("args[0]->b_edev"),
        request=number("args[0]->b_addr != 0 && arg0 == (uintptr_t)args[0]->b_addr"),
        routine=number("(uintptr_t)args[0]->b_iodone"),
        major=number("args[1]->dev_major"), minor=number("args[1]->dev_minor"),
        instance=number("args[1]->dev_instance"), name="args[1]->dev_name", path="args[1]->dev_pathname",
        who="execname",
    )  # fmt: skip
    mine = [one for one in found if one["who"] == NAME]
    assert [(int(one["flags"]), int(one["block"])) for one in mine] == [
        *((B_WRITE | B_BUSY, number * 16) for number in range(4)),
        *((B_READ | B_BUSY, number * 16) for number in range(4)),
    ]
    for one in mine:
        assert (one["count"], one["same"], one["rest"], one["error"]) == ("8192", "1", "8192", "0")
        assert int(one["device"]) == os.major(status.st_rdev) << 20 | os.minor(status.st_rdev)
        assert (int(one["major"]), int(one["minor"])) == (os.major(status.st_rdev), os.minor(status.st_rdev))
        assert (one["name"], one["path"], one["request"], one["routine"]) == (disk, loop_device, "1", "0")
        assert int(one["instance"]) == os.minor(status.st_rdev)


@pytest.mark.proves(
    "bufinfo_t.b_cmd", "devinfo_t.dev_type", "bsd_bio.bio_cmd", "bsd_bio.bio_bcount", "bsd_bio.bio_length",
    "bsd_bio.bio_offset", "bsd_bio.bio_pblkno", "bsd_bio.bio_resid", "bsd_bio.bio_flags", "bsd_bio.bio_error",
    "bsd_bio.bio_data", "bsd_devstat.device_name", "bsd_devstat.unit_number", "bsd_devstat.device_number",
    "bsd_devstat.device_type", "bsd_devstat.block_size",
)  # fmt: skip
def test_a_request_and_its_disk_have_the_members_of_freebsd(loop_device: str) -> None:
    disk, number = Path(loop_device).name, Path(loop_device).stat().st_rdev
    source = f"""
        io:::start, io:::done
        /((struct devstat *)args[1])->device_name == "{disk}" && args[0]->bio_bcount == 8192/
        {{
            this->bio = (struct bio *)args[0] != NULL;
            printf("%s %d %d %d ", probename, this->bio, args[0]->bio_cmd, ((struct bio *)args[0])->bio_length);
            printf("%d %d %d ", args[0]->bio_offset, args[0]->bio_pblkno, args[0]->bio_resid);
            printf("%x %d %d ", args[0]->bio_flags, args[0]->bio_error, arg0 == (uintptr_t)args[0]->bio_data);
            printf("%d %d ", args[0]->b_cmd == args[0]->bio_cmd, args[1]->unit_number);
            printf("%d %d ", args[1]->device_number, args[1]->device_type == args[1]->dev_type);
            printf("%d %s\\n", args[1]->block_size, bio_cmd_string[args[0]->bio_cmd]);
        }}"""
    found = [one for one in printed(source, commands=[line("direct", 4, 8192, loop_device)]).splitlines() if one]
    device = f"{os.minor(number)} {os.major(number) << 20 | os.minor(number)} 1 512"
    for index in range(4):
        offset = index * 8192
        for command, name in ((1, "READ"), (2, "WRITE")):
            started = f"start 1 {command} 8192 {offset} {offset // 512} 8192 0 0 1 1 {device} {name}"
            assert [one for one in found if one == started] == [started], found
            ended = f"done 1 {command} 8192 {offset} {offset // 512} 0 2 0 1 1 {device} {name}"
            assert [one for one in found if one == ended] == [ended], found


@pytest.mark.proves("io:::done")
def test_each_request_ends_with_nothing_left(loop_device: str) -> None:
    found = requests(
        "done", Path(loop_device).name, line("direct", 4, 8192, loop_device),
        flags=number("(int64_t)args[0]->b_flags"), count=number("args[0]->b_bcount"), block=number("args[0]->b_blkno"),
        rest=number("args[0]->b_resid"), error=number("args[0]->b_error"),
    )  # fmt: skip
    mine = [one for one in found if one["count"] == "8192" and int(one["block"]) < 64]
    assert sorted((int(one["flags"]), int(one["block"])) for one in mine) == sorted(
        (flags | B_DONE, number * 16) for flags in (B_WRITE, B_READ) for number in range(4)
    )
    assert all((one["rest"], one["error"]) == ("0", "0") for one in mine)


@pytest.mark.proves(
    "fileinfo_t.fi_name", "fileinfo_t.fi_dirname", "fileinfo_t.fi_pathname", "fileinfo_t.fi_offset", "fileinfo_t.fi_fs",
    "fileinfo_t.fi_mount",
)  # fmt: skip
def test_a_request_knows_the_file_whose_pages_it_moves(loop_device: str, mounted: Path) -> None:
    (mounted / "folder").mkdir()
    path = mounted / "folder" / "file"
    found = requests(
        "start", Path(loop_device).name, line("pagein", 4, path, 644),
        name="args[2]->fi_name", folder="args[2]->fi_dirname", path="args[2]->fi_pathname",
        offset=number("args[2]->fi_offset"), system="args[2]->fi_fs", mount="args[2]->fi_mount",
        reads=number("args[0]->b_flags & B_READ ? 1 : 0"),
    )  # fmt: skip
    mine = [one for one in found if one["name"] == "file"]
    assert [one["offset"] for one in mine] == ["0", *(str(page * 4096) for page in range(4))]
    assert [one["reads"] for one in mine] == ["0", "1", "1", "1", "1"]
    for one in mine:
        assert one["path"] == str(path)
        assert one["folder"] == str(path.parent)
        assert (one["system"], one["mount"]) == ("ext4", str(mounted))


@pytest.mark.parametrize("probe", ["start", "done"])
def test_direct_io_knows_its_file_too(probe: str, loop_device: str, mounted: Path) -> None:
    """Its pages are the program's own, and may be those of another file that it has mapped."""
    path = mounted / "straight"
    found = requests(
        probe, Path(loop_device).name, line("direct", 4, 8192, path),
        path="args[2]->fi_pathname", offset=number("args[2]->fi_offset"), mount="args[2]->fi_mount",
        size=number("args[0]->b_bcount"),
    )  # fmt: skip
    mine = [one for one in found if one["path"] == str(path)]
    assert sorted(one["offset"] for one in mine) == sorted([str(place * 8192) for place in range(4)] * 2)
    assert {(one["size"], one["mount"]) for one in mine} == {("8192", str(mounted))}


@pytest.mark.proves("fds", "fileinfo_t.fi_oflags")
def test_an_open_file_is_told_by_its_descriptor(tmp_path: Path) -> None:
    source = """
        syscall::write:entry /pid == $target && arg2 == 77/
        { printf("%s %d ", fds[arg0].fi_pathname, fds[arg0].fi_oflags & O_ACCMODE);
           printf("%d", fds[arg0].fi_offset); exit(0); }"""
    assert printed(source, commands=[line("write", 1, 77)]).split() == ["/dev/null", str(os.O_WRONLY), "0"]


def _told(waits: int) -> range:
    """How many ends of waits there can be: not every switch to a thread is told by every kernel (those from the threads
    of a virtual machine's own agent were not, in a trace of the kernel itself either)."""
    return range(waits * 3 // 4, waits + 1)


@pytest.mark.proves("io:::wait-start", "io:::wait-done")
def test_a_thread_that_waits_for_a_disk_is_told_before_and_after(disk_file: Path) -> None:
    source = """
        io:::wait-start /pid == $target/ { self->began = self->waits = timestamp; @["start"] = count(); }
        sched:::on-cpu /self->waits/ { @["switched"] = count(); self->waits = 0; }
        io:::wait-done /pid == $target/ { @["done"] = count(); }
        io:::wait-done /pid == $target && self->began/ { @["known"] = count(); self->began = 0; }
        END { printa("%s %@d\\n", @); }"""
    words = printed(source, commands=[line("direct", 20, 8192, disk_file)]).split()
    found = dict(zip(words[::2], map(int, words[1::2]), strict=True))
    assert 20 <= found["start"] <= 80
    if "switched" not in found:
        pytest.skip("this kernel told of no switch to the thread")
    assert found["known"] == found["done"] == found["switched"] <= found["start"]


@pytest.mark.needs("rawtp:block_io_start")
def test_a_wait_is_for_the_file_of_the_newest_request(disk_file: Path) -> None:
    source = f"""
        io:::wait-start /execname == "{NAME}" && args[2]->fi_pathname == $$1/ {{ @["start"] = count(); }}
        io:::wait-done /execname == "{NAME}" && args[2]->fi_pathname == $$1/
        {{ @["done"] = count(); @far["far"] = max(args[2]->fi_offset); }}
        END {{ printa("%s %@d\\n", @); printa("%s %@d\\n", @far); }}"""
    words = printed(source, [str(disk_file)], commands=[line("direct", 20, 8192, disk_file)]).split()
    found = dict(zip(words[::2], map(int, words[1::2]), strict=True))
    assert found["start"] >= 10, found
    assert found["done"] in _told(found["start"]), found
    assert 0 < found["far"] <= 19 * 8192


#: Reads blocks of 4096 bytes that it gives to the kernel at once (io_submit(2)), in the order of its arguments.
_AT_ONCE = """
import ctypes, mmap, os, struct, sys
syscall = ctypes.CDLL(None, use_errno=True).syscall
disk = os.open(sys.argv[1], os.O_RDONLY | os.O_DIRECT)
blocks = [int(word) for word in sys.argv[2:]]
room = mmap.mmap(-1, 4096 * (1 + max(blocks)))
start = ctypes.addressof(ctypes.c_char.from_buffer(room))
context = ctypes.c_ulong(0)
assert syscall(206, 8, ctypes.byref(context)) == 0
parts = [struct.pack("QIIHhIQQqQII", 0, 0, 0, 0, 0, disk, start + n * 4096, 4096, n * 4096, 0, 0, 0) for n in blocks]
held = [ctypes.create_string_buffer(part, len(part)) for part in parts]
given = (ctypes.c_void_p * len(held))(*(ctypes.addressof(one) for one in held))
assert syscall(209, context, len(held), given) == len(held)
assert syscall(208, context, len(held), len(held), ctypes.create_string_buffer(32 * len(held)), None) == len(held)
"""
_STARTS_AND_ENDS = """
    io:::start /pid == $target && args[1]->dev_statname == "{disk}"/ {{
        started[args[0]->b_edev, args[0]->b_blkno] = arg0;
        printf("start %d %d\\n", args[0]->b_blkno, args[0]->b_bcount);
    }}
    io:::done /started[args[0]->b_edev, args[0]->b_blkno] == arg0/ {{
        printf("done %d %d %d %d\\n", args[0]->b_blkno, args[0]->b_bcount, args[0]->b_resid,
            (args[0]->b_flags & B_DONE) != 0);
    }}
"""


@pytest.mark.needs("machine:x86_64", "rawtp:block_io_start", "rawtp:block_rq_merge")
@pytest.mark.parametrize(
    ("blocks", "told"),
    [
        # The last of three blocks comes first, and the others are put before it.
        ("2 1 0", ["start 16 4096", "done 16 12288 0 1"]),
        # The blocks 1 and 2 are one request, which the disk's queue joins to that of the block 0.
        ("0 2 1", ["start 0 4096", "start 16 4096", "done 16 8192 0 1", "done 0 12288 0 1"]),
    ],
)
def test_each_request_that_started_ends_as_the_block_that_it_started_as(
    blocks: str, told: list[str], loop_device: str, tmp_path: Path
) -> None:
    disk, load = Path(loop_device).name, tmp_path / "at_once.py"
    load.write_text(_AT_ONCE)
    try:
        Path(f"/sys/block/{disk}/queue/scheduler").write_text("mq-deadline")
    except OSError:
        pytest.skip("needs the I/O scheduler mq-deadline")
    shown = printed(_STARTS_AND_ENDS.format(disk=disk), commands=[f"{sys.executable} {load} {loop_device} {blocks}"])
    assert shown.split("\n")[:-2] == told


@pytest.mark.needs("rawtp:block_io_start")
def test_what_starts_of_requests_keep_for_their_ends_costs_nothing_unread() -> None:
    attached = [
        [program.attach for program in pipeline(f"io:::done {{ trace({value}); }}").artifact.programs]
        for value in ("args[0]->b_bcount", "args[0]->b_blkno")
    ]
    assert [RawTracepoint("block_io_start") in each for each in attached] == [False, True]
