"""sched: what a load's threads do to the CPUs, told in the thread that does it; cpuinfo_t."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest

from tests.loads import NAME, line
from tests.programs import printed
from tests.proving import missing

LOAD = line("several", "sleep 30 0.005", "crowd 20", "yield 50")
SOURCE = f"""
sched:::off-cpu, sched:::on-cpu, sched:::sleep, sched:::preempt, sched:::remain-cpu, sched:::tick
/execname == "{NAME}"/ {{ @[probename] = count(); }}
sched:::off-cpu /args[1]->pr_fname == "{NAME}" && args[0]->pr_lwpid == args[1]->pr_pid/ {{ @["next"] = count(); }}
sched:::wakeup /args[1]->pr_fname == "{NAME}"/ {{ @[probename] = count(); }}
sched:::enqueue /args[1]->pr_fname == "{NAME}" && args[3] == 0 && args[2]->cpu_id < 4096/ {{ @[probename] = count(); }}
sched:::dequeue /args[1]->pr_fname == "{NAME}" && args[2]->cpu_id < 4096/ {{ @[probename] = count(); }}
sched:::tick /args[1]->pr_fname == "{NAME}" && args[0]->pr_lwpid == tid/ {{ @["ticked"] = count(); }}
END {{ printa("%s %@d\\n", @); }}
"""


#: Where the kernel tells of it.
SURRENDER = f'sched:::surrender /args[1]->pr_fname == "{NAME}"/ {{ @[probename] = count(); }}'


@cache
def told() -> dict[str, int]:
    source = SOURCE if missing("sched:::surrender") else SOURCE + SURRENDER
    words = printed(source, commands=[LOAD]).split()
    return dict(zip(words[::2], map(int, words[1::2]), strict=True))


@pytest.mark.proves("sched:::off-cpu", "sched:::on-cpu", "sched:::sleep", "sched:::wakeup")
def test_each_sleep_takes_a_thread_off_its_cpu_until_it_is_woken() -> None:
    found = told()
    assert 30 <= found["sleep"] <= found["off-cpu"]
    assert abs(found["off-cpu"] - found["on-cpu"]) <= 10  # A thread that ends does not come back.
    assert found["wakeup"] >= 30
    assert found["next"] >= 30


@pytest.mark.proves("sched:::enqueue", "sched:::dequeue")
def test_a_thread_that_is_woken_joins_a_queue_and_leaves_it_as_it_runs() -> None:
    found = told()
    assert found["enqueue"] >= 30
    assert abs(found["enqueue"] - found["dequeue"]) <= 10


@pytest.mark.proves("sched:::preempt")
def test_threads_that_want_the_same_cpu_preempt_each_other() -> None:
    assert told()["preempt"] > 0


@pytest.mark.proves("sched:::tick")
def test_the_clock_ticks_for_the_thread_that_runs() -> None:
    assert told()["tick"] == told()["ticked"] > 0


@pytest.mark.proves("sched:::remain-cpu")
def test_a_thread_that_yields_to_no_one_remains() -> None:
    source = """
        sched:::remain-cpu /pid == $target/ { @["remained"] = count(); }
        sched:::off-cpu /pid == $target/ { @["left"] = count(); }
        syscall::sched_yield:entry /pid == $target/ { @["yielded"] = count(); }
        END { printa("%s %@d\\n", @); }"""
    words = printed(source, commands=[line("yield", 500)]).split()
    found = dict(zip(words[::2], map(int, words[1::2]), strict=True))
    assert found["yielded"] == 500
    assert found.get("remained", 0) + found["left"] >= 500
    assert found["remained"] > 0


@pytest.mark.needs("cpus:2")
@pytest.mark.proves("sched:::surrender")
def test_another_cpu_can_make_a_thread_give_way() -> None:
    assert told()["surrender"] > 0


@pytest.mark.proves("sched:::change-pri")
def test_a_thread_gets_the_priority_of_one_that_waits_for_it() -> None:
    source = f"""
        sched:::change-pri /execname == "{NAME}" && args[1]->pr_fname == "{NAME}"/
        {{ printf("%d %d\\n", args[0]->pr_pri, args[2]); }}"""
    found = [
        tuple(map(int, one.split())) for one in printed(source, commands=[line("inherit", 50)]).splitlines() if one
    ]
    own = 19 - os.getpriority(os.PRIO_PROCESS, 0)
    assert (own, 90) in found  # The owner inherits real-time priority 50, which stands 40 levels above nice 0.
    assert (90, own) in found  # And gives it back.


@pytest.mark.proves("sched:::lend-pri")
def test_a_thread_is_lent_the_priority_of_one_that_waits_for_it() -> None:
    source = f"""
        sched:::lend-pri /args[1]->p_comm == "{NAME}"/
        {{ printf("%d %d %d\\n", args[2], args[3]->pr_pri, args[3]->td_proc->p_pid == args[1]->p_pid); }}"""
    found = {one for one in printed(source, commands=[line("inherit", 50)]).splitlines() if one}
    assert found == {"90 90 1"}


@pytest.mark.proves("sched:::load-change")
@pytest.mark.needs("rawtp:sched_update_nr_running_tp")
def test_the_load_of_a_cpu_changes_as_a_thread_goes_to_sleep_and_wakes_up() -> None:
    source = """
        sched:::load-change /pid == $target && args[0] == cpu/
        { @[args[1] >= 0 && args[1] < 100000] = count(); }
        END { printa("%d %@d", @); }"""
    good, times = printed(source, commands=[line("sleep", 20, "0.001")]).split()
    assert (good, int(times) > 0) == ("1", True)


@pytest.mark.proves("cpuinfo_t.cpu_id", "cpuinfo_t.cpu_pset", "curcpu", "cpu")
def test_the_cpu_is_the_one_that_the_load_is_bound_to() -> None:
    cpu = min(os.sched_getaffinity(0))
    source = """
        syscall::getppid:entry /pid == $target/
        { printf("%d %d %d", curcpu->cpu_id, curcpu->cpu_pset, cpu); exit(0); }"""
    assert printed(source, commands=[line("identity")]).split()[:3] == [str(cpu), "-1", str(cpu)]


@pytest.mark.proves(
    "cpuinfo_t.cpu_chip",
    "cpuinfo_t.cpu_lgrp",
    "cpuinfo_t.cpu_info",
    *(f"processor_info_t.{name}" for name in ("pi_state", "pi_processor_type", "pi_fputypes", "pi_clock")),
)
def test_the_cpu_has_a_package_a_memory_node_a_type_and_a_speed() -> None:
    cpu = min(os.sched_getaffinity(0))
    source = """
        syscall::getppid:entry /pid == $target/
        {
            printf("%d %d", curcpu->cpu_chip, curcpu->cpu_lgrp);
            printf(" %d %d", curcpu->cpu_info.pi_state == P_ONLINE, curcpu->cpu_info.pi_clock);
            printf(" %s %s", curcpu->cpu_info.pi_processor_type, curcpu->cpu_info.pi_fputypes);
            exit(0);
        }"""
    folder = Path(f"/sys/devices/system/cpu/cpu{cpu}")
    package = (folder / "topology/physical_package_id").read_text().strip()
    node = next((entry.name.removeprefix("node") for entry in folder.glob("node[0-9]*")), "0")
    chip, lgrp, online, clock, kind, floating = printed(source, commands=[line("identity")]).split(maxsplit=5)
    assert (chip, lgrp, online, kind) == (package, node, "1", os.uname().machine)
    assert 0 <= int(clock) < 10000
    assert floating.strip() in ("i387 compatible", kind)
