"""sysinfo: each statistic grows by what a load does, in the process that does it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.live.providers.statistics import Told, told, told_in_time
from tests.loads import line
from tests.programs import printed

LOAD = (
    "several", "read 10 100", "write 20 50", "fork 3", "exec 2 /bin/true", "message 7", "semaphore 9", "nofork 4",
    "sleep 6 0.01", "fault 100", "unmap 200",
)  # fmt: skip
#: What it does, call for call; `nofork` forks once itself.
EXACTLY = {
    "msg": Told(14, 14),
    "nthreads": Told(7, 7),
    "procovf": Told(4, 4),
    "sema": Told(9, 9),
    "sysexec": Told(2, 2),
    "sysfork": Told(4, 4),
    "sysvfork": Told(2, 2),
}
#: And what the interpreter or the kernel adds to, with the least that the load does.
AT_LEAST = {
    "inv_swtch": 0,
    "pswitch": 6,
    "readch": 1000,
    "sysread": 10,
    "syswrite": 20,
    "trap": 100,
    "writech": 1000,
    "xcalls": 1,
}


def proving(names: object) -> list[object]:
    return [pytest.param(name, marks=pytest.mark.proves(f"sysinfo:::{name}")) for name in names]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", proving(EXACTLY))
def test_a_statistic_counts_the_calls_of_a_load(name: str) -> None:
    assert told("sysinfo", *LOAD)[name] == EXACTLY[name]


@pytest.mark.parametrize("name", proving(AT_LEAST))
def test_a_statistic_grows_by_at_least_what_a_load_does(name: str) -> None:
    least = AT_LEAST[name]
    found = told_in_time(lambda told: name in told and told[name].total >= least, "sysinfo", *LOAD)[name]
    assert found.total >= least
    assert found.total < 100 * AT_LEAST[name] + 1000


@pytest.mark.proves("sysinfo:::phread", "sysinfo:::phwrite")
def test_direct_reads_and_writes_are_physical(disk_file: Path) -> None:
    found = told("sysinfo", "direct", 5, 8192, disk_file)
    assert (found["phread"], found["phwrite"]) == (Told(5, 5), Told(5, 5))


@pytest.mark.proves("sysinfo:::bread", "sysinfo:::bwrite", "sysinfo:::bawrite", "sysinfo:::lread", "sysinfo:::lwrite")
def test_blocks_of_a_device_go_through_the_buffer_cache(loop_device: str) -> None:
    found = told("sysinfo", "device", 5, loop_device)
    assert found["bread"].times >= 5
    assert found["bwrite"].times >= 10
    assert found["bawrite"].times == 5
    assert found["lwrite"].times >= 10


@pytest.mark.proves("sysinfo:::cpu_ticks_kernel", "sysinfo:::cpu_ticks_user")
def test_the_clock_tells_a_program_from_the_kernel() -> None:
    spun, read = told("sysinfo", "spin", 1), told("sysinfo", "read", 300, 20_000_000)
    assert 10 < spun["cpu_ticks_user"].total + spun["cpu_ticks_kernel"].total < 400
    assert spun["cpu_ticks_user"].total > 0
    assert read["cpu_ticks_kernel"].total > read.get("cpu_ticks_user", Told()).total


@pytest.mark.needs("lab")  # Elsewhere the CPUs may never be idle.
@pytest.mark.proves(
    "sysinfo:::idlethread", "sysinfo:::cpu_ticks_idle", "sysinfo:::cpu_ticks_wait", "sysinfo:::wait_ticks_io"
)
def test_idle_cpus_are_told_and_whether_a_thread_waits_for_a_disk(disk_file: Path) -> None:
    source = """
        sysinfo:::idlethread, sysinfo:::cpu_ticks_idle, sysinfo:::cpu_ticks_wait, sysinfo:::wait_ticks_io
        /tid == 0 && execname == strjoin("swapper/", lltostr(cpu))/ { @[probename] = sum(arg0); }
        END { printa("%s %@d\\n", @); }"""
    commands = [line("several", "sleep 50 0.01", f"direct 2000 8192 {disk_file}")]
    words = [shown.split() for shown in printed(source, commands=commands).splitlines() if shown]
    found = {name: int(total) for name, total in words}
    assert found["idlethread"] >= 50
    assert found["cpu_ticks_idle"] >= 50
    # Whether a thread waits is looked up for each anew: the wait may end in between.
    for name in ("cpu_ticks_wait", "wait_ticks_io"):
        assert 0 < found[name] < found["cpu_ticks_idle"]


@pytest.mark.needs("lab", "command:modprobe")
@pytest.mark.proves("sysinfo:::modload", "sysinfo:::modunload")
def test_modules_come_and_go() -> None:
    found = told(
        "sysinfo", "several", "exec 2 /sbin/modprobe dummy", "exec 1 /sbin/modprobe -r dummy", of="progenyof($target)"
    )
    assert (found["modload"], found["modunload"]) == (Told(1, 1), Told(1, 1))


@pytest.mark.proves("sysinfo:::namei")
def test_paths_are_walked() -> None:
    assert 50 <= told("sysinfo", "lookup", 50, "/etc/hostname")["namei"].times < 100


@pytest.mark.proves("sysinfo:::rawch", "sysinfo:::canch", "sysinfo:::outch")
def test_characters_of_terminals_are_counted() -> None:
    source = """
        sysinfo:::rawch, sysinfo:::canch, sysinfo:::outch { @[probename] = sum(arg0); }
        END { printa("%s %@d\\n", @); }"""
    words = printed(source, commands=[line("terminal", 10, "hello")]).split()
    found = dict(zip(words[::2], map(int, words[1::2]), strict=True))
    assert (found["rawch"], found["canch"], found["outch"]) == (60, 60, 50)


@pytest.mark.proves("sysinfo:::mutex_adenters", "sysinfo:::rw_wrfails", "sysinfo:::rw_rdfails")
def test_waits_for_locks_are_counted(disk_file: Path) -> None:
    load = "several", f"shared 3000 262144 {disk_file} cached", f"append 200 {disk_file}"
    found = told_in_time(
        lambda told: "mutex_adenters" in told and bool({"rw_wrfails", "rw_rdfails"} & set(told)), "sysinfo", *load
    )
    assert found["mutex_adenters"].total > 0
    assert sum(found[name].total for name in ("rw_wrfails", "rw_rdfails") if name in found) > 0
