"""fbt: Solaris' functions that move pages, by those of Linux: of files read, mapped and written, and of swap space."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.loads import NAME, line
from tests.programs import printed

pytestmark = pytest.mark.needs("feature:kprobe")


def told(source: str, path: Path, command: str) -> dict[tuple[str, ...], int]:
    """Lines of a program's aggregation: all but the last word -> the last."""
    words = [str(path)] if "$$1" in source else []
    rows = [shown.split() for shown in printed(source, words, commands=[command]).splitlines() if shown.strip()]
    return {tuple(row[:-1]): int(row[-1]) for row in rows}


@pytest.mark.proves(
    "fbt:genunix:fop_getpage:entry", "fbt:genunix:fop_getpage:return", "fbt:genunix:fop_putpage:entry",
    "fbt:genunix:fop_putpage:return", "fbt:genunix:fop_fsync:return",
)  # fmt: skip
def test_mapped_pages_are_got_and_changed_ones_put(disk_file: Path) -> None:
    source = f"""
        fbt::fop_getpage:entry
        /execname == "{NAME}" && args[0]->v_path == $$1/
        {{ self->got = 1; @["get", args[1] % 1048576, args[2]] = count(); }}
        fbt::fop_getpage:return /self->got/ {{ self->got = 0; @["got", 0, 0] = count(); }}
        fbt::fop_putpage:entry
        /execname == "{NAME}" && args[0]->v_path == $$1/
        {{ self->put = 1; @["put", args[1], args[2] > 0] = count(); }}
        fbt::fop_putpage:return /self->put/ {{ self->put = 0; @["done", arg1, 0] = count(); }}
        fbt::fop_fsync:return /pid == $target/ {{ @["synced", arg1, 0] = count(); }}
        END {{ printa("%s %d %d %@d\\n", @); }}"""
    found = told(source, disk_file, line("mapped", 6, disk_file))
    assert found["get", "0", "4096"] == found["got", "0", "0"] >= 6  # Again where the page had to be waited for.
    assert found["put", "0", "1"] == found["done", "0", "0"] >= 1
    assert found["synced", "0", "0"] == 1


@pytest.mark.proves(
    "fbt:ufs:ufs_getpage_ra:entry", "fbt:ufs:ufs_getpage_ra:return", "inode_t.i_nextrio", "inode_t.i_number",
    "uio_t.uio_loffset", "uio_t.uio_offset", "fbt:genunix:fop_getattr:return",
)  # fmt: skip
def test_a_file_that_is_read_in_order_is_read_ahead(disk_file: Path) -> None:
    disk_file.write_bytes(b"x" * (1 << 20))
    source = """
        fbt::ufs_getpage_ra:entry
        /execname == "dd" && args[0]->v_path == $$1/
        {
            self->ahead = 1;
            this->inode = (inode_t *)args[0]->v_data;
            this->next = this->inode->i_nextrio;
            this->good = this->next > 0 && this->next <= 1048576 && this->next % 4096 == 0;
            @["ahead", this->good, this->inode->i_number] = count();
        }
        fbt::ufs_getpage_ra:return /self->ahead/ { self->ahead = 0; @["done", 0, 0] = count(); }
        fbt::fop_read:entry
        /execname == "dd" && args[0]->v_path == $$1/
        { @far["read", args[1]->uio_loffset == args[1]->uio_offset, 0] = max(args[1]->uio_loffset); }
        fbt::fop_getattr:return /execname == "dd"/ { @["attributes", arg1, 0] = count(); }
        END { printa("%s %d %d %@d\\n", @); printa("%s %d %d %@d\\n", @far); }"""
    # The first gives up the file's pages; the second has to read them.
    work = f"sync {disk_file}; dd if={disk_file} iflag=nocache count=0; dd if={disk_file} of=/dev/null bs=8k"
    found = told(source, disk_file, f"/bin/sh -c '{work} 2>/dev/null'")
    assert found["ahead", "1", str(disk_file.stat().st_ino)] == found["done", "0", "0"] >= 1
    assert found["read", "1", "0"] == 1 << 20
    assert found["attributes", "0", "0"] >= 1


@pytest.mark.proves("fbt:genunix:pageio_setup:entry")
def test_pages_go_to_swap_space_and_come_back(swap: str, small_group: Path, disk_file: Path) -> None:
    disk_file.write_bytes(bytes(4096))
    source = f"""
        fbt::pageio_setup:entry
        /execname == "{NAME}"/
        {{ @[args[3] & B_READ ? "in" : "out", args[2]->v_flag, args[1]] = count(); }}
        END {{ printa("%s %d %d %@d\\n", @); }}"""
    found = told(source, disk_file, line("squeeze", small_group, 24, disk_file))
    pages = (24 - 16) << 8
    assert set(found) == {("in", "64", "4096"), ("out", "64", "4096")}  # 0x40: VISSWAP
    assert all(number >= pages for number in found.values())
