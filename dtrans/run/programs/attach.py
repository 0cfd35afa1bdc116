"""Where programs attach: for each kind of place the type of program that it takes, and the calls that attach it.

attach(RawTracepoint("sched_switch"), program, facts)    ->    descriptors; closing them detaches
"""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterator, Sequence
from functools import partial

from dtrans.attach import (
    Attach,
    KernelFunctions,
    PerfEvent,
    RawTracepoint,
    TestRun,
    Tracepoint,
    Tracepoints,
    Trampoline,
    UserCode,
)
from dtrans.errors import fail
from dtrans.run.kernel.bpf import (
    PERF_TYPE_TRACEPOINT,
    PROG_PERF_EVENT,
    PROG_RAW_TRACEPOINT,
    PROG_TRACEPOINT,
    PROG_TRACING,
    attach_perf_event,
    load_program,
    online_cpus,
    open_perf_event,
    open_raw_tracepoint,
    open_trampoline,
)
from dtrans.run.kernel.links import (
    KPROBE_MULTI,
    PROG_KPROBE,
    TRACE_FENTRY,
    TRACE_FEXIT,
    link_event,
    types_of,
)
from dtrans.run.kernel.privileges import refused
from dtrans.run.programs.functions import Refused, attach_functions
from dtrans.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from dtrans.run.kernel.host import HostFacts
    from dtrans.run.processes.userland import Places

#: What the kernel answers for a CPU that is not online.
_OFFLINE = frozenset({6, 19})
_NOT_THERE, _NOT_VALID = 2, 22
#: Descriptors that a session has besides those of its functions.
_OTHER_FILES = 256


def program_kind(attach: Attach) -> int:
    """The type of program, as enum bpf_prog_type numbers them. A function is loaded once for each."""
    match attach:
        case RawTracepoint() | TestRun() | Tracepoints(raw=True):
            return PROG_RAW_TRACEPOINT
        case Tracepoint() | Tracepoints():
            return PROG_TRACEPOINT
        case PerfEvent():
            return PROG_PERF_EVENT
        case KernelFunctions() | UserCode():
            return PROG_KPROBE
        case Trampoline():
            return PROG_TRACING


def load_for(attach: Attach, code: bytes, name: str, facts: HostFacts, functions: Sequence[int] = ()) -> int:
    """Loads a program for where it will attach: its descriptor. `functions` as `load_program` takes them. Raises
    VerifierError, D_KERNEL, D_NO_PRIVILEGES."""
    load = partial(load_program, functions=functions)
    match attach:
        case KernelFunctions() if facts.feature("kprobe_multi"):
            return load(PROG_KPROBE, code, name, attach_type=KPROBE_MULTI)
        case UserCode() if facts.feature("uprobe_multi"):
            from dtrans.run.kernel.uprobes import UPROBE_MULTI

            return load(PROG_KPROBE, code, name, attach_type=UPROBE_MULTI)
        case Trampoline(moment, function, module):
            number = facts.function_id(function, module)
            if number is None:
                raise fail("D_KERNEL", f"the running kernel has no {attach_place(attach)}")
            kind = TRACE_FENTRY if moment == "entry" else TRACE_FEXIT
            try:
                with types_of(module) as types:
                    return load(PROG_TRACING, code, name, attach_type=kind, btf_id=number, types=types)
            except OSError as error:
                raise refused(f"find the types of the module {module}", error) from None
        case _:
            return load(program_kind(attach), code, name)


def attach_program(attach: Attach, program: int, facts: HostFacts) -> Iterator[int | Refused]:
    """Attaches a program: the descriptors that hold it there, each as soon as it is open, and of many functions those
    that the kernel refuses. Raises D_KERNEL, D_NO_PRIVILEGES."""
    try:
        yield from _attached(attach, program, facts)
    except OSError as error:
        if error.errno == _NOT_THERE or (error.errno == _NOT_VALID and isinstance(attach, RawTracepoint)):
            raise fail("D_KERNEL", f"the running kernel has no {attach_place(attach)}") from None
        raise refused(f"attach to the {attach_place(attach)}", error) from None


def _attached(attach: Attach, program: int, facts: HostFacts) -> Iterator[int | Refused]:
    match attach:
        case RawTracepoint(event):
            yield open_raw_tracepoint(event, program)
        case Tracepoint(group, event):
            yield from _event(_open_tracepoint(group, event, facts), program)
        case Tracepoints(raw, places):
            yield from _tracepoints(places, program, facts, raw=raw)
        case PerfEvent(kind, config, period, all_cpus, mode):
            for cpu in online_cpus() if all_cpus else online_cpus()[:1]:
                try:
                    event_descriptor = open_perf_event(kind, config, period, cpu, mode)
                except OSError as error:
                    if error.errno in _OFFLINE and all_cpus:
                        continue  # It went offline just now.
                    raise
                yield from _event(event_descriptor, program)
        case KernelFunctions():
            yield from _functions(attach, program, facts)
        case Trampoline():
            yield open_trampoline(program)
        case TestRun() | UserCode():
            yield from ()  # Fired by hand; attached where the places are found.


def _tracepoints(places: Sequence[tuple[str, int]], program: int, facts: HostFacts, *, raw: bool) -> Iterator[int]:
    allow_files(len(places))
    for name, cookie in places:
        try:
            if raw:
                yield open_raw_tracepoint(name, program, cookie)
            else:
                group, _, event = name.partition(":")
                yield link_event(_open_tracepoint(group, event, facts), program, cookie)
        except OSError as error:
            if error.errno not in (_NOT_THERE, _NOT_VALID):
                raise
            raise fail("D_KERNEL", f"the running kernel has no tracepoint '{name}'") from None


def _open_tracepoint(group: str, event: str, facts: HostFacts) -> int:
    number = facts.tracepoint_id(group, event)
    if number is None:
        raise FileNotFoundError(_NOT_THERE, "")
    # One event serves all CPUs: the program hangs on the tracepoint, not on the event, which takes no samples
    # itself: a few tracepoints refuse that (irq_work_exit, whose samples would cause it again).
    return open_perf_event(PERF_TYPE_TRACEPOINT, number, 0, online_cpus()[0])


def _event(event: int, program: int) -> Iterator[int]:
    yield event
    attach_perf_event(event, program)


def attach_places(places: Places, program: int, facts: HostFacts) -> Iterator[int | None]:
    """Attaches a program to places in a file: the descriptors that hold it there, and None for each place that the
    kernel refuses, as it does for a few instructions, or where it would break the program."""
    from dtrans.run.kernel.opcodes import sound_offsets
    from dtrans.run.kernel.uprobes import link_each

    many = facts.feature("uprobe_multi")
    if not many:
        allow_files(len(places.places))
    moment = "exit" if places.exits else places.program.moment
    offsets = [offset for offset, _, _ in places.places]
    sound = []
    for offset, (_, counter, cookie) in zip(
        sound_offsets(places.path, offsets, starts=moment in ("entry", "return")), places.places, strict=True
    ):
        if offset is None:
            yield None
        else:
            sound.append((offset, counter, cookie))
    for made in link_each(program, places.path, sound, places.pid, entry=moment != "return", many=many):
        yield made if isinstance(made, int) else None


def _functions(attach: KernelFunctions, program: int, facts: HostFacts) -> Iterator[int | Refused]:
    if not facts.feature("kprobe_multi"):
        allow_files(len(attach.places))
    refusals: list[Refused] = []
    attached = False
    for made in attach_functions(attach.places, program, facts, entry=attach.moment == "entry"):
        if isinstance(made, Refused):
            refusals.append(made)
        else:
            attached = True
            yield made
    if refusals and not attached:
        name, number = refusals[0].name, refusals[0].number
        raise fail(
            "D_KERNEL",
            f"the kernel cannot trace its function '{name}': {os.strerror(number)}",
            hint="leave it out of the probe description",
        )
    yield from refusals


def allow_files(count: int) -> None:
    """Descriptors for so many maps, programs and places may be more than this process may have open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + _OTHER_FILES
    if soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))


def attach_place(attach: Attach) -> str:
    """Where a program attaches, for messages."""
    match attach:
        case RawTracepoint(event):
            return f"raw tracepoint '{event}'"
        case Tracepoint(group, event):
            return f"tracepoint '{group}:{event}'"
        case Tracepoints(_, places):
            return f"tracepoint '{places[0][0]}' and {len(places) - 1} more"
        case PerfEvent(kind, config):
            return f"perf event {kind}:{config}"
        case KernelFunctions(moment, places):
            first = places[0][0].rpartition(":")[2]
            return f"{moment} of function '{first}'" + (f" and {len(places) - 1} more" if len(places) > 1 else "")
        case Trampoline(moment, function):
            return f"{moment} of function '{function}'"
        case UserCode(moment):
            return f"{'probes' if moment == 'site' else f'{moment} of functions'} in processes"
        case TestRun(moment):
            return f"probe {moment}"
