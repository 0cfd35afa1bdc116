"""cpc: fires at every so many events of a CPU; what the machine cannot count is refused with the reason."""

from __future__ import annotations

import pytest

from tests.conftest import has
from tests.loads import NAME, line
from tests.programs import printed, refused

LOAD = line("several", "fault 4000", "sleep 40 0.002")


def fired(probe: str) -> tuple[int, int, int]:
    """How often a probe fired for the load, with a user and with a kernel program counter."""
    source = f"""
        {probe} /execname == "{NAME}" && pid == $target/ {{ @[arg0 ? "kernel" : arg1 ? "user" : "none"] = count(); }}
        END {{ printa("%s %@d\\n", @); }}"""
    words = printed(source, commands=[LOAD]).split()
    found = dict(zip(words[::2], map(int, words[1::2]), strict=True))
    return sum(found.values()), found.get("user", 0), found.get("kernel", 0)


@pytest.mark.proves("cpc:::page-faults-{mode}-{count}", "cpc:::minor-faults-{mode}-{count}")
def test_every_hundredth_fault_of_a_program_fires() -> None:
    for event in ("page-faults", "minor-faults"):
        total, user, kernel = fired(f"cpc:::{event}-user-100")
        assert 35 <= total == user <= 60  # 4000 faults, and the interpreter's few.
        assert kernel == 0


@pytest.mark.proves("cpc:::context-switches-{mode}-{count}")
def test_every_switch_fires() -> None:
    total, user, kernel = fired("cpc:::context-switches-all-1")
    assert 40 <= total == kernel
    assert user == 0


@pytest.mark.proves("cpc:::cpu-clock-{mode}-{count}")
def test_the_clock_of_a_cpu_fires_while_a_program_runs_on_it() -> None:
    source = """
        cpc:::cpu_clock-user-1000000 /pid == $target && arg1 != 0/ { n++; }
        cpc:::cpu-clock-user-1000000 /pid == $target && n >= 20/ { printf("%s", probename); exit(0); }"""
    assert printed(source, commands=[line("spin", 3600)]).strip() == "cpu-clock-user-1000000"


@pytest.mark.proves("cpc:::cpu-migrations-{mode}-{count}")
@pytest.mark.needs("cpus:2")
def test_every_migration_fires() -> None:
    source = """
        cpc:::cpu-migrations-all-1 { @["told"] = count(); } END { printa("%s %@d\\n", @); }"""
    words = printed(source, commands=[line("wander", 50)]).split()
    assert int(words[1]) >= 50


@pytest.mark.proves("cpc:::major-faults-{mode}-{count}")
def test_every_major_fault_fires(disk_file: object) -> None:
    source = f"""
        cpc:::major-faults-all-1 /execname == "{NAME}" && pid == $target/ {{ @["told"] = count(); }}
        END {{ printa("%s %@d\\n", @); }}"""
    assert printed(source, commands=[line("mapped", 6, str(disk_file))]).split() == ["told", "6"]


@pytest.mark.skipif(has("path:/sys/bus/event_source/devices/cpu"), reason="has hardware counters")
def test_a_machine_without_counters_says_so() -> None:
    found = refused("cpc:::PAPI_tot_ins-user-10000 { }")
    assert found.tag == "D_PDESC_ZERO"
    assert "no hardware counters" in found.message


def test_an_event_that_is_not_known_brings_its_neighbours_to_mind() -> None:
    found = refused("cpc:::page_fault-all-100 { }")
    assert found.tag == "D_PDESC_ZERO"
    assert found.hint.startswith("did you mean page-faults-all-COUNT")


def test_a_name_without_mode_or_count_is_refused() -> None:
    assert refused("cpc:::page-faults-user { }").tag == "D_PDESC_ZERO"
    assert refused("cpc:::page-faults-most-100 { }").tag == "D_PDESC_ZERO"
    assert refused("cpc:::page-faults-user-0 { }").tag == "D_PDESC_ZERO"
