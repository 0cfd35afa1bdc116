"""What this machine can trace: one small trial of each thing that tracing needs, and how to get what is missing.

Nothing is concluded from a version number: a program is compiled, loaded, attached; a map is made.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Literal

from dtrans.errors import DtransError
from dtrans.run.kernel.bpf import (
    MAP_RINGBUF,
    PERF_TYPE_SOFTWARE,
    PERF_TYPE_TRACEPOINT,
    PROG_PERF_EVENT,
    PROG_RAW_TRACEPOINT,
    PROG_TRACEPOINT,
    BpfMap,
    MapSpec,
    VerifierError,
    attach_perf_event,
    load_program,
    online_cpus,
    open_perf_event,
    open_raw_tracepoint,
    run_program,
)
from dtrans.run.kernel.host import HostFacts, find_tracefs
from dtrans.run.kernel.privileges import check_privileges, lockdown_level, refused
from dtrans.run.programs.bcc import bcc_folder
from dtrans.run.programs.compile import compile_object
from dtrans.values import dataclass

#: needed: nothing is traced without it. wanted: some probes need it. extra: its lack is told only for completeness.
Weight = Literal["needed", "wanted", "extra"]

#: BPF: r0 = 0; exit.
_RETURN_0 = bytes.fromhex("b7000000000000009500000000000000")
_CPU_CLOCK = 0
_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that tracing needs. `detail` says what was found, `remedy` how to get it ("" when it is there)."""

    name: str
    weight: Weight
    serves: str
    good: bool
    detail: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class _Check:
    """`trial` returns a detail, and raises DtransError or OSError when the thing is not there."""

    name: str
    weight: Weight
    serves: str
    trial: Callable[[], str]
    remedy: str = ""


class Machine:
    """The running machine, as the checks ask it."""

    @cached_property
    def facts(self) -> HostFacts:
        return HostFacts()

    def findings(self) -> Iterator[Finding]:
        """Every check's finding, as it is made."""
        for check in self._checks():
            yield _tried(check)

    def _checks(self) -> tuple[_Check, ...]:
        return (*self._needed(), *self._wanted(), *self._extra())

    def _needed(self) -> tuple[_Check, ...]:
        return (
            _Check("privileges", "needed", "loading programs", _privileges),
            _Check("BCC", "needed", "compiling programs", _bcc),
            _Check("BTF", "needed", "offsets in structures", self._btf, _config("DEBUG_INFO_BTF")),
            _Check("tracefs", "needed", "tracepoints", find_tracefs),
            _Check("ring buffer", "needed", "records", _ring_buffer, "Linux 5.8 or later"),
            _Check("raw tracepoints", "needed", "most probes", _raw_tracepoint, _config("BPF_EVENTS")),
            _Check("test runs", "needed", "BEGIN and END", _test_run, "Linux 5.10 or later"),
        )

    def _wanted(self) -> tuple[_Check, ...]:
        unlocked = f"a boot without lockdown, which is now '{lockdown_level()}' (Secure Boot turns it on)"
        readable = "root, or sysctl kernel.kptr_restrict=0"
        return (
            _Check("system calls", "wanted", "their probes", self._system_calls, _config("FTRACE_SYSCALLS")),
            _Check("tracepoint fields", "wanted", "probes that read them", self._tracepoint, _config("BPF_EVENTS")),
            _Check("sampling clock", "wanted", "timed probes", _clock, "sysctl kernel.perf_event_paranoid=2"),
            _Check("kernel symbols", "wanted", "stack(), sym()", _symbols, readable),
            _Check("cpp", "wanted", "-C", lambda: _command("cpp"), "the package cpp"),
            _Check("schedstats", "wanted", "probes of waits", self._schedstats, _config("SCHEDSTATS")),
            _Check("writing to processes", "wanted", "copyout()", self._write_user, unlocked),
        )

    def _extra(self) -> tuple[_Check, ...]:
        rare = "a machine that has them; virtual ones often have none"
        return (
            _Check("hardware counters", "extra", "their probes", lambda: self._feature("hardware_counters"), rare),
            _Check("kprobes", "extra", "kernel functions", lambda: self._feature("kprobe"), _config("KPROBES")),
            _Check("fentry", "extra", "kernel functions", lambda: self._feature("fentry"), _config("DYNAMIC_FTRACE")),
            _Check("uprobes", "extra", "functions of programs", lambda: self._feature("uprobe"), _config("UPROBES")),
        )

    def _btf(self) -> str:
        if self.facts.struct("struct", "task_struct") is None:
            raise OSError(2, "no struct task_struct in /sys/kernel/btf/vmlinux")
        return "/sys/kernel/btf/vmlinux"

    def _system_calls(self) -> str:
        program = load_program(PROG_RAW_TRACEPOINT, _RETURN_0, "doctor")
        return _closing(program, open_raw_tracepoint("sys_enter", program))

    def _tracepoint(self) -> str:
        number = self.facts.tracepoint_id("sched", "sched_switch")
        if number is None:
            raise OSError(2, "there is no tracepoint sched:sched_switch")
        program = load_program(PROG_TRACEPOINT, _RETURN_0, "doctor")
        event = open_perf_event(PERF_TYPE_TRACEPOINT, number, 1, online_cpus()[0])
        attach_perf_event(event, program)
        return _closing(program, event, f"{len(self.facts.tracepoints())} of them")

    def _feature(self, name: str) -> str:
        if not self.facts.feature(name):
            raise OSError(95, "this kernel does not have it")
        return ""

    def _schedstats(self) -> str:
        return self._feature("schedstats")

    def _write_user(self) -> str:
        if not self.facts.feature("write_user"):
            raise OSError(1, "the kernel forbids it")
        return ""


def works(findings: list[Finding]) -> bool:
    """Whether all that is needed is there."""
    return all(finding.good for finding in findings if finding.weight == "needed")


def _config(name: str) -> str:
    return f"a kernel with CONFIG_{name}, as distributions build it"


def _tried(check: _Check) -> Finding:
    try:
        detail = check.trial()
    except DtransError as error:
        detail, remedy = error.diagnostic.message, error.diagnostic.hint or check.remedy
    except VerifierError as error:
        detail, remedy = error.line or os.strerror(error.errno), check.remedy
    except OSError as error:
        detail, remedy = error.strerror or "", check.remedy
    else:
        return Finding(check.name, check.weight, check.serves, good=True, detail=detail)
    return Finding(check.name, check.weight, check.serves, good=False, detail=detail, remedy=remedy)


def _privileges() -> str:
    check_privileges()
    return "root" if os.geteuid() == 0 else "by capabilities"


def _bcc() -> str:
    folder = bcc_folder()
    compile_object("int probe(void *ctx) { return 0; }\n")
    return folder


def _ring_buffer() -> str:
    try:
        BpfMap.create(MapSpec("doctor", MAP_RINGBUF, 0, 0, 4096)).close()
    except OSError as error:
        raise refused("create a ring buffer", error) from None
    return ""


def _raw_tracepoint() -> str:
    program = load_program(PROG_RAW_TRACEPOINT, _RETURN_0, "doctor")
    try:
        return _closing(program, open_raw_tracepoint("sched_switch", program))
    except OSError as error:
        raise refused("attach to the raw tracepoint sched_switch", error) from None


def _test_run() -> str:
    program = load_program(PROG_RAW_TRACEPOINT, _RETURN_0, "doctor")
    run_program(program, online_cpus()[0])
    return _closing(program)


def _clock() -> str:
    try:
        event = open_perf_event(PERF_TYPE_SOFTWARE, _CPU_CLOCK, _SECOND, online_cpus()[0])
    except OSError as error:
        raise refused("open the sampling clock", error) from None
    program = load_program(PROG_PERF_EVENT, _RETURN_0, "doctor")
    attach_perf_event(event, program)
    return _closing(event, program)


def _symbols() -> str:
    with Path("/proc/kallsyms").open() as lines:
        # The first ones are per-CPU data, whose offsets begin at 0.
        if not any(int(line.split()[0], 16) for line in lines):
            raise OSError(1, "/proc/kallsyms hides the addresses")
    return "/proc/kallsyms"


def _command(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise OSError(2, f"there is no command {name}")
    return found


def _closing(*things: int | str) -> str:
    """Closes descriptors, and passes a detail on."""
    for thing in things:
        if isinstance(thing, int):
            os.close(thing)
    return next((thing for thing in things if isinstance(thing, str)), "")
