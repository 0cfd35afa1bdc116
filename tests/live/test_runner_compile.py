"""BCC in its child process: quiet, safe, and asked once."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from dtrans import attach
from dtrans.artifact import Artifact, Program, map_number
from dtrans.attach import RawTracepoint
from dtrans.errors import DtransError
from dtrans.run.kernel.bpf import (
    MAP_PERCPU_HASH,
    MAP_RINGBUF,
    PROG_RAW_TRACEPOINT,
    BpfMap,
    load_program,
    run_program,
)
from dtrans.run.kernel.host import HostFacts
from dtrans.run.programs import load
from dtrans.run.programs.compile import compile_object
from dtrans.run.programs.objects import Object

ROOT = Path(__file__).parents[2]
COUNTING = """
BPF_RINGBUF_OUTPUT(records, 64);
BPF_F_TABLE("percpu_hash", u32, u64, agg_0, 1024, BPF_F_NO_PREALLOC);
int prog_0(struct bpf_raw_tracepoint_args *ctx) {
    u32 key = ctx->args[1];
    u64 one = 1, *n = agg_0.lookup(&key);
    if (n)
        *n += 1;
    else
        agg_0.update(&key, &one);
    return 0;
}
int prog_1(struct bpf_perf_event_data *ctx) { return ctx->sample_period == 0; }
"""


def test_maps_and_programs_come_back_by_name() -> None:
    made = compile_object(COUNTING)
    maps = {spec.name: spec for spec in made.maps}
    assert (maps["agg_0"].type, maps["agg_0"].key_size, maps["agg_0"].value_size) == (MAP_PERCPU_HASH, 4, 8)
    assert (maps["agg_0"].max_entries, maps["agg_0"].flags) == (1024, 1)
    assert maps["records"].type == MAP_RINGBUF
    first, second = made.programs
    assert (first.name, {name for _, name in first.maps}) == ("prog_0", {"agg_0"})
    assert (second.name, second.maps) == ("prog_1", ())
    assert Object.from_plain(made.to_plain()) == made


def test_helpers_stay_those_that_the_text_names_and_no_mount_is_left() -> None:
    """BCC calls others where it does not find these among the kernel's functions, of which it is shown a few."""
    reads = "bpf_probe_read_kernel(&one, 8, ctx); bpf_probe_read_user(&two, 8, ctx);"
    text = f"int prog_0(void *ctx) {{ u64 one, two; {reads} return one + two; }}"
    code = compile_object(text).programs[0].code
    calls = [code[at + 4] for at in range(0, len(code), 8) if code[at] == 0x85]
    assert calls == [113, 112]  # BPF_FUNC_probe_read_kernel, BPF_FUNC_probe_read_user
    assert "kallsyms" not in Path("/proc/self/mounts").read_text()


def test_a_text_may_be_compiled_for_another_machine() -> None:
    text = """
    int prog_0(struct bpf_perf_event_data *ctx)
    {
        char sign = -1;
    #if defined(__x86_64__)
        return __builtin_offsetof(struct pt_regs, ip) << 8 | (sign < 0);
    #else
        return __builtin_offsetof(struct pt_regs, pc) << 8 | (sign < 0);
    #endif
    }
    """
    counter = {"x86_64": 128, "aarch64": 256}
    for machine, offset in counter.items():
        code = compile_object(text, machine).programs[0].code
        # The first instruction puts the result into r0.
        assert int.from_bytes(code[4:8], "little") == offset << 8 | 1
    assert compile_object(text) == compile_object(text, os.uname().machine)


CALLING = (
    (ROOT / "templates" / "c" / "subprogram.h").read_text()
    + f"#define COUNTS {map_number('counts')}ULL\n"
    + """
BPF_ARRAY(counts, u64, 4);
DT_SUBPROGRAM(unused, a, b, c, d) { return bpf_get_prandom_u32() + a; }
DT_SUBPROGRAM(twice, a, b, c, d) { return 2 * a; }
DT_SUBPROGRAM(thrice, a, b, c, d) { return DT_CALL(twice, a) + a; }
DT_SUBPROGRAM(count, at, by, c, d)
{
    u32 index = at;
    u64 *place = dt_lookup(DT_MAP(COUNTS), &index);

    return place ? *place += by : 0;
}
int prog_0(struct bpf_raw_tracepoint_args *ctx) {
    return DT_CALL(twice, ctx->args[0] + 10) + DT_CALL(thrice, ctx->args[1] + 100);
}
int prog_1(struct bpf_raw_tracepoint_args *ctx) { return DT_CALL(unused, 0); }
int prog_2(struct bpf_raw_tracepoint_args *ctx) { return DT_CALL(thrice, ctx->args[0] + 7); }
int prog_3(struct bpf_raw_tracepoint_args *ctx) {
    return DT_CALL(count, 2, 5) * 100 + DT_CALL(count, 2, 6) * 10 + DT_CALL(count, 9, 1);
}
"""
)


def test_functions_that_are_called_come_with_each_program_that_calls_them() -> None:
    made = compile_object(CALLING)
    programs = {program.name: program for program in made.programs}
    assert sorted(programs) == ["prog_0", "prog_1", "prog_2", "prog_3"]
    counts = BpfMap.create(next(spec for spec in made.maps if spec.name == "counts"))
    for name, functions, result in (("prog_0", 2, 320), ("prog_2", 2, 21), ("prog_3", 1, 610)):
        program = programs[name]
        assert len(program.functions) == functions
        code = program.linked({"counts": counts.fd}, {})
        descriptor = load_program(PROG_RAW_TRACEPOINT, code, name, functions=program.functions)
        assert run_program(descriptor) == result
        os.close(descriptor)
    counts.close()


def test_the_same_text_gives_the_same_object() -> None:
    assert compile_object(COUNTING) == compile_object(COUNTING)


def test_an_error_of_clang_is_one_line_and_nothing_reaches_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DtransError) as caught:
        compile_object("int prog_0(void *ctx) { return missing; }")
    diagnostic = caught.value.diagnostic
    assert diagnostic.tag == "D_INTERNAL"
    assert "use of undeclared identifier 'missing'" in diagnostic.message
    assert "\n" not in diagnostic.message
    assert "main.c" not in diagnostic.message
    assert "report" in diagnostic.hint
    assert capfd.readouterr() == ("", "")


def test_too_much_on_the_stack_is_told_of_the_probe_and_not_in_the_compilers_words() -> None:
    text = """
int prog_0(struct bpf_raw_tracepoint_args *ctx) {
    u64 words[80] = {};
    bpf_probe_read_kernel(words, sizeof(words), (void *)ctx->args[0]);
    return words[ctx->args[1] & 63];
}
"""
    program = Program("prog_0", RawTracepoint("sched_switch"))
    made = Artifact(text, (program,), {}, (), (), (), (), (), {}, 0)
    with pytest.raises(DtransError) as caught:
        load.compiled(made, HostFacts())
    diagnostic = caught.value.diagnostic
    assert diagnostic.tag == "D_NOREG"
    assert "sched_switch" in diagnostic.message
    assert "prog_0" not in diagnostic.message
    assert "main.c" not in diagnostic.message


def test_warnings_reach_nobody(capfd: pytest.CaptureFixture[str]) -> None:
    compile_object("int prog_0(void *ctx) { int unused; char *p = 5; return 0; }")
    assert capfd.readouterr() == ("", "")


def test_a_crash_of_the_compiler_is_an_error_and_no_end_of_the_session() -> None:
    with pytest.raises(DtransError) as caught:
        compile_object("int prog_0(void *ctx) { long x = bpf_ktime_get_ns(); return x / 3; }")
    assert caught.value.diagnostic.tag == "D_INTERNAL"
    assert "signed division" in caught.value.diagnostic.message


def test_bcc_is_not_imported_into_this_process() -> None:
    compile_object(COUNTING)
    assert "bcc" not in sys.modules


def test_a_second_start_compiles_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    done: list[str] = []

    def compile_and_count(text: str) -> Object:
        done.append(text)
        return compile_object(text)

    monkeypatch.setattr("dtrans.run.programs.compile.compile_object", compile_and_count)
    made = Artifact(COUNTING, (), {}, (), (), (), (), (), {}, 0)
    first = load.compiled(made, HostFacts())
    assert load.compiled(made, HostFacts()) == first
    assert len(done) == 1


@pytest.mark.parametrize(
    ("size", "cpus", "ring"),
    [
        ("1", 1, 256 << 10),
        ("256k", 1, 256 << 10),
        ("300k", 1, 512 << 10),
        ("1m", 2, 2 << 20),
        ("1m", 3, 4 << 20),
        ("4m", 256, 64 << 20),
        ("128m", 2, 128 << 20),
    ],
)
def test_the_records_ring_has_the_size_of_the_option_for_each_cpu(
    size: str, cpus: int, ring: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "online_cpus", lambda: tuple(range(cpus)))
    everywhere = Program("prog_0", RawTracepoint("sched_switch"))
    made = Artifact(COUNTING, (everywhere,), {}, (), (), (), (), (), {"bufsize": size}, 0)
    loaded = load.load(made, HostFacts())
    assert loaded.maps["records"].spec.max_entries == ring
    loaded.close()


def test_the_ring_of_programs_that_run_on_one_cpu_is_that_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "online_cpus", lambda: tuple(range(64)))
    once = Program("prog_0", attach.TestRun("BEGIN"))
    loaded = load.load(Artifact(COUNTING, (once,), {}, (), (), (), (), (), {"bufsize": "1m"}, 0), HostFacts())
    assert loaded.maps["records"].spec.max_entries == 1 << 20
    loaded.close()
