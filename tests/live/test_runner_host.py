"""The running kernel's facts, held against what other tools and files say of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from dtrans.recorded import RecordedFacts, Recorder
from dtrans.run.kernel.host import HostFacts, find_tracefs, kernel_fingerprint
from dtrans.types import Array, EnumRef, Int, Pointer, StructRef

FACTS = HostFacts()


def test_tracepoints_are_those_of_tracefs() -> None:
    events = FACTS.tracepoints()
    assert list(events) == sorted(events)
    assert "sched:sched_switch" in events


def test_every_format_file_is_understood_to_its_last_field() -> None:
    root = Path(find_tracefs(), "events")
    for event in FACTS.tracepoints():
        group, _, name = event.partition(":")
        text = (root / group / name / "format").read_text()
        fields = FACTS.tracepoint(group, name)
        assert fields is not None
        assert len(fields) == text.count("\tfield:") - text.count(" common_"), event
        for field in fields:
            assert field.name.isidentifier(), event
            assert field.size in (0, 1, 2, 4, 8) or field.length or field.size > 8, event


def test_a_missing_tracepoint_is_none() -> None:
    assert FACTS.tracepoint("sched", "no_such_event") is None
    assert FACTS.tracepoint_id("sched", "no_such_event") is None


def test_raw_tracepoints_have_their_arguments_names_and_types() -> None:
    found = FACTS.raw_tracepoint("sys_enter")
    assert found is not None
    assert [param.name for param in found] == ["regs", "id"]
    assert found[0].type == Pointer(StructRef("struct", "pt_regs"))
    assert found[1].type == Int("long", 8, True)
    assert FACTS.raw_tracepoint("no_such_event") is None


@pytest.mark.needs("command:bpftool")
def test_structures_are_as_the_kernels_own_tools_show_them() -> None:
    text = subprocess.run(
        ["bpftool", "btf", "dump", "file", "/sys/kernel/btf/vmlinux"], capture_output=True, text=True, check=True
    ).stdout
    wanted = {"task_struct", "mm_struct", "file", "sk_buff", "inode", "page"}
    checked = 0
    lines = iter(text.splitlines())
    for line in lines:
        parts = line.split("'")
        if " STRUCT " in line and parts[1] in wanted:
            definition = FACTS.struct("struct", parts[1])
            assert definition is not None
            assert f" size={definition.size} " in line
            for member in definition.members:
                shown = next(lines)
                name = f"'{member.name}'" if member.name else "'(anon)'"
                assert name in shown
                assert f"bits_offset={member.bit_offset}" in shown
                assert not member.bit_size or f"bitfield_size={member.bit_size}" in shown
            checked += 1
    assert checked == len(wanted)


def test_types_are_resolved_and_structures_named() -> None:
    definition = FACTS.struct("struct", "task_struct")
    assert definition is not None
    members = {member.name: member.type for member in definition.members}
    assert members["tgid"] == Int("int", 4, True)
    assert members["comm"] == Array(Int("char", 1, True), 16)
    assert members["real_parent"] == Pointer(StructRef("struct", "task_struct"))
    assert members["start_time"] == Int("unsigned long long", 8, False)


def test_anonymous_structures_are_found_by_their_tag() -> None:
    definition = FACTS.struct("struct", "sk_buff")
    assert definition is not None
    anonymous = [member.type for member in definition.members if not member.name]
    assert anonymous
    for kind in anonymous:
        assert isinstance(kind, StructRef)
        assert kind.tag.startswith("#")
        inner = FACTS.struct(kind.kind, kind.tag)
        assert inner is not None
        assert inner.members
    assert FACTS.struct("struct", "#1") is None
    assert FACTS.struct("struct", "#999999999") is None


def test_typedefs_enumerations_and_functions() -> None:
    assert FACTS.typedef("pid_t") == Int("int", 4, True)
    assert FACTS.typedef("no_such_type") is None
    enumerators = FACTS.enumerators("pid_type")
    assert enumerators is not None
    assert enumerators[:2] == (("PIDTYPE_PID", 0), ("PIDTYPE_TGID", 1))
    assert FACTS.enumerator("PIDTYPE_TGID") == 1
    assert FACTS.enumerator("BPF_MAP_TYPE_RINGBUF") == 27
    assert FACTS.enumerator("NO_SUCH_ENUMERATOR") is None
    function = FACTS.function("vfs_read")
    assert function is not None
    assert [name for name, _ in function.params] == ["file", "buf", "count", "pos"]
    assert FACTS.function("no_such_function") is None


def test_an_enumeration_among_parameters_knows_its_name_and_size() -> None:
    function = FACTS.function("hrtimer_start_range_ns")
    assert function is not None
    kind = function.params[-1][1]
    assert isinstance(kind, EnumRef)
    assert (kind.tag, kind.size) == ("hrtimer_mode", 4)


def test_features_that_files_tell() -> None:
    for name in ("kprobe", "uprobe"):
        assert FACTS.feature(name) == Path(f"/sys/bus/event_source/devices/{name}").is_dir()
    for name in ("fentry", "ia32", "schedstats", "write_user", "hardware_counters"):
        assert isinstance(FACTS.feature(name), bool)
    with pytest.raises(ValueError, match="no such kernel feature"):
        FACTS.feature("no_such_feature")


def test_a_variables_address_is_that_of_kallsyms() -> None:
    assert FACTS.symbol("no_such_variable") is None
    lines = Path("/proc/kallsyms").read_text().splitlines()
    addresses = {line.split()[2]: int(line.split()[0], 16) for line in lines}
    for name in ("jiffies", "init_task", "nr_cpu_ids", "runqueues", "cpu_info"):
        found = FACTS.symbol(name)
        assert found is None or found[0] == addresses[name]


def test_the_fingerprint_stays() -> None:
    assert kernel_fingerprint() == kernel_fingerprint()


def test_facts_survive_recording() -> None:
    recorder = Recorder(FACTS)
    asked = [
        recorder.struct("struct", "task_struct"),
        recorder.raw_tracepoint("sched_switch"),
        recorder.tracepoint("sched", "sched_switch"),
        recorder.function("vfs_read"),
        recorder.enumerators("pid_type"),
    ]
    recorded = RecordedFacts(recorder.to_json())
    assert recorded.struct("struct", "task_struct") == asked[0]
    assert recorded.raw_tracepoint("sched_switch") == asked[1]
    assert recorded.tracepoint("sched", "sched_switch") == asked[2]
    assert recorded.function("vfs_read") == asked[3]
    assert recorded.enumerators("pid_type") == asked[4]
