"""An `Artifact` in the kernel: maps made, programs loaded, attached, fired and detached.

    loaded = load(artifact, facts, numbers)     compile (or take from the cache), make the maps, load all programs
    loaded.fire("BEGIN")                        BPF_PROG_TEST_RUN
    loaded.attach()                             auxiliary programs first, then the rest in order
    loaded.detach(); loaded.close()             the reverse, and everything is freed

All of it hangs on this process's descriptors: when the process ends in any way, the kernel takes it down.
"""

from __future__ import annotations

import contextlib
import os
import resource
import struct
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from dtrans.artifact import SWITCHES, Artifact, Layout, Probe, Program
from dtrans.attach import LINGERING, KernelFunctions, PerfEvent, TestRun
from dtrans.cache import cache_key, cached
from dtrans.errors import DtransError, fail
from dtrans.options import Options
from dtrans.run.kernel.bpf import (
    MAP_ARRAY_OF_MAPS,
    MAP_RINGBUF,
    MAPS_HINT,
    BpfMap,
    MapSpec,
    VerifierError,
    online_cpus,
    possible_cpus,
    recursion_misses,
    run_program,
)
from dtrans.run.kernel.host import HostFacts, kernel_fingerprint
from dtrans.run.kernel.links import missed_returns
from dtrans.run.kernel.namespaces import kernel_pid
from dtrans.run.kernel.privileges import check_privileges, refused, writes_refused
from dtrans.run.programs.attach import allow_files, attach_place, attach_places, attach_program, load_for, program_kind
from dtrans.run.programs.bcc import bcc_identity
from dtrans.run.programs.detach import close_lingering
from dtrans.run.programs.functions import Refused
from dtrans.run.programs.objects import OBJECT_FORMAT, Object, StackError
from dtrans.source import Written, span_of
from dtrans.typed import TYPE_CHECKING, Any, Literal
from dtrans.values import replace

if TYPE_CHECKING:
    from dtrans.run.processes.userland import Places, Userland

#: Room for the names of probes in processes, at least.
_MORE_PROBES = 16384
_SMALLEST_RING = 256 << 10
#: The ring is not made larger than this for the number of CPUs alone.
_SHARED_RING = 64 << 20
_U32_KEY, _U64_VALUE = struct.Struct("=I"), struct.Struct("=Q")
STOPPED = SWITCHES.index("stopped")
#: Members of `Probe` that programs may look up, each in a map of its own.
_NAME_PARTS = ("id", "provider", "module", "function", "name")
#: Goes on with each jiffy, whose length is its resolution (kernel/time/posix-timers.c). Python's time does not name it.
_CLOCK_MONOTONIC_COARSE = 6
#: No rights, no memory; and too many open files, which may come when the verifier has taken the program already.
_REFUSED, NO_FILES = frozenset({1, 12, 13}), frozenset({23, 24})
#: Bytes of a key before Linux 5.11: no more than a program's stack (kernel/bpf/hashtab.c, htab_map_alloc_check).
_SHORT_KEY = 512
#: Instructions that a jump can go.
_FARTHEST_JUMP = 32767
#: What is told of a program, and not of the machine.
_OF_PROGRAMS = frozenset({"D_NOREG", "D_KERNEL", "D_INTERNAL"})
_PLEASE_REPORT = "this is a fault of dtrans: please report it, with the D program (DTRANS_DEBUG=1 shows the whole log)"


class Loaded:
    """A program in the kernel. `maps` by the names of `dtrans.artifact`."""

    def __init__(
        self,
        facts: HostFacts,
        maps: Mapping[str, BpfMap],
        programs: Mapping[Program, int],
        clauses: Mapping[int, Written],
    ) -> None:
        self.maps = maps
        self._clauses = clauses
        self._facts = facts
        self._programs = programs
        self._links: list[int] = []
        self._lingering: list[int] = []
        #: Those by which kretprobes hang, and the returns that were missed by those that hang no more.
        self._returning: list[int] = []
        self._missed_returns = 0
        #: Places in processes that the kernel refused to trace.
        self.refused = 0
        #: Functions of the kernel that it refused to trace with others.
        self.untraceable: list[str] = []

    def fire(self, moment: Literal["BEGIN", "END", "ERROR"], *arguments: int) -> None:
        """Runs the programs of BEGIN, END or ERROR, as this process, with up to 12 arguments as their context. Raises
        D_KERNEL, D_NO_PRIVILEGES."""
        for program, descriptor in self._programs.items():
            if isinstance(program.attach, TestRun) and program.attach.moment == moment and program.link is None:
                try:
                    run_program(descriptor, arguments=arguments)
                except OSError as error:
                    raise refused(f"fire the probe {moment} (Linux 5.10 or later can)", error) from None

    def attach(self) -> None:
        """Attaches all programs, auxiliary ones first. Raises D_KERNEL, D_NO_PRIVILEGES."""
        attached = [(program, descriptor) for program, descriptor in self._programs.items() if program.link is None]
        for program, descriptor in sorted(attached, key=lambda item: not item[0].auxiliary):
            for link in self._attached(program, descriptor):
                if isinstance(link, Refused):
                    self.untraceable.append(link.name)
                    continue
                (self._lingering if isinstance(program.attach, LINGERING) else self._links).append(link)
                if isinstance(program.attach, KernelFunctions) and program.attach.moment == "return":
                    self._returning.append(link)

    def _attached(self, program: Program, descriptor: int) -> Iterator[int | Refused]:
        with told_at(self._clauses, program):
            yield from attach_program(program.attach, descriptor, self._facts)

    def attach_places(self, found: Sequence[Places], userland: Userland) -> None:
        """Attaches programs to places in processes, after telling them of the probes there. Raises D_KERNEL."""
        probes, sites, clause_sets = userland.fresh()
        _fill_names(self.maps, probes)
        for number, clauses in clause_sets.items():
            table = self.maps["clause_sets"]
            table.update(_U32_KEY.pack(number), clauses.to_bytes(table.spec.value_size, "little"))
        for number, site in sites.items():
            self.maps["user_sites"].update(_U32_KEY.pack(number), site)
        by_attach = {
            program.attach: descriptor for program, descriptor in self._programs.items() if program.link is None
        }
        for places in found:
            for made in attach_places(places, by_attach[places.program], self._facts):
                if made is None:
                    self.refused += 1
                else:
                    self._lingering.append(made)

    def detach(self) -> None:
        """Stops tracing and detaches all programs; BEGIN and END can still be fired. Harmless when repeated.

        Those that the kernel is slow to detach may stay a while, and do nothing."""
        self._missed_returns = self.missed_returns()
        self._returning.clear()
        if self._lingering:
            self.set_switch(STOPPED, 1)
            close_lingering(self._lingering)
            self._lingering.clear()
        while self._links:
            os.close(self._links.pop())

    def close(self) -> None:
        """Detaches, and gives programs and maps back to the kernel. Harmless when repeated."""
        self.detach()
        for descriptor in set(self._programs.values()):
            os.close(descriptor)
        self._programs = {}
        for each in self.maps.values():
            each.close()

    def set_switch(self, index: int, value: int) -> None:
        """Sets one of `dtrans.artifact.SWITCHES`, when the program reads them."""
        if "switches" in self.maps:
            self.maps["switches"].update(_U32_KEY.pack(index), _U64_VALUE.pack(value))

    def switch(self, index: int) -> bool:
        """Whether one of `dtrans.artifact.SWITCHES` is set, by a program say."""
        value = self.maps["switches"].lookup(_U32_KEY.pack(index)) if "switches" in self.maps else None
        return value is not None and any(value)

    def missed(self) -> int:
        """Firings so far that the kernel left out, since they came inside of a program's run."""
        return sum(map(recursion_misses, set(self._programs.values())))

    def missed_returns(self) -> int:
        """Returns of kernel functions so far that the kernel could not catch."""
        return self._missed_returns + sum(map(missed_returns, self._returning))


def load(artifact: Artifact, facts: HostFacts, target: int = 0, userland: Userland | None = None) -> Loaded:
    """Compiles, makes the maps and loads the programs; nothing runs yet. `target` is the process of -c or -p,
    `userland` what was found in processes.

    Raises D_NO_PRIVILEGES, D_NO_BCC, D_NO_BTF, D_KERNEL_LAYOUT, D_KERNEL, and D_INTERNAL for what is a fault of dtrans.
    """
    check_privileges()
    # Kernels before 5.11 count BPF's memory against this limit.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    made = compiled(artifact, facts)
    # A clock's program is attached to each CPU.
    allow_files(len(made.maps) + len(artifact.programs) * (1 + (os.cpu_count() or 1)))
    constants = _late_constants(artifact, target)
    maps: dict[str, BpfMap] = {}
    programs: dict[Program, int] = {}
    try:
        for spec in made.maps:
            maps[spec.name] = _create(_sized(spec, artifact, userland), maps)
        _fill_names(maps, artifact.probes)
        _fill_speculations(maps, artifact)
        _fill_strings(maps, artifact)
        if "chill_text" in maps:
            maps["chill_text"].update(_U32_KEY.pack(0), b"x" * maps["chill_text"].spec.value_size)
        descriptors = {name: each.fd for name, each in maps.items()}
        codes = {program.name: (program.linked(descriptors, constants), program.functions) for program in made.programs}
        loaded: dict[tuple[str, int], int] = {}
        for program in artifact.programs:
            # One function may serve many places: it is verified once for each kind of them.
            entry = program.function, program_kind(program.attach)
            if entry not in loaded:
                with told_at(artifact.clauses, program):
                    loaded[entry] = _load(program, codes, facts)
            programs[program] = loaded[entry]
        for program, descriptor in programs.items():
            if program.link is not None:
                maps[program.link.chain].update(_U32_KEY.pack(program.link.index), _U32_KEY.pack(descriptor))
            if isinstance(program.attach, TestRun) and program.attach.moment == "LOAD":
                from dtrans.run.kernel.pages import find_pages

                find_pages(maps["page_places"], partial(run_program, descriptor))
    except BaseException:
        Loaded(facts, maps, programs, artifact.clauses).close()
        raise
    return Loaded(facts, maps, programs, artifact.clauses)


@contextlib.contextmanager
def told_at(clauses: Mapping[int, Written], program: Program) -> Iterator[None]:
    """What is wrong with a program is told where its first clause stands."""
    try:
        yield
    except DtransError as error:
        found = error.diagnostic
        place = next((clauses[number] for number in program.clauses), None)
        if found.tag not in _OF_PROGRAMS or found.span is not None or place is None:
            raise
        raise fail(found.tag, found.message, span_of(place), hint=found.hint) from None


def compiled(artifact: Artifact, facts: HostFacts) -> Object:
    """The artifact's C text compiled for the running kernel, from the cache when it was compiled before.

    Raises D_NOREG where the clauses of a probe need more stack than a program has."""
    text = _prologue(artifact.layouts, facts) + artifact.c_text
    key = cache_key((OBJECT_FORMAT, text, facts.machine, bcc_identity()))

    def compile_it() -> Any:
        from dtrans.run.programs.compile import compile_object

        return compile_object(text).to_plain()

    try:
        return Object.from_plain(cached("object", key, compile_it))
    except StackError as exceeded:
        used = [one for one in artifact.programs if one.function == exceeded.function]
        with told_at(artifact.clauses, used[0]) if used else contextlib.nullcontext():
            raise _stack_error(f" at the {attach_place(used[0].attach)}" if used else "") from None


def _prologue(layouts: tuple[Layout, ...], facts: HostFacts) -> str:
    if not layouts:
        return ""
    from dtrans.run.kernel.layouts import layout_prologue

    fixed = tuple(layout for layout in layouts if layout.kind != "symbol")
    # Addresses of variables change from boot to boot, the rest only with the kernel.
    moving = layout_prologue((layout for layout in layouts if layout.kind == "symbol"), facts)
    key = cache_key((kernel_fingerprint(), repr(fixed)))
    text: str = cached("layouts", key, lambda: layout_prologue(fixed, facts))
    return moving + text


def _late_constants(artifact: Artifact, target: int) -> dict[int, int]:
    numbers = {}
    for late in artifact.late:
        match late.what:
            case "target":
                numbers[late.magic] = target
            case "pid":
                numbers[late.magic] = kernel_pid()
            case "wall":
                numbers[late.magic] = time.time_ns() - time.monotonic_ns()
            case "tick":
                numbers[late.magic] = round(time.clock_getres(_CLOCK_MONOTONIC_COARSE) * 1e9)
    return numbers


def _sized(spec: MapSpec, artifact: Artifact, userland: Userland | None) -> MapSpec:
    """Scratch memory is for each CPU. The ring buffer gets the size of option bufsize for each CPU that records come
    from: a power of two, as the kernel demands.

    bufsize is the size of one CPU's buffer (Guide, "Buffers and Buffering"); here all CPUs share one.
    """
    if userland is not None and spec.name.startswith(("names_", "user_sites", "clause_sets")):
        # Twice what there is now: processes may load more.
        found = max(len(userland.probes), len(userland.sites), len(userland.clause_sets))
        return replace(spec, max_entries=max(spec.max_entries, 2 * found, _MORE_PROBES))
    if spec.name == "scratch":
        return replace(spec, max_entries=spec.max_entries * possible_cpus())
    if spec.type != MAP_RINGBUF or spec.name != "records":
        return spec
    size = Options(artifact.options).size("bufsize")
    cpus = 1 if all(map(_on_one_cpu, artifact.programs)) else len(online_cpus())
    wanted = max(_SMALLEST_RING, size, min(size * cpus, _SHARED_RING))
    return replace(spec, max_entries=1 << (wanted - 1).bit_length())


def _on_one_cpu(program: Program) -> bool:
    """Whether a program never runs on two CPUs at a time: that of BEGIN, END or a tick."""
    attach = program.attach
    return isinstance(attach, TestRun) or (isinstance(attach, PerfEvent) and not attach.all_cpus)


def _create(spec: MapSpec, others: Mapping[str, BpfMap]) -> BpfMap:
    """A map. One that is called ``NAME_now`` holds the map NAME, which was made before."""
    inner = others.get(spec.name.removesuffix("_now")) if spec.name.endswith("_now") else None
    try:
        if inner is None:
            return BpfMap.create(spec)
        made = BpfMap.create(replace(spec, type=MAP_ARRAY_OF_MAPS), inner.fd)
        made.update(_U32_KEY.pack(0), _U32_KEY.pack(inner.fd))
        return made
    except OSError as error:
        if error.errno == 7 and spec.key_size > _SHORT_KEY:
            what = f"keys of the map '{spec.name}' have {spec.key_size} bytes, and this kernel takes {_SHORT_KEY}"
            hint = "lower option strsize, which strings in keys take each; Linux takes longer keys from 5.11 on"
            raise fail("D_KERNEL", what, hint=hint) from None
        if error.errno in (7, 12, 22):
            size = f"{spec.max_entries} entries of {spec.key_size + spec.value_size} bytes"
            raise fail("D_KERNEL", f"no memory for the map '{spec.name}' ({size})", hint=MAPS_HINT) from None
        raise refused(f"make the map '{spec.name}'", error) from None


def _fill_names(maps: Mapping[str, BpfMap], probes: Mapping[int, Probe]) -> None:
    """Tells the programs the names of their probes: to compare, to store, and for keys that also hold other text."""
    for part in _NAME_PARTS:
        table = maps.get(f"names_{part}")
        if table is None:
            continue
        for number, probe in probes.items():
            value = _name_value(getattr(probe, part), table.spec.value_size)
            table.update(_U32_KEY.pack(number), value)


def _fill_speculations(maps: Mapping[str, BpfMap], artifact: Artifact) -> None:
    """Makes the numbers of speculations free, the least of them on top."""
    if "spec_free" in maps:
        for number in range(Options(artifact.options).count("nspec") or 0, 0, -1):
            maps["spec_free"].push(_U32_KEY.pack(number))


def _fill_strings(maps: Mapping[str, BpfMap], artifact: Artifact) -> None:
    """Makes the program's strings empty, which all zeros are not."""
    if artifact.empty:
        values = bytearray(maps["globals"].spec.value_size)
        for place in artifact.empty:
            values[place + 1] = 1
        maps["globals"].update(_U32_KEY.pack(0), bytes(values))


def _name_value(value: str | int, size: int) -> bytes:
    if isinstance(value, int):
        return _U64_VALUE.pack(value)
    return value.encode("utf-8", "surrogateescape")[: size - 1].ljust(size, b"\0")


def _load(program: Program, codes: Mapping[str, tuple[bytes, tuple[int, ...]]], facts: HostFacts) -> int:
    if program.function not in codes:
        raise fail("D_INTERNAL", f"the generated program lacks its function '{program.function}'", hint=_PLEASE_REPORT)
    code, functions = codes[program.function]
    check_length(program, len(code) // 8, functions)
    try:
        return load_for(program.attach, code, program.function, facts, functions)
    except VerifierError as error:
        raise _verifier_error(program, error) from None


def check_length(program: Program, length: int, functions: Sequence[int]) -> None:
    """A jump goes 32,767 instructions far. The compiler cuts off what is more, so that a longer function is not to be
    trusted (LLVM before 17 does so without a word)."""
    ends = (*functions, length)
    if max(end - start for start, end in zip((0, *functions), ends, strict=True)) > _FARTHEST_JUMP:
        raise fail(
            "D_NOREG",
            f"a statement at the {attach_place(program.attach)} is longer than a program of the kernel may be",
            hint="make several statements of it, and keep what they share in this-> variables",
        )


def _stack_error(where: str) -> DtransError:
    return fail(
        "D_NOREG",
        f"the clauses{where} keep more values at a time than the 512 bytes of a program's stack hold",
        hint="make several statements or clauses of one, and keep what they share in this-> variables",
    )


def _verifier_error(program: Program, error: VerifierError) -> DtransError:
    if error.errno in NO_FILES or (not error.log and error.errno in _REFUSED):
        return refused(f"load the program for the {attach_place(program.attach)}", OSError(error.errno, ""))
    if "bpf_probe_write_user" in error.line:
        return writes_refused()
    if os.environ.get("DTRANS_DEBUG"):
        sys.stderr.write(error.log + "\n")
    if "combined stack size" in error.line:
        return _stack_error(f" at the {attach_place(program.attach)}")
    if "too large" in error.line:
        return fail(
            "D_NOREG",
            f"the clauses at the {attach_place(program.attach)} are more than the kernel's verifier walks",
            hint="call fewer functions of strings there, json() and the searches above all, or give a smaller strsize",
        )
    return fail(
        "D_INTERNAL",
        f"the kernel refused the program for the {attach_place(program.attach)}: {error.line}",
        hint=_PLEASE_REPORT,
    )
