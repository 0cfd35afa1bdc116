"""dtrans beside bpftrace and hand-written BCC programs, measured in one run: ratios, not claims.

What is measured, how, and what the figures do not say: bench/README.md.

    python bench/bench.py [--rounds N] [--only start,programs,firing,events,paced,keys,attach]
"""

from __future__ import annotations

import argparse
import ctypes
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from dtrans.run.kernel.bpf import bpf_call
from dtrans.run.programs.stub import write_stub

HERE = Path(__file__).resolve().parent
LOOP = HERE / "build" / "loop"
CALLS = 1_000_000
PRINTED_CALLS = 50_000
#: Nanoseconds between two calls, ever faster; 0 is as fast as the loop goes.
GAPS = (20_000, 5_000, 2_500, 1_000, 600, 0)
#: Lines at a million a second, and keys of an aggregation.
PACED_CALLS, PACED_GAP, KEYS = 2_000_000, 1_000, 200_000
READY_TIMEOUT = 30.0
#: What a tracer of many keys may take to print them, in seconds.
END_TIMEOUT = 300.0
ENABLE_STATS, RUN_TIME = 32, 0
#: What takes longer than this is not measured again: it would not fit into a coffee break.
LONG_MS = 5_000.0
#: Rounds of the slowest part.
EVENT_ROUNDS = 3
LINE = re.compile(r"(?m)^\d+ loop$")

#: D, and what says the same to bpftrace. NUMBER is that of getppid(2).
TEXTS = {
    "start": ("BEGIN { exit(0); }", "BEGIN { exit(); }"),
    "count": (
        "syscall::getppid:entry { @[execname] = count(); }",
        "tracepoint:syscalls:sys_enter_getppid { @[comm] = count(); }",
    ),
    "quantize": (
        "syscall::getppid:entry { @ = quantize(arg0); }",
        "tracepoint:raw_syscalls:sys_enter /args->id == NUMBER/ { @ = hist(args->args[0]); }",
    ),
    "printf": (
        r'syscall::getppid:entry { printf("%d %s\n", pid, execname); }',
        r'tracepoint:syscalls:sys_enter_getppid { printf("%d %s\n", pid, comm); }',
    ),
    "keys": (
        "syscall::getppid:entry { @[n++] = count(); }",
        "tracepoint:raw_syscalls:sys_enter /args->id == NUMBER/ { @[@n] = count(); @n = @n + 1; }",
    ),
    "attach": (
        "syscall:::entry { @ = count(); } BEGIN { exit(0); }",
        "tracepoint:syscalls:sys_enter_* { @ = count(); } BEGIN { exit(); }",
    ),
    "attach-raw": ("", "tracepoint:raw_syscalls:sys_enter { @ = count(); } BEGIN { exit(); }"),
}


class EnableStats(ctypes.Structure):
    """The argument of BPF_ENABLE_STATS."""

    _fields_ = [("type", ctypes.c_uint32)]


@dataclass
class Bench:
    """The tools at hand and the samples taken: measure -> tool -> values."""

    tools: dict[str, Callable[[str, bool], list[str] | None]]
    environment: dict[str, str]
    cpu: str
    samples: dict[str, dict[str, list[float]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    remarks: list[str] = field(default_factory=list)

    def add(self, measure: str, tool: str, value: float) -> None:
        self.samples[measure][tool].append(value)

    def remark(self, text: str) -> None:
        if text not in self.remarks:
            self.remarks.append(text)


# --- one measurement each --------------------------------------------------------------------------------------------


def run_whole(bench: Bench, measure: str, kind: str, label: str = "") -> None:
    """Wall and processor time of a program that ends by itself: from the shell's start to the shell's prompt."""
    for tool, command in bench.tools.items():
        name = f"{measure}: wall, ms"
        if not (line := command(kind, False)) or max(bench.samples[name][tool + label], default=0) > LONG_MS:
            continue
        began = time.perf_counter()
        process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=bench.environment)
        assert process.stderr is not None
        said = process.stderr.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            bench.remark(f"{tool} {kind} failed: {_first_error(said)}")
            continue
        bench.add(name, tool + label, wall * 1e3)
        bench.add(f"{measure}: processor, ms", tool + label, (usage.ru_utime + usage.ru_stime) * 1e3)


class Tracer:
    """A running tracer that has said "ready". Its output goes to a file in memory."""

    def __init__(self, line: Sequence[str], environment: dict[str, str]) -> None:
        memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
        self._out = tempfile.TemporaryFile(dir=memory)  # noqa: SIM115 -- closed by stop()
        self._err = tempfile.TemporaryFile(dir=memory)  # noqa: SIM115
        self._process = subprocess.Popen(line, stdout=self._out, stderr=self._err, env=environment)
        try:
            self._wait(lambda: b"ready" in self._read(self._out))
        except TimeoutError:
            self._process.kill()
            self._process.wait()
            raise
        # Some tracers run BEGIN before the last probe is in place.
        time.sleep(0.5)

    def _wait(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + READY_TIMEOUT
        while not condition():
            if self._process.poll() is not None or time.monotonic() > end:
                raise TimeoutError(self._read(self._err).decode(errors="replace").strip() or "not ready in time")
            time.sleep(0.02)

    @staticmethod
    def _read(file: object) -> bytes:
        number = file.fileno()  # type: ignore[attr-defined]
        return os.pread(number, os.fstat(number).st_size, 0)

    def program_times(self) -> dict[int, tuple[int, int]]:
        """The tracer's BPF programs by id: nanoseconds that they ran for, and how often."""
        found = {}
        for info in Path(f"/proc/{self._process.pid}/fdinfo").iterdir():
            told = dict(re.findall(r"(?m)^(prog_id|run_time_ns|run_cnt):\s+(\d+)$", info.read_text()))
            if len(told) == 3:
                found[int(told["prog_id"])] = int(told["run_time_ns"]), int(told["run_cnt"])
        return found

    def processor(self) -> float:
        """Seconds of processor time so far."""
        words = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> tuple[str, str]:
        """Ctrl-C, and what it printed on its two outputs."""
        before = self.processor()
        self._process.send_signal(signal.SIGINT)
        end = time.monotonic() + END_TIMEOUT
        ended = 0
        while not ended:
            ended, status, usage = os.wait4(self._process.pid, os.WNOHANG)
            if not ended and time.monotonic() > end:
                self._process.kill()
            time.sleep(0.005)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        #: Seconds of processor time that it took to end.
        self.ended_in = usage.ru_utime + usage.ru_stime - before
        texts = tuple(self._read(file).decode(errors="replace") for file in (self._out, self._err))
        self._out.close()
        self._err.close()
        return texts[0], texts[1]


def loop(bench: Bench, calls: int, gap: int = 0) -> float:
    """Nanoseconds of one call in the loop."""
    return float(subprocess.check_output([LOOP, bench.cpu, str(calls), str(gap)]))


def run_firing(bench: Bench, kind: str, calls: int) -> None:
    """Nanoseconds that a firing adds to the call, against the untraced loop just before. Counts are checked."""
    for tool, command in bench.tools.items():
        line = command(kind, True)
        assert line is not None
        untraced = loop(bench, calls)
        bench.add("untraced call, ns", "loop", untraced)
        try:
            tracer = Tracer(line, bench.environment)
        except TimeoutError as error:
            bench.remark(f"{tool} {kind} failed: {_first_error(str(error))}")
            continue
        traced = loop(bench, calls)
        out, _ = tracer.stop()
        # Other processes call getppid too, now and then; a missed call is what must not go unseen.
        if kind != "printf" and not calls <= (counted := _counted(out)) <= calls * 1.001:
            bench.remark(f"{tool} {kind}: counted {counted} of {calls} calls; sample left out")
            continue
        if kind == "printf" and (lines := len(LINE.findall(out))) != calls:
            bench.remark(f"{tool} printf: only {lines} of {calls} lines were printed; sample left out")
            continue
        bench.add(f"{kind}: added to a call, ns", tool, traced - untraced)


def run_programs(bench: Bench, kind: str) -> None:
    """Nanoseconds that the kernel counts for one run of a tool's program: what else the machine does is not in them."""
    for tool, command in bench.tools.items():
        line = command(kind, True)
        assert line is not None
        try:
            tracer = Tracer(line, bench.environment)
        except TimeoutError as error:
            bench.remark(f"{tool} {kind} failed: {_first_error(str(error))}")
            continue
        with statistics():
            before = tracer.program_times()
            loop(bench, PRINTED_CALLS)
            after = tracer.program_times()
        tracer.stop()
        for number, (spent, runs) in after.items():
            done = runs - before.get(number, (0, 0))[1]
            if done >= PRINTED_CALLS:
                bench.add(f"{kind}: one run, ns", tool, (spent - before.get(number, (0, 0))[0]) / done)


@contextmanager
def statistics() -> Iterator[None]:
    """The kernel's account of BPF programs' runs, which itself takes some twenty nanoseconds of each. It is kept while
    the descriptor is open (include/uapi/linux/bpf.h, BPF_ENABLE_STATS)."""
    enabled = bpf_call(ENABLE_STATS, EnableStats(RUN_TIME))
    try:
        yield
    finally:
        os.close(enabled)


def _first_error(said: str) -> str:
    """The line of a tool's complaint that says most: the first with the word, or else the last."""
    lines = said.strip().splitlines() or ["no word of why"]
    return next((line for line in lines if "error" in line.lower()), lines[-1])


def _counted(out: str) -> int:
    """The firings that an aggregation shows: the count of `loop`, or the sum of the counts of a distribution."""
    if found := re.search(r"(?m)^(?:@\[)?\s*loop\]?:?\s+(\d+)\s*$", out):
        return int(found[1])
    if found := re.search(r"(?m)^total (\d+)$", out):
        return int(found[1])
    return sum(
        int(count)
        for count in re.findall(r"(?m)\|[@ ]*\|?\s*(\d+)\s*$|[\])]\s+(\d+)\s+\|", out)
        for count in count
        if count
    )


def run_events(bench: Bench) -> None:
    """Printed lines a second, as the calls come ever faster: the fastest pace at which every call was printed."""
    for tool, command in bench.tools.items():
        line = command("printf", True)
        assert line is not None
        best = 0.0
        for gap in GAPS:
            calls = min(PRINTED_CALLS * 10, max(5_000, 500_000_000 // max(gap, 1_000)))
            try:
                tracer = Tracer(line, bench.environment)
            except TimeoutError as error:
                bench.remark(f"{tool} printf failed: {_first_error(str(error))}")
                break
            pace = 1e9 / loop(bench, calls, gap)
            time.sleep(0.3)
            out, _ = tracer.stop()
            if len(LINE.findall(out)) != calls:
                break
            best = max(best, pace)
        if best:
            bench.add("printed lines a second, none lost", tool, best)


def run_paced(bench: Bench) -> None:
    """A million lines a second: how many of a hundred are lost, and what a line costs the tracer. Buffers of 16 MB for
    each CPU, and of the hand-written program 16 in all."""
    for tool, command in bench.tools.items():
        line = command("printf", True)
        assert line is not None
        if tool == "dtrans":
            line += ["-x", "bufsize=16m"]
        try:
            tracer = Tracer(line, bench.environment | {"BPFTRACE_PERF_RB_PAGES": "4096", "PAGES": "4096"})
        except TimeoutError as error:
            bench.remark(f"{tool} printf failed: {_first_error(str(error))}")
            continue
        before = tracer.processor()
        pace = 1e6 / loop(bench, PACED_CALLS, PACED_GAP)
        time.sleep(0.5)
        took = tracer.processor() - before
        lines = len(LINE.findall(tracer.stop()[0]))
        bench.add("a million lines a second: pace reached, thousands", tool, pace)
        bench.add("a million lines a second: lost of a hundred", tool, 100 - 100 * lines / PACED_CALLS)
        bench.add("a million lines a second: tracer, ns of a line", tool, took * 1e9 / max(lines, 1))


def run_keys(bench: Bench) -> None:
    """What it takes to print an aggregation of many keys, from Ctrl-C to the end."""
    for tool, command in bench.tools.items():
        line = command("keys", True)
        if line is None:
            continue
        if tool == "dtrans":
            line += ["-x", "aggsize=512m"]
        try:
            tracer = Tracer(line, bench.environment | {"BPFTRACE_MAP_KEYS_MAX": str(2 * KEYS)})
        except TimeoutError as error:
            bench.remark(f"{tool} keys failed: {_first_error(str(error))}")
            continue
        loop(bench, KEYS)
        out, _ = tracer.stop()
        if out.count("\n") < KEYS:
            bench.remark(f"{tool}: only {out.count(chr(10))} of {KEYS} keys were printed; sample left out")
            continue
        bench.add(f"{KEYS:,} keys printed: processor, ms", tool, tracer.ended_in * 1e3)


# --- tools and surroundings ------------------------------------------------------------------------------------------


def find_tools(number: str) -> dict[str, Callable[[str, bool], list[str] | None]]:
    """Each tool: (kind, whether to say "ready" and stay) -> command line, None when the tool has no such kind."""
    beside = Path(sys.executable).with_name("dtrans")
    start = "import sys; sys.argv[0] = 'dtrans'; from dtrans.cli.main import main; sys.exit(main())"
    dtrans = [str(beside)] if beside.exists() else [sys.executable, "-c", start]

    def d(kind: str, stays: bool) -> list[str] | None:
        text = TEXTS[kind][0]
        ready = r'BEGIN { printf("ready\n"); } ' if stays else ""
        return [*dtrans, "run", "-q", "-n", ready + text] if text else None

    def bpftrace(kind: str, stays: bool) -> list[str]:
        ready = r'BEGIN { printf("ready\n"); } ' if stays else ""
        return ["bpftrace", "-q", "-e", ready + TEXTS[kind][1].replace("NUMBER", number)]

    def bcc(kind: str, _stays: bool) -> list[str] | None:
        program = HERE / "handwritten" / f"{kind}.py"
        return [sys.executable, str(program), number] if program.exists() else None

    tools: dict[str, Callable[[str, bool], list[str] | None]] = {"dtrans": d}
    if shutil.which("bpftrace"):
        tools["bpftrace"] = bpftrace
    tools["BCC by hand"] = bcc
    return tools


def environment() -> dict[str, str]:
    """For all tools alike: the distribution's bcc, and the headers that dtrans itself compiles against."""
    packages = next(Path("/usr/lib").glob("python3*/*-packages/bcc"), None)
    # Python is to keep what it compiles, as it does where dtrans is installed: else every start compiles dtrans itself.
    made = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    if packages is not None:
        # Only bcc, so that the rest of the distribution's modules do not get into the way of the environment's.
        link = HERE / "build" / "site" / "bcc"
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.exists():
            link.symlink_to(packages)
        made["PYTHONPATH"] = f"{link.parent}:{HERE.parent}"
    headers = HERE / "build" / "headers"
    write_stub(headers, platform.machine())
    made["BCC_KERNEL_SOURCE"] = str(headers)
    return made


def other_tracers() -> list[str]:
    """Who else has BPF programs loaded: each slows the traced calls too, and so makes the ratios useless."""
    found = set()
    for info in Path("/proc").glob("[0-9]*/fdinfo/*"):
        try:
            if "prog_type:" in info.read_text():
                found.add(f"{(info.parents[1] / 'comm').read_text().strip()} (process {info.parents[1].name})")
        except OSError:
            continue
    return sorted(found)


def build_loop() -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        sys.exit("bench: no C compiler (cc): the loop must cost no more than a system call, so Python cannot stand in")
    LOOP.parent.mkdir(exist_ok=True)
    subprocess.run([compiler, "-O2", "-o", LOOP, HERE / "loop.c"], check=True)


# --- the table -------------------------------------------------------------------------------------------------------


def report(bench: Bench) -> None:
    """For each measure the medians, and how many times dtrans's each other tool's is."""
    print(f"\n{'measure':50} {'tool':22} {'median':>12} {'spread':>19} {'to dtrans':>10}")
    for measure, tools in bench.samples.items():
        taken = {tool: values for tool, values in tools.items() if values}
        own = median(taken["dtrans"]) if "dtrans" in taken else None
        for tool, values in taken.items():
            middle = median(values)
            spread = f"{min(values):,.0f} - {max(values):,.0f}"
            ratio = f"x {middle / own:.2f}" if own and tool != "dtrans" and middle else ""
            print(f"{measure:50} {tool:22} {middle:12,.1f} {spread:>19} {ratio:>10}")
    if bench.remarks:
        print("\nremarks")
        for remark in bench.remarks:
            print(f"  {remark}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="start,programs,firing,events,paced,keys,attach", metavar="PARTS")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("bench: tracing needs root")

    build_loop()
    number = subprocess.check_output([LOOP, "number"], text=True).strip()
    cpu = str(max(os.sched_getaffinity(0)))
    bench = Bench(find_tools(number), environment(), cpu)
    for tracer in other_tracers():
        bench.remark(f"another tracer was loaded at the start: {tracer}: take these ratios with care")
    if "bpftrace" not in bench.tools:
        bench.remark("bpftrace is not installed")
    run(bench, set(options.only.split(",")), options.rounds)
    for tracer in other_tracers():
        bench.remark(f"another tracer was loaded at the end: {tracer}: take these ratios with care")
    report(bench)


def run(bench: Bench, parts: set[str], rounds: int) -> None:
    """Every round takes one sample of everything, so that what else the machine does meets all tools alike."""
    for number in range(rounds + 1):
        if number == 0:
            print("warming up (first starts fill caches; not counted)", file=sys.stderr)
            run_whole(bench, "warm-up", "start")
            bench.samples.clear()
            continue
        print(f"round {number} of {rounds}", file=sys.stderr)
        if "start" in parts:
            run_whole(bench, "start to end of BEGIN", "start")
        if "programs" in parts:
            for kind in ("count", "quantize", "printf"):
                run_programs(bench, kind)
        if "firing" in parts:
            run_firing(bench, "count", CALLS)
            run_firing(bench, "quantize", CALLS)
            run_firing(bench, "printf", PRINTED_CALLS)
        if "attach" in parts:
            run_whole(bench, "all system calls, attached and gone", "attach")
            run_whole(bench, "all system calls, attached and gone", "attach-raw", " (raw)")
        if "events" in parts and number <= EVENT_ROUNDS:
            run_events(bench)
        if "paced" in parts:
            run_paced(bench)
        if "keys" in parts and number <= EVENT_ROUNDS:
            run_keys(bench)


if __name__ == "__main__":
    main()
