"""Hand-written artifacts on the real kernel: what is counted, printed, ordered, and left behind."""

from __future__ import annotations

import io
import marshal
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dtrans.artifact import Aggregation, Artifact, Exit, Field, LateConstant, Layout, Printf, Probe, Program, Site
from dtrans.attach import PerfEvent, RawTracepoint, Tracepoint
from dtrans.attach import TestRun as Fired
from dtrans.errors import DtransError
from dtrans.kept import to_plain
from dtrans.run.kernel.bpf import map_ids, program_ids
from dtrans.run.session import Settings, run

ROOT = Path(__file__).resolve().parents[2]
LOADS = f"{sys.executable} {ROOT / 'tests' / 'loads.py'}"
GETPPID = {"x86_64": 110, "aarch64": 173}[os.uname().machine]

#: Assembly keeps the compiler from reasoning with the number: a shifted value, say, is never as great as it.
RECORDS = """
#define LATE ({ u64 late; asm volatile("%0 = 0x7A11C0DE7A11C0DE ll" : "=r"(late)); late; })
#define GETPPID %d
#define IS_TARGET ((bpf_get_current_pid_tgid() >> 32) == LATE)
BPF_RINGBUF_OUTPUT(records, 64);
BPF_PERCPU_ARRAY(drops, u64, 4);
struct record { u16 site; u16 cpu; u32 probe; u64 value; };
static __always_inline void emit(u16 site, u32 probe, u64 value) {
    struct record *r = records.ringbuf_reserve(sizeof(*r));
    if (!r) {
        int zero = 0;
        u64 *n = drops.lookup(&zero);
        if (n)
            *n += 1;
        return;
    }
    r->site = site;
    r->cpu = bpf_get_smp_processor_id();
    r->probe = probe;
    r->value = value;
    records.ringbuf_submit(r, BPF_RB_NO_WAKEUP);
}
""".replace("%d", str(GETPPID))
TARGET = LateConstant(0x7A11C0DE7A11C0DE, "target")
VALUE = Field("uint", 8, 8)
BEGIN, END = Program("prog_begin", Fired("BEGIN")), Program("prog_end", Fired("END"))


def artifact(
    c_text: str,
    programs: tuple[Program, ...],
    formats: tuple[str, ...] = ("%d\n",),
    *,
    late: tuple[LateConstant, ...] = (),
    layouts: tuple[Layout, ...] = (),
    aggregations: tuple[Aggregation, ...] = (),
    options: dict[str, str] | None = None,
) -> Artifact:
    """Sites print their `value` by a format each; a format "exit" calls exit(value)."""
    sites = tuple(
        Site(number + 1, 16, (Exit(Field("int", 8, 8)),) if text == "exit" else (Printf(text, (VALUE,)),))
        for number, text in enumerate(formats)
    )
    return Artifact(
        c_text=c_text,
        programs=programs,
        probes={1: Probe(1, "test", "", "", "probe")},
        sites=sites,
        aggregations=aggregations,
        strings=(),
        layouts=layouts,
        late=late,
        options={"quiet": "1", **(options or {})},
        matched=len(programs),
    )


def output_of(made: Artifact, *commands: str, status: int = 0) -> str:
    out = io.BytesIO()
    assert run(made, Settings(commands=commands), out) == status
    return out.getvalue().decode()


COUNT_BY_COMM = artifact(
    RECORDS
    + """
struct key { char comm[16]; };
BPF_TABLE("percpu_hash", struct key, u64, agg_0, 1024);
int prog_0(struct bpf_raw_tracepoint_args *ctx) {
    if (ctx->args[1] != GETPPID || !IS_TARGET)
        return 0;
    struct key key = {};
    bpf_get_current_comm(&key.comm, sizeof(key.comm));
    u64 one = 1, *n = agg_0.lookup(&key);
    if (n)
        *n += 1;
    else
        agg_0.update(&key, &one);
    return 0;
}
""",
    (Program("prog_0", RawTracepoint("sys_enter")),),
    late=(TARGET,),
    aggregations=(Aggregation("", "count", (Field("str", 0, 16),), 16, 8),),
)


def test_system_calls_of_a_command_are_counted_exactly_by_name() -> None:
    text = output_of(COUNT_BY_COMM, f"{LOADS} getppid 1234")
    assert text.split() == ["dtransload", "1234"]


ORDERED = artifact(
    RECORDS
    + """
BPF_ARRAY(counter, u64, 1);
int prog_begin(void *ctx) { emit(1, 1, 1); return 0; }
int prog_end(void *ctx) { emit(2, 1, 2); return 0; }
int prog_0(struct bpf_raw_tracepoint_args *ctx) {
    int zero = 0;
    u64 *n = counter.lookup(&zero);
    if (!n || ctx->args[1] != GETPPID || !IS_TARGET)
        return 0;
    emit(0, 1, *n);
    *n += 1;
    return 0;
}
""",
    (BEGIN, Program("prog_0", RawTracepoint("sys_enter")), END),
    ("%d\n", "begin %d\n", "end %d\n"),
    late=(TARGET,),
)


def test_every_record_of_a_command_is_printed_in_order_between_begin_and_end() -> None:
    lines = output_of(ORDERED, f"{LOADS} getppid 50000").splitlines()
    assert lines == ["begin 1", *map(str, range(50000)), "end 2", ""]


def test_exit_in_begin_stops_before_any_other_probe_fires() -> None:
    made = artifact(
        RECORDS
        + """
BPF_ARRAY(switches, u64, 1);
int prog_begin(void *ctx) {
    int zero = 0;
    u64 *stopped = switches.lookup(&zero);
    if (stopped)
        *stopped = 1;
    emit(1, 1, 7);
    emit(0, 1, 1);
    return 0;
}
int prog_end(void *ctx) { emit(0, 1, 2); return 0; }
int prog_0(void *ctx) { emit(0, 1, 3); return 0; }
""",
        (BEGIN, Program("prog_0", RawTracepoint("sys_enter")), END),
        ("%d\n", "exit"),
    )
    assert output_of(made, status=7).split() == ["1", "2"]


def test_begin_runs_as_the_tracer_itself() -> None:
    made = artifact(
        RECORDS
        + """
int prog_begin(void *ctx) {
    emit(0, 1, bpf_get_current_pid_tgid() >> 32);
    emit(0, 1, LATE);
    emit(1, 1, 0);
    return 0;
}
""",
        (BEGIN,),
        ("%d\n", "exit"),
        late=(LateConstant(TARGET.magic, "pid"),),
    )
    assert output_of(made).split() == [str(os.getpid())] * 2


def test_the_wall_clock_is_the_monotonic_clock_and_a_late_constant() -> None:
    made = artifact(
        RECORDS + "int prog_begin(void *ctx) { emit(0, 1, bpf_ktime_get_ns() + LATE); emit(1, 1, 0); return 0; }",
        (BEGIN,),
        ("%d\n", "exit"),
        late=(LateConstant(TARGET.magic, "wall"),),
    )
    before = time.time_ns()
    told = int(output_of(made))
    assert before - 1_000_000 <= told <= time.time_ns() + 1_000_000


def test_members_are_read_at_the_running_kernels_offsets() -> None:
    made = artifact(
        RECORDS
        + """
int prog_begin(void *ctx) {
    u32 tgid = 0;
    bpf_probe_read_kernel(&tgid, 4, (void *)bpf_get_current_task() + TASK_TGID);
    emit(0, 1, tgid);
    emit(1, 1, 0);
    return 0;
}
""",
        (BEGIN,),
        ("%d\n", "exit"),
        layouts=(Layout("TASK_TGID", "offset", "struct task_struct", "tgid"),),
    )
    assert output_of(made).split() == [str(os.getpid())]


def test_the_cpu_clock_fires_on_each_cpu_at_its_rate() -> None:
    made = artifact(
        RECORDS + "int prog_0(struct bpf_perf_event_data *ctx) { emit(0, 1, bpf_get_smp_processor_id()); return 0; }",
        (Program("prog_0", PerfEvent(1, 0, 10_000_000, all_cpus=True)),),
    )
    cpus = sorted(os.sched_getaffinity(0))
    # A CPU that sleeps may miss its clock: each is kept busy.
    busy = "; ".join(f"taskset -c {cpu} timeout 0.5 sh -c 'while :; do :; done' &" for cpu in cpus)
    command = shlex.join(["sh", "-c", busy.replace("&;", "&") + " wait"])
    started = time.monotonic()
    seen = [int(word) for word in output_of(made, command).split()]
    most = (time.monotonic() - started) * 100 + 1
    assert sorted(set(seen)) == cpus
    for cpu in cpus:
        assert 5 <= seen.count(cpu) <= most  # A machine that stands still loses some.


def test_page_faults_of_a_command_are_seen() -> None:
    made = artifact(
        RECORDS + "int prog_0(struct bpf_perf_event_data *ctx) { if (IS_TARGET) emit(0, 1, ctx->addr); return 0; }",
        (Program("prog_0", PerfEvent(1, 2, 1, all_cpus=True)),),
        late=(TARGET,),
    )
    assert len(output_of(made, f"{LOADS} fault 300").split()) >= 300


def test_a_tracepoint_with_its_fields_by_the_format_file() -> None:
    made = artifact(
        RECORDS + "int prog_0(void *ctx) { if (IS_TARGET) emit(0, 1, *(u32 *)(ctx + NR)); return 0; }",
        (Program("prog_0", Tracepoint("raw_syscalls", "sys_enter")),),
        late=(TARGET,),
        layouts=(Layout("NR", "field", "raw_syscalls:sys_enter", "id"),),
    )
    assert output_of(made, f"{LOADS} getppid 321").split().count(str(GETPPID)) == 321


def _held_by(pid: int) -> tuple[set[int], set[int]]:
    """The ids of the programs and maps that a process has open."""
    found: dict[str, set[int]] = {"prog_id": set(), "map_id": set()}
    for each in Path(f"/proc/{pid}/fdinfo").iterdir():
        for line in each.read_text().splitlines():
            word, _, number = line.partition(":")
            if word in found:
                found[word].add(int(number))
    return found["prog_id"], found["map_id"]


def _wait_until_gone(programs: set[int], maps: set[int]) -> None:
    """The kernel frees them a moment after their last descriptor is closed."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and (programs & program_ids() or maps & map_ids()):
        time.sleep(0.02)
    assert not programs & program_ids()
    assert not maps & map_ids()


def test_nothing_is_left_in_the_kernel_after_a_session() -> None:
    process = _session_process(ORDERED, "sleep 0.3")
    assert _first_line(process) == b"begin 1\n"
    programs, maps = _held_by(process.pid)
    assert len(programs) == 3
    assert maps
    process.communicate()
    _wait_until_gone(programs, maps)


def test_a_session_closes_all_that_it_opened() -> None:
    before = sorted(path.name for path in Path("/proc/self/fd").iterdir())
    output_of(ORDERED, "true")
    assert sorted(path.name for path in Path("/proc/self/fd").iterdir()) == before


def _session_process(made: Artifact, *commands: str) -> subprocess.Popen[bytes]:
    program = (
        "import marshal, sys\n"
        "from dtrans.kept import from_plain\n"
        "from dtrans.run.session import Settings, run\n"
        "sys.exit(run(from_plain(marshal.loads(bytes.fromhex(sys.argv[1]))), Settings(commands=tuple(sys.argv[2:]))))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", program, marshal.dumps(to_plain(made)).hex(), *commands],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )


def _first_line(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()


def test_nothing_is_left_in_the_kernel_after_kill_9_and_the_command_dies_too() -> None:
    process = _session_process(ORDERED, "sleep 1000")
    assert _first_line(process) == b"begin 1\n"
    programs, maps = _held_by(process.pid)
    assert len(programs) == 3
    child = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text())
    process.kill()
    process.communicate()
    _wait_until_gone(programs, maps)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and Path(f"/proc/{child}").exists():
        time.sleep(0.02)
    assert not Path(f"/proc/{child}").exists()


def test_ctrl_c_fires_end_prints_the_rest_and_ends_the_command() -> None:
    process = _session_process(ORDERED, "sleep 1000")
    assert _first_line(process) == b"begin 1\n"
    child = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text())
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, b"\nend 2\n\n", b"")
    assert not Path(f"/proc/{child}").exists()


def test_a_closed_output_ends_the_session_without_a_word() -> None:
    process = _session_process(ORDERED, f"{LOADS} getppid 200000")
    assert _first_line(process) == b"begin 1\n"
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    _, told = process.communicate(timeout=20)
    assert (process.returncode, told) == (0, b"")


def test_printed_and_dropped_records_are_all_that_fired(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    # 200 records of 4 KiB into a ring of 256 KiB, before the reader looks for the first time.
    made = artifact(
        RECORDS.replace("u64 value;", "u64 value; char rest[4080];")
        + """
int prog_begin(void *ctx) {
    for (int i = 0; i < 200; i++)
        emit(0, 1, i);
    return 0;
}
""",
        (BEGIN,),
        options={"bufsize": "256k"},
    )
    printed = [int(word) for word in output_of(made, "true").split()]
    words = capfdbinary.readouterr().err.split()
    assert printed == [*range(len(printed))]
    assert words[:1] + words[2:3] == [b"dtrace:", b"drops"]
    assert 0 < len(printed) < 200
    assert len(printed) + int(words[1]) == 200


def test_a_command_that_does_not_exist_is_told() -> None:
    with pytest.raises(DtransError, match="failed to execute /no/such/command: No such file or directory"):
        output_of(ORDERED, "/no/such/command")


def test_a_process_that_does_not_exist_is_told() -> None:
    with pytest.raises(DtransError, match="failed to grab pid 4194304: no such process"):
        run(ORDERED, Settings(pids=(4194304,)), io.BytesIO())


def test_tracing_a_process_ends_with_it() -> None:
    with subprocess.Popen(["sleep", "0.3"]) as process:
        out = io.BytesIO()
        assert run(ORDERED, Settings(pids=(process.pid,)), out) == 0
    assert out.getvalue() == b"begin 1\nend 2\n\n"


def test_the_end_of_a_command_is_told_unless_quiet(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    made = artifact(RECORDS + "int prog_end(void *ctx) { return 0; }", (END,), options={"quiet": ""})
    for command, ending in (
        ("true", b"has exited"),
        ("sh -c 'exit 3'", b"exited with status 3"),
        ("sh -c 'kill -9 $$'", b"terminated by SIGKILL"),
    ):
        output_of(made, command)
        assert capfdbinary.readouterr().err.rstrip().endswith(ending)


def test_a_refused_program_is_one_error_with_the_verifiers_line() -> None:
    made = artifact(
        RECORDS + "int prog_begin(void *ctx) { u64 *p = LATE; return *p; }",
        (BEGIN,),
    )
    with pytest.raises(DtransError, match=r"refused the program for the probe BEGIN: .*invalid mem access") as caught:
        output_of(made, "true")
    assert caught.value.diagnostic.tag == "D_INTERNAL"
    assert "\n" not in caught.value.diagnostic.message


def test_a_missing_tracepoint_is_named() -> None:
    missing = Program("prog_0", RawTracepoint("no_such_event"))
    made = artifact(RECORDS + "int prog_0(void *ctx) { return 0; }", (missing,))
    with pytest.raises(DtransError, match="no raw tracepoint 'no_such_event'"):
        output_of(made)


def test_output_goes_to_the_end_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("before\n")
    assert run(ORDERED, Settings(commands=("true",), output=str(path)), io.BytesIO()) == 0
    assert path.read_text() == "before\nbegin 1\nend 2\n\n"


def test_output_that_cannot_be_written_is_one_error() -> None:
    with pytest.raises(DtransError, match="cannot write the output: No space left on device") as caught:
        run(ORDERED, Settings(commands=("true",), output="/dev/full"), io.BytesIO())
    assert caught.value.diagnostic.tag == "D_OUTPUT"


def test_a_file_that_cannot_be_opened_is_told() -> None:
    with pytest.raises(DtransError, match="failed to open output file '/absent/file': No such file or directory"):
        run(ORDERED, Settings(commands=("true",), output="/absent/file"), io.BytesIO())


def test_the_ring_policy_keeps_the_newest_records_and_fill_the_oldest() -> None:
    text = (
        RECORDS
        + """
int prog_begin(void *ctx) {
    for (int i = 0; i < 100; i++)
        emit(0, 1, i);
    return 0;
}
int prog_end(void *ctx) { emit(0, 1, 5000); return 0; }
"""
    )
    newest = artifact(text, (BEGIN, END), options={"bufpolicy": "ring", "bufsize": "160"})
    assert output_of(newest, "true").split() == [*map(str, range(91, 100)), "5000"]
    oldest = artifact(text, (BEGIN, END), options={"bufpolicy": "fill", "bufsize": "160"})
    assert output_of(oldest, "true").split()[:10] == [*map(str, range(10))]
