"""One tracing session, from an `Artifact` to the exit status.

The order of things is dtrace's: the processes of -c and -p first, held; BEGIN before anything else fires; all probes
live at once; the processes run; records are printed until exit(), the end of the processes or Ctrl-C; then END, and the
aggregations that were not printed.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from types import FrameType

from dtrans.artifact import DROPS_BY_CPU, ENDED_RECORD, FAULT_RECORD, FAULT_SITE, RECORD_HEADER, Artifact, Exit
from dtrans.errors import fail
from dtrans.options import Options
from dtrans.run.kernel.bpf import VerifierError
from dtrans.run.kernel.host import HostFacts
from dtrans.run.kernel.namespaces import in_first_namespace
from dtrans.run.kernel.numbers import HostNumbers
from dtrans.run.kernel.ring import RingReader
from dtrans.run.kernel.tables import KernelTables
from dtrans.run.messages import untraceable_message
from dtrans.run.output.aggregate import AggregationState
from dtrans.run.output.decode import Buffer, KernelNamesOnly, Names, RecordHandler
from dtrans.run.output.records import Output, RecordTail, Sink, run_shell, tell
from dtrans.run.output.speculation import Speculations
from dtrans.run.processes.symbols import Symbols
from dtrans.run.programs.load import NO_FILES, STOPPED, Loaded, load
from dtrans.typed import TYPE_CHECKING
from dtrans.values import dataclass, field, replace

if TYPE_CHECKING:
    from dtrans.run.processes.arrivals import Arrivals
    from dtrans.run.processes.target import Target
    from dtrans.run.processes.userland import Places, Userland

#: Kinds of fields that hold them.
_USER_ADDRESSES = ("ustack", "usym", "ufunc", "umod", "uaddr")
#: The exit status that shells give for a process that SIGINT ended.
_INTERRUPTED = 130
#: Seconds between two looks at the ring, at least and at most.
_SHORTEST_WAIT, _LONGEST_WAIT = 0.001, 1.0
#: Seconds between two looks at the counts of drops, at most (dtrace.c, dtrace_statusrate_max).
_LONGEST_STATUS = 10.0
#: Bytes of records whose text is written at once.
_PRINT_BYTES = 1 << 20
#: Seconds between two looks at what the traced processes have mapped; and how many of them make one at all processes.
_LOOK_PERIOD, _LOOKS_EVERYWHERE = 0.1, 10
#: Seconds to wait at the end for a program that is still writing its record.
_LAST_RECORD_WAIT = 1.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What a command line adds to a program: commands to run (-c), processes (-p), a file for the output (-o)."""

    commands: tuple[str, ...] = ()
    pids: tuple[int, ...] = ()
    output: str | None = None


class _Impatient(Exception):  # noqa: N818 (it is no error)
    """The second Ctrl-C: leave everything and go."""


def run(
    artifact: Artifact,
    settings: Settings | None = None,
    stdout: Sink | None = None,
    announce: Callable[[Sequence[int]], None] = lambda _: None,
) -> int:
    """Traces until the end, and gives the exit status: that of exit(), or 0.

    `announce` is called before anything is traced, with how many probes each of the artifact's descriptions matched.
    `stdout` is where output goes without -o. Raises DtransError when tracing cannot begin, or output cannot be written.
    """
    with contextlib.ExitStack() as resources:
        try:
            return _run(artifact, settings or Settings(), stdout or sys.stdout.buffer, announce, resources)
        except BrokenPipeError:
            # The reader of our output has gone: there is nothing more to do, and nobody to tell.
            _discard_standard_output()
            return 0
        except KeyboardInterrupt:
            return _INTERRUPTED


def _run(
    artifact: Artifact,
    settings: Settings,
    stdout: Sink,
    announce: Callable[[Sequence[int]], None],
    resources: contextlib.ExitStack,
) -> int:
    if settings.output is not None:
        stdout = _open_output(settings.output, resources)
    targets = list(_held_targets(settings, resources)) if settings.commands or settings.pids else []
    first = targets[0] if targets else None
    facts = HostFacts()
    userland, places = look_for_places(artifact, facts, first) if artifact.wanted else (None, ())
    matched = [count for _, count in artifact.descriptions]
    if userland is not None:
        matched = [count + userland.matched(number) for number, count in enumerate(matched)]
        # From here on it knows the probes in processes too, those that are yet to come included.
        artifact = replace(artifact, probes=userland.probes)
    announce(matched)
    _check_buffers(artifact)
    loaded = load(artifact, facts, first.kernel_pid if first else 0, userland)
    resources.callback(loaded.close)
    session = Session(artifact, loaded, tuple(targets), stdout, userland, places)
    resources.callback(session.close)
    try:
        return session.run()
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.errno in NO_FILES:
            raise fail(
                "D_KERNEL",
                f"tracing cannot go on: {os.strerror(error.errno)}",
                hint="ulimit -n tells how many there may be",
            ) from None
        _discard_standard_output()
        raise fail("D_OUTPUT", f"cannot write the output: {os.strerror(error.errno or 0)}") from None


def _check_buffers(artifact: Artifact) -> None:
    """Raises D_PRAGMA_OPTSET where a buffer could not hold a single record, or entry of an aggregation."""
    options = Options(artifact.options)
    records = max((site.size for site in artifact.sites), default=0)
    entries = max((one.key_size + one.value_size for one in artifact.aggregations), default=0)
    for option, needed in (("bufsize", records), ("aggsize", entries)):
        given = options.size(option)
        if given < needed:
            raise fail(
                "D_PRAGMA_OPTSET",
                "could not enable tracing: Enabling exceeds size of buffer",
                hint=f"option {option} gives {given} bytes, and this program needs {needed} at least",
            )


def look_for_places(artifact: Artifact, facts: HostFacts, target: Target | None) -> tuple[Userland, Sequence[Places]]:
    """The probes in processes, with a command of -c run on until its libraries are mapped. Raises D_KERNEL,
    D_PDESC_ZERO, D_MACRO_UNDEF, D_PROC_GRAB."""
    from dtrans.run.processes.userland import TARGET, Userland

    if not (facts.feature("uprobe") and facts.feature("attach_cookie")):
        raise fail("D_KERNEL", "this kernel cannot trace processes: it has no uprobes with attach cookies (Linux 5.15)")
    if target and any(TARGET in wanted.provider for wanted in artifact.wanted):
        target.run_until(Options(artifact.options).text("evaltime"))
    created = target is not None and target.created
    userland = Userland(artifact.wanted, artifact.probes, facts.machine, target.pid if target else None, created)
    return userland, userland.find()


def _held_targets(settings: Settings, resources: contextlib.ExitStack) -> Iterator[Target]:
    """The processes of -c and -p, held."""
    from dtrans.run.processes.target import create_process, grab_process

    for command in settings.commands:
        yield _closing(resources, create_process(command))
    for pid in settings.pids:
        yield _closing(resources, grab_process(pid))


def _closing(resources: contextlib.ExitStack, target: Target) -> Target:
    resources.callback(target.close)
    return target


def _open_output(path: str, resources: contextlib.ExitStack) -> Sink:
    try:
        file = open(path, "ab")  # noqa: SIM115 (closed with the other resources)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise fail("D_OUTPUT", f"failed to open output file '{path}': {reason}") from None

    def close() -> None:
        # Each batch was flushed: what cannot be written now was told then.
        with contextlib.suppress(OSError):
            file.close()

    resources.callback(close)
    return file


def _discard_standard_output() -> None:
    """Python would complain, at its exit, of what it still holds for standard output."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


@dataclass(slots=True)
class Session:
    """A loaded program that runs. It is the `OutputHost` of its output."""

    artifact: Artifact
    loaded: Loaded
    targets: tuple[Target, ...]
    stdout: Sink
    userland: Userland | None = None
    places: Sequence[Places] = ()
    status: int = 0
    _exiting: bool = False
    _interrupts: int = 0
    _options: Options = field(init=False)
    _symbols: Symbols = field(init=False)
    _tables: KernelTables = field(init=False)
    _aggregations: AggregationState = field(init=False)
    _output: Output = field(init=False)
    _names_users: bool = field(init=False)
    _handle: RecordHandler = field(init=False)
    #: Whether records are printed as they come, with nothing in between.
    _prints: bool = field(init=False)
    _ring: RingReader | None = None
    _numbers: HostNumbers | None = None
    _keeper: _Keeper | None = None
    _ending: bool = False
    _watched: tuple[int, ...] = ()
    _told: dict[tuple[str, int], int] = field(default_factory=dict)
    _next_status: float = 0.0
    _next_look: float = 0.0
    _arrivals: Arrivals | None = None
    _looks: int = 0

    def __post_init__(self) -> None:
        self._options = Options(self.artifact.options)
        known_as = {target.kernel_pid: target.pid for target in self.targets}
        if self.targets:
            known_as[0] = self.targets[0].pid
        self._tables = KernelTables(self.loaded.maps)
        self._symbols = Symbols(known_as, self._tables.exec_time)
        resolves = not self._options.flag("noresolve")
        self._names_users = resolves and _has_user_addresses(self.artifact)
        names = Names(self.artifact, self._symbols if resolves else KernelNamesOnly(self._symbols))
        self._aggregations = AggregationState(self.artifact, names, self._tables, self._options)
        make_output: type[Output] | Callable[..., Output] = Output
        if self._options.text("oformat") == "json":
            from dtrans.run.output.jsonlines import json_output

            make_output = json_output
        self._output = make_output(
            self.artifact, self._options, names, self._aggregations, self, self.stdout, sys.stderr.buffer
        )
        if "records" in self.loaded.maps:
            records = self.loaded.maps["records"]
            longest = max([FAULT_RECORD.size, *(site.size for site in self.artifact.sites)])
            # What is sent behind one is a part of it.
            self._ring = RingReader(records.fd, records.spec.max_entries, longest + ENDED_RECORD.size)
        self._keeper = _keeper_for(self.artifact, self._options)
        if self.artifact.host:
            self._numbers = HostNumbers(self.loaded.maps["host"], self.artifact.host)
        self._handle = self._output.handle if self._keeper is None else self._keeper.handle
        if "spec_open" in self.loaded.maps:
            self._handle = Speculations(self.artifact, self._handle).handle
        if any(site.missing for site in self.artifact.sites):
            from dtrans.run.output.missing import completing

            self._handle = completing(
                self.artifact, self._handle, self._aggregations.add, self._fire_error, known_as, self._ring
            )
        self._prints = self._handle == self._output.handle

    def close(self) -> None:
        """Gives the ring back, the maps of aggregations, and the kernel's account of processes."""
        if self._arrivals is not None:
            self._arrivals.close()
            self._arrivals = None
        self._tables.close()
        if self._watched:
            self._symbols.close()
        if self._ring is not None:
            self._ring.close()
            self._ring = None

    def _fire_error(self, *fault: int) -> None:
        """ERROR, for a value that could not be had: what its clauses record comes in its turn."""
        self.loaded.fire("ERROR", *fault)

    # --- what records ask for (`OutputHost`) ---------------------------------------------------------------------

    def run_command(self, command: bytes, stdout: int | None) -> None:
        run_shell(command, stdout)

    def halt(self, key: str, message: str) -> None:
        for path, text in (("/dev/kmsg", f"{message}\n"), ("/proc/sysrq-trigger", key)):
            with open(path, "w", buffering=1) as file:
                file.write(text)

    def request_exit(self, status: int) -> None:
        # The first one counts, but END may change it (dtrace.c, DTRACEACT_EXIT).
        if self._ending or not self._exiting:
            self.status = status
        self._exiting = True

    def option_changed(self, name: str) -> None:
        """The rates are asked for each time they are needed."""

    # --- the course of a session ---------------------------------------------------------------------------------

    def run(self) -> int:
        """BEGIN to the end: the exit status. Raises OSError when the output cannot be written."""
        with _signals(self._interrupt) as woken:
            try:
                self._refresh()
                self.loaded.fire("BEGIN")
                self._see_whether_stopped()
                if not self._exiting:
                    # What BEGIN asks for, system() say, comes to pass when the other probes are there to see it.
                    self._start()
                    self._work()
                    self._until_end(woken)
                self._finish()
            except _Impatient:
                self.loaded.detach()
        return self.status

    def _start(self) -> None:
        # Probes become live together, not one by one as they are attached.
        self.loaded.set_switch(STOPPED, 1)
        if self._names_users:
            self._watched = self._symbols.follow()
        self.loaded.attach()
        if self.loaded.untraceable:
            self._complain(untraceable_message(self.loaded.untraceable))
        if self.userland is not None:
            self.attach_places(self.userland, self.places)
        if "progeny" in self.loaded.maps:
            from dtrans.run.processes.target import descendants

            self._tables.add_progeny(descendants(self.targets[0].pid))
        self.loaded.set_switch(STOPPED, 0)
        if self._names_users:
            self._symbols.survey()
        if self.userland is not None:
            self.watch_arrivals(self.userland)
        if self.userland is not None and self._options.text("evaltime") == "exec":
            self.trace_libraries(self.userland)
        for target in self.targets:
            target.release()

    def trace_libraries(self, userland: Userland) -> None:
        """Lets a command that was held at exec, and is traced, run on until its libraries are mapped: they too are
        traced from their first function on."""
        for target in self.targets:
            target.run_until("mapped")
        self.attach_places(userland, userland.more(everywhere=False))

    def watch_arrivals(self, userland: Userland) -> None:
        """From here on what a traced process maps is traced before its code runs, where the kernel can hold a thread;
        elsewhere when it is looked for."""
        processes = userland.processes()
        if not processes or not in_first_namespace():
            return
        from dtrans.run.processes.arrivals import Arrivals

        if self._arrivals is None:
            try:
                self._arrivals = Arrivals(HostFacts())
            except (OSError, VerifierError):
                return
        for pid, libraries in processes.items():
            self._arrivals.watch(pid, libraries=libraries)

    def trace_arrivals(self, userland: Userland) -> None:
        """Attaches to what threads have just mapped that are held for it."""
        for _ in self._arrivals.held() if self._arrivals is not None else ():
            self.attach_more(userland, everywhere=False)
            self.watch_arrivals(userland)

    def look_again(self, userland: Userland) -> None:
        """Looks now and then for what processes have loaded since, and for processes that have started."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + _LOOK_PERIOD
        self._looks += 1
        self.attach_more(userland, everywhere=self._looks % _LOOKS_EVERYWHERE == 0)

    def attach_more(self, userland: Userland, *, everywhere: bool) -> None:
        """Attaches to what has come, to processes that descriptions name or to all."""
        places = userland.more(everywhere=everywhere)
        if places:
            try:
                self.attach_places(userland, places)
            except OSError as error:
                self._complain(f"no more probes in processes can be traced: {os.strerror(error.errno or 0)}")

    def attach_places(self, userland: Userland, places: Sequence[Places]) -> None:
        """Attaches at places in processes, and tells of those that the kernel refuses."""
        before = self.loaded.refused
        self.loaded.attach_places(places, userland)
        if self.loaded.refused > before:
            count = self.loaded.refused - before
            told = f"{count} place{'s' * (count != 1)} in processes"
            self._complain(f"{told} cannot be traced: the kernel cannot run elsewhere what stands there")

    def _until_end(self, woken: int) -> None:
        """Until exit(), an interrupt, or the end of all targets."""
        living = {target.pidfd: target for target in self.targets}
        wait = _SHORTEST_WAIT
        with select.epoll() as events:
            arriving = () if self._arrivals is None else (self._arrivals.descriptor,)
            for descriptor in (woken, *living, *self._watched, *arriving):
                events.register(descriptor, select.EPOLLIN)
            if self._ring is not None:
                # By edges: records alone do not wake us, only a program that found the ring filling up.
                events.register(self.loaded.maps["records"].fd, select.EPOLLIN | select.EPOLLET)
            while not (self._exiting or self._interrupts or (self.targets and not living)):
                for descriptor, _ in events.poll(wait):
                    if descriptor in living:
                        events.unregister(descriptor)
                        self._target_ended(living.pop(descriptor))
                wait = self._next_wait(wait, self._work(), self._aggregations.relieve())
                self._look_at_status()
                if self.userland is not None:
                    self.trace_arrivals(self.userland)
                    self.look_again(self.userland)
                self._refresh()

    def _next_wait(self, wait: float, read: int, grown: float) -> float:
        """Seconds to the next look: the ring, and the maps of aggregations, are to be about a twentieth full by then;
        switchrate and aggrate are the limits."""
        filled = max(read / self._ring.size if self._ring is not None else 0.0, grown)
        if filled > 1 / 16:
            return max(wait / 2, _SHORTEST_WAIT)
        if filled < 1 / 32:
            rates = ("switchrate", "aggrate") if self.artifact.aggregations else ("switchrate",)
            period = min(map(self._options.rate, rates)) / 10**9
            return min(wait * 2, max(_SHORTEST_WAIT, min(period, _LONGEST_WAIT)))
        return wait

    def _finish(self) -> None:
        """Stops all probes, fires END, and prints what is left."""
        if self._interrupts:
            self._output.interrupted()
        self.loaded.set_switch(STOPPED, 1)
        self._work()
        self.loaded.detach()
        self._work()
        # What is attached still looks whether tracing has stopped: only END, which does not, can fire now.
        self._ending = True
        self._refresh()
        self.loaded.fire("END")
        deadline = time.monotonic() + _LAST_RECORD_WAIT
        while self._work() or (self._ring is not None and self._ring.waiting and time.monotonic() < deadline):
            pass  # A program on another CPU may still be writing its last record.
        if self._keeper is not None:
            for record in self._keeper.drain():
                self._output.handle(record, 0)
        self._aggregations.new_batch()
        self._catch_up()
        self._tell_drops()
        self._output.finish()

    # --- records -------------------------------------------------------------------------------------------------

    def _work(self) -> int:
        """Prints the records that are there: how many bytes they were."""
        ring = self._ring
        first = ring.position if ring is not None else 0
        goal = first + ring.waiting if ring is not None else 0
        self._catch_up()
        if ring is None:
            return 0
        self._aggregations.new_batch()
        while ring.position < goal:
            before = ring.position
            self._print_some(ring)
            if ring.position == before:
                break  # A program is still writing the next one.
        return ring.position - first

    def _catch_up(self) -> None:
        """After a look at the ring, and before its records are printed: what their processes did is told by now."""
        if self._watched:
            self._symbols.catch_up()

    def _print_some(self, ring: RingReader) -> None:
        handle, data = self._handle, ring.data
        for start, stride, count in ring.runs(_PRINT_BYTES):
            if count == 1:
                handle(data, start)
            elif not (self._prints and self._output.handle_run(data[start : start + stride * count], stride)):
                for each in range(start, start + stride * count, stride):
                    handle(data, each)
        if self._keeper is None:
            self._output.flush()
        elif self._keeper.done:
            self._exiting = True

    def _target_ended(self, target: Target) -> None:
        message = target.end()
        if not self._options.flag("quiet"):
            self._output.flush()
            self._complain(message)

    def _refresh(self) -> None:
        """Keeps the numbers of the machine that programs read up to date."""
        if self._numbers is not None:
            self._numbers.refresh()

    def _look_at_status(self) -> None:
        """At times tells of drops, and sees whether a program has stopped tracing."""
        now = time.monotonic()
        if now < self._next_status:
            return
        self._next_status = now + min(self._options.rate("statusrate") / 10**9, _LONGEST_STATUS)
        self._tell_drops()
        self._see_whether_stopped()

    def _see_whether_stopped(self) -> None:
        """Whether a program has stopped tracing whose record of exit() is not to come: a later fault, or a drop."""
        if not self._exiting and self.loaded.switch(STOPPED):
            self._work()
            self._exiting = True

    def _tell_drops(self) -> None:
        counted = {**self._tables.drops(), "nesting": [self.loaded.missed()], "return": [self.loaded.missed_returns()]}
        for kind, counts in counted.items():
            by_cpu = kind in DROPS_BY_CPU
            for cpu, count in enumerate(counts if by_cpu else [sum(counts)]):
                before = self._told.get((kind, cpu), 0)
                self._told[kind, cpu] = count
                self._output.drops(kind, count - before, cpu if by_cpu else None)

    def _complain(self, message: str) -> None:
        tell(sys.stderr.buffer, message)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self._interrupts += 1
        if self._interrupts > 1:
            raise _Impatient


class _Keeper:
    """Records that are printed only at the end: buffer policies ``ring`` (the newest stay) and ``fill`` (the oldest).

    `done` says that tracing shall end: the buffer is full, or a record of exit() came.
    """

    def __init__(self, artifact: Artifact, limit: int, *, ring: bool) -> None:
        self.done = False
        self._limit = limit
        self._tail = RecordTail(limit if ring else sys.maxsize)
        self._ring = ring
        self._size = 0
        self._sizes = {number: site.size for number, site in enumerate(artifact.sites)}
        self._sizes[FAULT_SITE] = FAULT_RECORD.size
        self._exits = {
            number: action.present
            for number, site in enumerate(artifact.sites)
            for action in site.actions
            if isinstance(action, Exit)
        }

    def handle(self, buffer: Buffer, offset: int) -> None:
        """Keeps a copy of a record."""
        site = RECORD_HEADER.unpack_from(buffer, offset)[0]
        size = self._sizes[site]
        self._tail.append(bytes(buffer[offset : offset + size]))
        self._size += size
        if not self._ring and self._size >= self._limit:
            self.done = True
        if site in self._exits:
            present = self._exits[site]
            self.done = self.done or present is None or bool(buffer[offset + present])

    def drain(self) -> Iterator[bytes]:
        """The kept records, oldest first."""
        return self._tail.drain()


def _has_user_addresses(artifact: Artifact) -> bool:
    """Whether addresses of processes may have to be named."""
    text = repr((artifact.sites, artifact.aggregations))
    # %A names an integer as an address of the target.
    conversions = (part.lstrip("@ #0123456789-+'?*.") for part in text.split("%")[1:])
    return any(f"'{kind}'" in text for kind in _USER_ADDRESSES) or any(part.startswith("A") for part in conversions)


def _keeper_for(artifact: Artifact, options: Options) -> _Keeper | None:
    policy = options.text("bufpolicy")
    if policy == "switch":
        return None
    return _Keeper(artifact, options.size("bufsize"), ring=policy == "ring")


@contextlib.contextmanager
def _signals(handler: Callable[[int, FrameType | None], None]) -> Iterator[int]:
    """Ctrl-C and SIGTERM call a handler, and make the descriptor that this gives readable."""
    # The functions of `signal`, which imports `enum` to give names to its numbers: that takes as long as ten modules.
    import _signal as signal  # type: ignore[import-not-found]

    ours, its = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    woken_before = signal.set_wakeup_fd(its, warn_on_full_buffer=False)
    try:
        yield ours
    finally:
        signal.set_wakeup_fd(woken_before)
        for number, earlier in before.items():
            signal.signal(number, earlier)
        os.close(ours)
        os.close(its)
