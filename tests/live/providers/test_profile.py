"""profile, sdt and the tracer's own probes: clocks with their program counters, tracepoints with their fields."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.loads import NAME, line
from tests.programs import printed


def words(source: str, kind: str, *load: int | str) -> dict[str, int]:
    shown = printed(f'{source} END {{ printa("%s %@d\\n", @); }}', commands=[line(kind, *load)]).split()
    return dict(zip(shown[::2], map(int, shown[1::2]), strict=True))


@pytest.mark.proves("profile:::profile-{rate}")
def test_every_cpu_is_sampled_at_the_rate_with_its_program_counter() -> None:
    cpus = os.sched_getaffinity(0)
    source = f"""
        profile-200 /pid == $target && execname == "{NAME}"/
        {{ @[arg0 && !arg1 ? "kernel" : arg1 && !arg0 ? "user" : "neither"] = count(); }}
        profile-200 /pid == $target && execname == "{NAME}"/ {{ @[strjoin("cpu", lltostr(cpu))] = count(); }}
        profile-200 {{ @["all"] = count(); }}
        BEGIN {{ start = timestamp; }}
        END {{ printf("ms %d\\n", (timestamp - start) / 1000000); }}"""
    found = words(source, "spin-everywhere", "0.5")
    assert "neither" not in found
    assert found["user"] > 0
    assert {f"cpu{cpu}" for cpu in cpus} <= set(found)
    # A machine that stands still loses samples; none has more.
    assert found["all"] <= (found["ms"] / 5 + 2) * len(cpus)
    assert found["user"] + found.get("kernel", 0) >= 10 * len(cpus)


@pytest.mark.proves("profile:::tick-{rate}")
def test_a_tick_fires_on_one_cpu() -> None:
    source = """
        BEGIN { began = timestamp; }
        tick-20hz { @[strjoin("cpu", lltostr(cpu))] = sum(1); }
        END { @["periods"] = sum((timestamp - began) / 50000000); }"""
    found = words(source, "sleep", 1, 1)
    periods = found.pop("periods")
    (number,) = found.values()
    assert 0 < number <= periods + 1


@pytest.mark.proves("dtrace:::BEGIN", "dtrace:::END", "dtrace:::ERROR")
def test_the_tracer_tells_of_itself() -> None:
    source = """
        BEGIN { printf("begun "); }
        BEGIN { trace(*(int *)8); }
        ERROR { printf("%d %d ", arg4, arg5); exit(0); }
        END { printf("ended"); }"""
    assert printed(source).split() == ["begun", "1", "8", "ended"]  # DTRACEFLT_BADADDR


@pytest.mark.needs("tracepoint:irq:irq_handler_entry")
@pytest.mark.proves(
    "sdt:::interrupt-start", "sdt:::interrupt-complete", "dev_info_t.devi_major", "dev_info_t.devi_instance",
    "devnames_t.dn_name", "`devnamesp",
)  # fmt: skip
def test_interrupts_of_devices_start_and_complete(disk_file: object) -> None:
    source = """
        syscall:::entry /pid == $target/ { on = 1; }
        proc:::exit /pid == $target/ { on = 0; }
        sdt:::interrupt-start /on && arg0 && arg1 && arg2/ { @["start"] = count(); }
        sdt:::interrupt-complete /on && arg0 && arg1 && arg2/ { @["complete"] = count(); }
        sdt:::interrupt-complete /arg3 > 1/ { @["wrong"] = count(); }
        sdt:::interrupt-start
        {
            this->device = (struct dev_info *)arg0;
            @[strjoin(strjoin(lltostr(this->device->devi_instance), ":"),
                stringof(`devnamesp[this->device->devi_major].dn_name))] = count();
        }"""
    found = words(source, "direct", 200, 4096, str(disk_file))
    shown = Path("/proc/interrupts").read_text()
    for device in (name.split(":") for name in found if ":" in name):
        assert re.search(rf"(?m)^ *{device[0]}:.*{re.escape(device[1])}", shown), device
    # Between the two, when all of this is attached. Each other CPU may be in an interrupt then.
    assert abs(found["start"] - found["complete"]) <= len(os.sched_getaffinity(0))
    assert found["start"] > 0
    assert "wrong" not in found  # IRQ_NONE or IRQ_HANDLED


def test_a_tracepoint_has_the_fields_of_its_format() -> None:
    source = f"""
        sdt:sched::sched_process_fork /progenyof($target)/ {{ @["forks"] = count(); }}
        sdt:sched::sched_process_exit /execname == "{NAME}" && progenyof($target)/ {{ @["exits"] = count(); }}"""
    found = words(source, "fork", 5)
    assert (found["forks"], found["exits"]) == (5, 6)
