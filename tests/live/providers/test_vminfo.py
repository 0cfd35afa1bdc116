"""vminfo: faults and paging, counted in the process that brings them about."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.live.providers.statistics import Told, told

FAULTS = "several", "fault 500", "copy 300", "forbidden 3"


def between(found: Told, least: int, most: int) -> bool:
    """The interpreter faults too, a little: each firing counts one."""
    return found.times == found.total and least <= found.total <= most


@pytest.mark.proves("vminfo:::as_fault", "vminfo:::zfod")
def test_first_touches_of_pages_are_faults_that_fill_them_with_zeroes() -> None:
    few, many = told("vminfo", "fault", 1), told("vminfo", "fault", 1001)
    assert between(many["as_fault"], 1000, few["as_fault"].total + 1100)
    assert between(many["zfod"], 1000, few["zfod"].total + 1100)


@pytest.mark.proves("vminfo:::cow_fault", "vminfo:::prot_fault")
def test_writes_to_pages_shared_after_a_fork_copy_them() -> None:
    few, many = told("vminfo", "copy", 1), told("vminfo", "copy", 1001)
    assert between(many["cow_fault"], 1000, few["cow_fault"].total + 1500)
    assert many["prot_fault"].total >= many["cow_fault"].total


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        pytest.param("fs", "644", marks=pytest.mark.proves("vminfo:::fspgin", "vminfo:::fspgout")),
        pytest.param("exec", "755", marks=pytest.mark.proves("vminfo:::execpgin", "vminfo:::execpgout")),
    ],
)
def test_pages_of_files_are_read_from_and_written_to_the_disk(kind: str, mode: str, disk_file: Path) -> None:
    found = told("vminfo", "pagein", 8, disk_file, mode)
    assert found[f"{kind}pgin"] == Told(8, 8)  # Page by page,
    assert found[f"{kind}pgout"].total == 8  # and as the file system joined them.


@pytest.mark.proves("vminfo:::pgin", "vminfo:::pgout", "vminfo:::pgpgin", "vminfo:::pgpgout")
def test_each_request_to_a_disk_counts_with_its_pages(disk_file: Path) -> None:
    found = told("vminfo", "direct", 5, 8192, disk_file)
    assert found["pgin"].total >= 5
    assert found["pgpgin"].total >= 10
    assert found["pgout"].total >= 5
    assert found["pgpgout"].total >= 10
    assert found["pgpgin"].total - 2 * found["pgin"].total < 10


@pytest.mark.proves("vminfo:::maj_fault")
def test_a_page_of_a_file_that_is_not_in_memory_is_a_major_fault(disk_file: Path) -> None:
    # Pages of the interpreter may have gone from memory too.
    assert between(told("vminfo", "mapped", 6, disk_file)["maj_fault"], 6, 60)


@pytest.mark.proves(
    "vminfo:::anonpgin", "vminfo:::anonpgout", "vminfo:::anonfree", "vminfo:::dfree", "vminfo:::fsfree",
    "vminfo:::scan", "vminfo:::pgrec",
)  # fmt: skip
def test_memory_that_runs_short_is_paged_out_and_in(swap: str, small_group: Path, disk_file: Path) -> None:
    disk_file.write_bytes(bytes(24 << 20))
    found = told("vminfo", "squeeze", small_group, 24, disk_file)
    pages = (24 - 16) << 8
    assert found["anonpgout"].total >= pages
    assert found["anonpgin"].total >= pages
    assert found["dfree"].total >= found["anonfree"].total
    assert found["anonfree"].total >= pages
    assert found["fsfree"].total >= pages
    assert found["scan"].total >= found["dfree"].total
    assert found["pgrec"].total > 0


@pytest.mark.proves("vminfo:::execfree")
def test_pages_of_a_program_are_freed_when_memory_runs_short(swap: str, small_group: Path, disk_file: Path) -> None:
    disk_file.write_bytes(bytes(25 << 20))
    disk_file.chmod(0o755)
    found = told("vminfo", "squeeze", small_group, 25, disk_file)
    assert found["execfree"].total >= (25 - 16) << 8
    assert found.get("fsfree", Told()).total < (25 - 16) << 8


@pytest.mark.needs("lab")
@pytest.mark.proves("vminfo:::pgrrun")
def test_the_page_daemon_runs_when_free_memory_is_low() -> None:
    assert told("vminfo", "reserve", 20000, of="1")["pgrrun"].total > 0
