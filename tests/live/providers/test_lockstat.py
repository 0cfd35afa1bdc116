"""lockstat: waits for the kernel's locks, with their lengths, in loads whose processes want the same lock."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import has
from tests.loads import NAME, line
from tests.programs import printed

WAITS = f"""
lockstat:::adaptive-block, lockstat:::adaptive-spin, lockstat:::rw-block, lockstat:::spin-spin
/execname == "{NAME}" && arg0/
{{ @n[probename] = count(); @least[probename] = min(arg1); @most[probename] = max(arg1); }}
lockstat:::rw-block /execname == "{NAME}"/ {{ @rw[arg2 != 0, arg3 != 0] = count(); }}
END {{ printa("%s %@d %@d %@d\\n", @n, @least, @most); printa("rw %d %d %@d\\n", @rw); }}
"""
CONTENTION = pytest.mark.needs("rawtp:contention_begin")


def waits(*load: int | str | Path) -> dict[str, list[int]]:
    """By probe: how many waits there were, the shortest and the longest, in nanoseconds."""
    lines = [words.split() for words in printed(WAITS, commands=[line(str(load[0]), *load[1:])]).splitlines() if words]
    return {f"rw {words[1:3]}" if words[0] == "rw" else words[0]: list(map(int, words[1:])) for words in lines}


@CONTENTION
@pytest.mark.proves("lockstat:::adaptive-block")
def test_a_mutex_whose_owner_sleeps_is_slept_for(disk_file: Path) -> None:
    number, least, most = waits("shared", 200, 65536, disk_file, "direct")["adaptive-block"]
    assert 0 < number <= 400  # Two processes take it 200 times each.
    assert 0 < least <= most < 10_000_000_000


@CONTENTION
@pytest.mark.needs("cpus:2")
@pytest.mark.proves("lockstat:::adaptive-spin")
def test_a_mutex_whose_owner_runs_is_spun_for(disk_file: Path) -> None:
    runs = (
        waits("shared", 3000 if has("lab") else 15000, 1 << 18, disk_file, "cached").get("adaptive-spin")
        for _ in range(12)
    )
    number, least, most = next(filter(None, runs))  # On a busy machine the two may have run one after the other.
    assert 0 < number <= 60_000  # Two processes read 15,000 times each, and take other mutexes too.
    assert 0 < least <= most < 10_000_000_000


@CONTENTION
@pytest.mark.proves("lockstat:::rw-block")
def test_a_read_write_semaphore_tells_who_waits_for_whom(disk_file: Path) -> None:
    found = waits("append", 200, disk_file)
    number, least, most = found["rw-block"]
    assert 0 < number <= 600
    assert 0 < least <= most < 10_000_000_000
    # Who waits found a writer: a reader ('0', '1') or another writer.
    assert sum(found.get(f"rw {who}", [0])[-1] for who in (["0", "1"], ["1", "1"])) > 0


@CONTENTION
@pytest.mark.needs("cpus:3")
@pytest.mark.proves("lockstat:::spin-spin")
def test_a_spin_lock_that_several_want_is_spun_for() -> None:
    number, least, most = waits("pages", 20, 32)["spin-spin"]
    assert number > 0
    assert 0 < least <= most < 10_000_000_000


def held(source: str, path: Path, seconds: float = 0.2) -> tuple[list[list[str]], list[list[int]]]:
    """The words of each line that a program prints while locks are held for a known time; and of the mutex, then of
    the semaphore, the least and the most that a wait for it takes, and the most that it is held."""
    times = Path(f"{path}.times")
    try:
        shown = printed(source, commands=[line("held", str(seconds), path)])
        return (
            sorted(row.split() for row in shown.splitlines() if row),
            [list(map(int, row.split())) for row in times.read_text().splitlines()],
        )
    finally:
        times.unlink(missing_ok=True)


@CONTENTION
@pytest.mark.proves("lockstat:::adaptive-block", "lockstat:::rw-block")
def test_a_wait_is_as_long_as_who_waits_and_who_holds_the_lock_say(disk_file: Path) -> None:
    source = """
        lockstat:::adaptive-block /pid == $target && arg1 > 100000000/ { printf("mutex %d\\n", arg1); }
        lockstat:::rw-block
        /pid == $target && arg1 > 100000000/
        { printf("writes %d %d %d %d\\n", arg1, arg2, arg3, arg4); }"""
    rows, times = held(source, disk_file)
    for kind, (least, most, _) in zip(("mutex", "writes"), times, strict=True):
        assert least >= 200_000_000
        assert any(row[0] == kind and least <= int(row[1]) <= most for row in rows), (rows, times)
    # A writer waits for a writer, and no reader has it.
    least, most, _ = times[1]
    assert ["1", "1", "0"] in [row[2:] for row in rows if row[0] == "writes" and least <= int(row[1]) <= most]


@pytest.mark.proves(
    "lockstat:::adaptive-acquire", "lockstat:::adaptive-release", "lockstat:::rw-acquire", "lockstat:::rw-release"
)
def test_a_lock_is_held_from_its_acquire_to_its_release(disk_file: Path) -> None:
    source = """
        lockstat:::adaptive-acquire, lockstat:::rw-acquire /pid == $target/ { since[tid, arg0] = timestamp; }
        lockstat:::adaptive-release, lockstat:::rw-release
        /since[tid, arg0] && timestamp - since[tid, arg0] > 100000000/
        { printf("%s %d\\n", probename, timestamp - since[tid, arg0]); }
        lockstat:::adaptive-release, lockstat:::rw-release /since[tid, arg0]/ { since[tid, arg0] = 0; }"""
    rows, times = held(source, disk_file)
    for kind, (least, _, most) in zip(("adaptive-release", "rw-release"), times, strict=True):
        assert least >= 200_000_000
        assert any(row[0] == kind and least <= int(row[1]) <= most for row in rows), (rows, times)


@pytest.mark.proves(
    "lockstat:::adaptive-acquire", "lockstat:::adaptive-release", "lockstat:::rw-acquire", "lockstat:::rw-release"
)
def test_locks_are_taken_and_let_go(disk_file: Path) -> None:
    source = f"""
        lockstat:::adaptive-acquire, lockstat:::adaptive-release, lockstat:::rw-acquire, lockstat:::rw-release
        /execname == "{NAME}" && arg0/ {{ @[probename] = count(); }}
        lockstat:::rw-acquire, lockstat:::rw-release /execname == "{NAME}"/
        {{ @rw[strjoin(probename, arg1 ? "-writer" : "-reader")] = count(); }}
        END {{ printa("%s %@d\\n", @); printa("%s %@d\\n", @rw); }}"""
    load = line("several", f"shared 100 4096 {disk_file} cached", f"append 100 {disk_file}")
    words = printed(source, commands=[load]).split()
    found = dict(zip(words[::2], map(int, words[1::2]), strict=True))
    assert found["adaptive-acquire"] >= 200  # Each read of an open file that is shared takes its position's mutex.
    assert found["rw-acquire-writer"] >= 200  # Each append takes the file's semaphore.
    assert found["rw-acquire-reader"] >= 100
    for what in ("adaptive", "rw"):
        assert abs(found[f"{what}-acquire"] - found[f"{what}-release"]) < found[f"{what}-acquire"] / 2


@pytest.mark.proves("lockstat:::rw-downgrade")
def test_a_lock_of_an_address_space_is_downgraded_as_memory_is_given_back() -> None:
    text = """
        lockstat:::rw-downgrade
        /progenyof($target) && arg0 == (uintptr_t)&curthread->mm->mmap_lock/ { @ = count(); }
        END { printa("%@d", @); }"""
    assert 200 <= int(printed(text, commands=[line("pages", 50, 1)])) <= 300  # And what an interpreter gives back.
