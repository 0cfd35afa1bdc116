"""Records to lines, in the order in which they come, as dtrace(1M) prints them.

    record of  tick-1s { printf("%d", x); }   ->  b"  2      7                         :tick-1s 42\\n"
    the same with -q                          ->  b"42"

Source: cmd/dtrace (chew, chewrec) and libdtrace dt_consume.c, dt_handle.c. dtrace reads one CPU's buffer after the
other, here records of all CPUs come in the order of time.
"""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

from dtrans.artifact import (
    ADDRESS_FAULTS,
    FAULT_RECORD,
    FAULT_SITE,
    FAULTS,
    RECORD_HEADER,
    Accumulate,
    Action,
    Artifact,
    Clear,
    DefaultAction,
    Denormalize,
    Exit,
    Field,
    Freopen,
    Halt,
    Normalize,
    Printa,
    Printf,
    PrintStack,
    PrintValue,
    SetOption,
    Site,
    System,
    Trace,
    Tracemem,
    Trunc,
    Truncate,
)
from dtrans.errors import DtransError
from dtrans.options import OPTIONS, Options, check_option
from dtrans.run.output.aggregate import AggregationState
from dtrans.run.output.bars import Look
from dtrans.run.output.decode import Buffer, Names, ProbeTexts, to_text, unpacker
from dtrans.run.output.dump import ShapePrinter, hex_dump
from dtrans.run.output.flow import FlowNames, FlowQueue, Record
from dtrans.run.output.printa import TRACE_WIDTH, DatumPrinter, DefaultRows, FormattedRows
from dtrans.run.output.printf import Formatter, Slot, compile_format
from dtrans.typed import Any, BinaryIO, Protocol
from dtrans.values import dataclass

Step = Callable[[Buffer, int], None]
_HALTS = {"c": "panic", "g": "breakpoint"}
#: Drops by kind: dtrace's name of the kind, what one drop is, and what more is said (libdtrace dt_handle.c).
_DROP_WORDS = {
    "principal": ("DTRACEDROP_PRINCIPAL", "drop", ""),
    "aggregation": ("DTRACEDROP_AGGREGATION", "aggregation drop", ""),
    "dynamic": ("DTRACEDROP_DYNAMIC", "dynamic variable drop", ""),
    "speculative": ("DTRACEDROP_SPEC", "speculative drop", ""),
    "unavailable": ("DTRACEDROP_SPECUNAVAIL", "failed speculation", " (no speculative buffer available)"),
    "error": ("DTRACEDROP_DBLERROR", "error", " in ERROR probe enabling"),
    # Not dtrace's: it fires no probe inside of another's actions.
    "return": ("DTRACEDROP_RETURN", "return", " of functions with more threads inside than the kernel can follow"),
    "nesting": ("DTRACEDROP_NESTING", "firing", " inside of another probe's, which the kernel left out"),
}


class Sink(Protocol):
    """Where bytes go: standard output, standard error, or the file of freopen()."""

    def write(self, data: bytes, /) -> Any: ...
    def flush(self) -> Any: ...
    def fileno(self) -> int: ...


class OutputHost(Protocol):
    """What records can ask of the session."""

    def run_command(self, command: bytes, stdout: int | None) -> None:
        """system(): run it by the shell and wait for it; `stdout` is its standard output after freopen()."""
        ...

    def halt(self, key: str, message: str) -> None:
        """panic() and breakpoint(): press a key of the kernel's, after a message to its log. Raises OSError."""
        ...

    def request_exit(self, status: int) -> None:
        """exit(): stop tracing, and end with this status."""
        ...

    def option_changed(self, name: str) -> None:
        """setopt(): an option of the program has a new value."""
        ...


def tell(stderr: Sink, message: str) -> None:
    """A message to stderr. Where that has no room, or cannot be written, tracing goes on; where its reader is gone, the
    session ends, as the original does by SIGPIPE."""
    try:
        stderr.write(to_text(f"dtrace: {message}\n"))
        stderr.flush()
    except BrokenPipeError:
        raise
    except OSError:
        pass


def run_shell(command: bytes, stdout: int | None) -> None:
    """The usual `OutputHost.run_command`: ``sh -c``."""
    import subprocess

    subprocess.run([b"/bin/sh", b"-c", command], stdout=stdout, check=False)


class RecordTail:
    """The newest records, up to a number of bytes: what ``bufpolicy=ring`` prints in the end."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._records: deque[bytes] = deque()

    def append(self, record: bytes) -> None:
        self._records.append(record)
        self._size += len(record)
        while self._size > self._limit:
            self._size -= len(self._records.popleft())

    def drain(self) -> Iterator[bytes]:
        """The records from the oldest on; they are gone afterwards."""
        while self._records:
            record = self._records.popleft()
            self._size -= len(record)
            yield record


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault at run time: in which action of which clause (0: the predicate), and at which address, if at one."""

    cpu: int
    probe: int
    clause: int
    action: int
    words: str
    address: int | None


class Output:
    """The printed side of a running program.

    Call `handle` for each record of the ring, `flush` after each batch of them, `finish` once at the end. Text is held
    back until `flush`. Options that a program sets are written to `options`. Raises OSError when a sink does.
    """

    def __init__(
        self,
        artifact: Artifact,
        options: Options,
        names: Names,
        aggregations: AggregationState,
        host: OutputHost,
        stdout: Sink,
        stderr: Sink,
    ) -> None:
        self._artifact = artifact
        self._options = options
        self._names = names
        self._aggregations = aggregations
        self._host = host
        self._stdout = stdout
        self._stderr = stderr
        self._file: BinaryIO | None = None
        self._pending: list[bytes] = []
        self._headed = False
        self._flows = FlowNames(artifact)
        self._queue = FlowQueue()
        #: Probe and clause of the record at hand, for messages.
        self._probe = self._clause = 0
        self._printer = DatumPrinter(names)
        self._heads = ProbeTexts(
            artifact.probes, lambda probe: f"{probe.id:6d} {probe.function + ':' + probe.name:>32} "
        )
        #: Sites that only print: one function makes the text. `_quick` has them, with what stands before and behind
        #: the text, when nothing but that is to be printed.
        self._formats = {
            number: made for number, site in enumerate(artifact.sites) if (made := self.site_format(site)) is not None
        }
        self._texts = {number: made.reader() for number, made in self._formats.items()}
        self._quick: dict[int, Callable[[Buffer, int], bytes]] = {}
        #: The same for runs of records, None for a site without; made when a run comes.
        self._runs: dict[int, Callable[[Buffer], bytes] | None] = {}
        self._steps = [
            () if number in self._texts else tuple(filter(None, map(self._present_step, site.actions)))
            for number, site in enumerate(artifact.sites)
        ]
        self._apply_options()

    # --- records ------------------------------------------------------------------------------------------

    def handle(self, buffer: Buffer, offset: int) -> None:
        """Print one record that starts at `offset`, or do what it asks for."""
        site, cpu, probe = RECORD_HEADER.unpack_from(buffer, offset)
        text = self._quick.get(site)
        if text is not None:
            self._pending.append(text(buffer, offset))
        elif site == FAULT_SITE:
            self._fault(buffer, offset)
        else:
            self.show(site, cpu, probe, buffer, offset)

    def handle_run(self, records: memoryview, stride: int) -> bool:
        """Print records of one site, `stride` bytes apart; False when they have to be handled one by one."""
        site = RECORD_HEADER.unpack_from(records)[0]
        if site not in self._quick:
            return False
        if site not in self._runs:
            self._runs[site] = self._quick_formats[site].many(stride)
        text_of = self._runs[site]
        if text_of is None:
            return False
        self._pending.append(text_of(records))
        return True

    def flush(self) -> None:
        """Write what is held back."""
        if self._queue:
            self._queue.settle(1)
            self._let_go()
        self._write()

    def _write(self) -> None:
        if self._pending:
            text = b"".join(self._pending)
            self._pending.clear()
            self._sink.write(text)
        self._sink.flush()

    def finish(self) -> None:
        """What dtrace prints last: a newline, and the aggregations no printa() has shown. Closes freopen()'s file."""
        self._queue.settle(0)
        self._let_go()
        self._pending.append(b"\n")
        for table in self._aggregations.unprinted():
            self._pending += DefaultRows([table], self._printer).lines(self._aggregations.rows([table.number]))
        self._reopen(None)

    def drops(self, kind: str, count: int, cpu: int | None = None) -> None:
        """Tell of `count` drops since the last time, by a name of `DROP_KINDS`, on a CPU or on all."""
        if count:
            self.show_drops(kind, count, cpu)

    def interrupted(self) -> None:
        """A newline behind the terminal's ``^C``, as dtrace prints it even when it is quiet."""
        self._pending.append(b"\n")
        self.flush()

    @property
    def _sink(self) -> Sink:
        return self._file or self._stdout

    # --- what `JsonOutput` does in another way ------------------------------------------------------------

    def show(self, site: int, cpu: int, probe: int, buffer: Buffer, offset: int) -> None:
        """Print a record: what stands before it, what its actions print, and what ends it."""
        if self._flow:
            self._queue_up(site, cpu, probe, buffer, offset)
        else:
            self._print(site, cpu, probe, buffer, offset)

    def _print(self, site: int, cpu: int, probe: int, buffer: Buffer, offset: int, *, more: bool = False) -> None:
        self._probe, self._clause = probe, self._artifact.sites[site].clause
        pending = self._pending
        if not self._headed:
            self._headed = True
            self._choose_quick()
            if self._flow:
                pending.append(b"%3s %-41s\n" % (b"CPU", b"FUNCTION"))
            elif not self._quiet:
                pending.append(b"%3s %6s %32s\n" % (b"CPU", b"ID", b"FUNCTION:NAME"))
        if self._flow:
            pending.append(b"%3d %-41s " % (cpu, self._flows.name(cpu, probe, site, more=more)))
        elif not self._quiet:
            pending.append(b"%3d %b" % (cpu, self._heads[probe]))
        text = self._texts.get(site)
        if text is not None:
            pending.append(text(buffer, offset))
        else:
            for step in self._steps[site]:
                step(buffer, offset)
        if not self._quiet:
            pending.append(b"\n")

    def show_drops(self, kind: str, count: int, cpu: int | None) -> None:
        """Tell of drops that there were."""
        tag, words, more = _DROP_WORDS[kind]
        shown = f"[{tag}] " if self._options.flag("droptags") else ""
        where = "" if cpu is None else f" on CPU {cpu}"
        self._complain(f"{shown}{count} {words}{'s' if count > 1 else ''}{more}{where}")

    def show_fault(self, fault: Fault) -> None:
        """Tell of a fault at run time."""
        details = "" if fault.address is None else f" ({fault.address:#x})"
        where = f"action #{fault.action}" if fault.action else "predicate"
        probe = self._probe_name(fault.probe)
        self._tell_error(f"{fault.clause} {probe}: {fault.words}{details} in {where}")

    def show_failure(self, message: str) -> None:
        """Tell that an action of the record at hand could not be done."""
        self._tell_error(f"{self._clause} {self._probe_name(self._probe)}: {message}")

    def _tell_error(self, message: str) -> None:
        if not self._options.flag("noerror"):
            self._complain(f"error on enabled probe ID {message}")

    # --- flow indentation ---------------------------------------------------------------------------------

    def _queue_up(self, site: int, cpu: int, probe: int, buffer: Buffer, offset: int) -> None:
        """Lets a return's record wait where another clause of the same firing may follow, and the others behind it."""
        sites = self._artifact.sites
        last = site == len(sites) - 1 or not self._flows.is_return(probe)
        if last and not self._queue:
            self._print(site, cpu, probe, buffer, offset)
            return
        data = bytes(buffer[offset : offset + sites[site].size])
        exits = any(isinstance(action, Exit) for action in sites[site].actions)
        self._queue.push(Record(site, cpu, probe, data, more=False if last or exits else None))
        if exits:
            self._queue.settle(0)  # The end of tracing waits for nothing.
        self._let_go()

    def _let_go(self) -> None:
        """Prints what need not wait any more."""
        for record in self._queue.ready():
            self._print(record.site, record.cpu, record.probe, record.data, 0, more=bool(record.more))

    # --- messages -----------------------------------------------------------------------------------------

    def _complain(self, message: str) -> None:
        self._write()
        tell(self._stderr, message)

    def _fault(self, buffer: Buffer, offset: int) -> None:
        _, cpu, probe, clause, action, kind, _, address = FAULT_RECORD.unpack_from(buffer, offset)
        words = FAULTS[kind] if kind < len(FAULTS) else FAULTS[0]
        self.show_fault(Fault(cpu, probe, clause, action, words, address if kind in ADDRESS_FAULTS else None))

    def _probe_name(self, number: int) -> str:
        probe = self._artifact.probes.get(number)
        if probe is None:
            return f"(ID {number})"
        return f"(ID {probe.id}: {probe.provider}:{probe.module}:{probe.function}:{probe.name})"

    # --- options ------------------------------------------------------------------------------------------

    def _apply_options(self) -> None:
        self._quiet, self._flow = self._options.flag("quiet"), self._options.flag("flowindent")
        self._choose_quick()
        self._printer.indent = self._options.count("stackindent") or 0
        self._printer.raw_bytes = self._options.flag("rawbytes")
        self._printer.look = Look.of(self._options)

    def _choose_quick(self) -> None:
        """What is printed of sites that only print, unless that depends on records before: indentation, a first one."""
        made: dict[int, Formatter] = {}
        if self._quiet and not self._flow:
            made = self._formats
        elif self._headed and not self._flow:
            made = {site: self._led.joined(each).joined(Formatter(b"\n", ())) for site, each in self._formats.items()}
        self._quick = {site: each.reader() for site, each in made.items()}
        self._quick_formats = made
        self._runs = {}

    @cached_property
    def _led(self) -> Formatter:
        """What stands before the text of a record: its CPU, and its probe's id and name."""
        cpu = Slot(b"%3d", (Field("uint", 2, 2),), (None,))
        probe = Slot(b"%s", (Field("uint", 4, 4),), (self._heads.__getitem__,))
        return Formatter(b"%3d %s", (cpu, probe))

    def _set_option(self, setting: str) -> None:
        problem, checked = "", ""
        name, equals, text = setting.partition("=")
        value = text if equals else None
        option = OPTIONS.get(name)
        try:
            checked = check_option(name, value)
        except DtransError:
            problem = "Invalid value for specified option" if option else "Invalid option name"
        if option and not option.dynamic:
            problem = "Operation illegal when tracing is active"
        if problem:
            self.show_failure(f'couldn\'t set option "{name}" to "{"1" if value is None else value}": {problem}')
            return
        self._options.given[name] = checked
        self._apply_options()
        self._host.option_changed(name)

    # --- actions, made ready ------------------------------------------------------------------------------

    def site_format(self, site: Site) -> Formatter | None:
        """One format for a site that does nothing but printf(), always; None for another."""
        made = None
        for action in site.actions:
            if not isinstance(action, Printf) or action.present is not None:
                return None
            formatter = compile_format(action.format, action.args, self._names)
            made = made.joined(formatter) if made else formatter
        return made

    def _present_step(self, action: Action) -> Step | None:
        """The step of an action, left out by records whose branch did not take it."""
        step, present = self.step(action), action.present
        if step is None or present is None:
            return step

        def step_if_present(buffer: Buffer, offset: int) -> None:
            if buffer[offset + present]:
                step(buffer, offset)

        return step_if_present

    def step(self, action: Action) -> Step | None:
        """What an action does with a record: most append to the pending text."""
        match action:
            case Printf(text, args):
                return self._appending(compile_format(text, args, self._names).reader())
            case Printa(aggregations, text):
                return self._printa_step(aggregations, text)
            case Trace(value) | PrintStack(value):
                return self._trace_step(value)
            case Tracemem(value, length):
                memory_of = memory_reader(value, length)
                return self._appending(lambda buffer, offset: hex_dump(memory_of(buffer, offset)))
            case PrintValue(value, shape):
                data_of, printer = one_reader(value), ShapePrinter(self._names.resolver.kernel)
                return self._appending(lambda buffer, offset: printer.text(shape, data_of(buffer, offset)))
            case System(text, args):
                return self._system_step(text, args)
            case Freopen(text, args):
                return self._freopen_step(text, args)
            case Truncate():
                return lambda _buffer, _offset: self._truncate()
            case Halt(key):
                return lambda _buffer, _offset: self._halt(key)
            case Exit(status):
                status_of = one_reader(status)
                return lambda buffer, offset: self._host.request_exit(status_of(buffer, offset))
            case SetOption(text, args):
                setting_of = compile_format(text, args, self._names).reader()
                return lambda buffer, offset: self._set_option(setting_of(buffer, offset).decode(errors="replace"))
            case Clear() | Trunc() | Normalize() | Denormalize():
                return self._aggregation_step(action)
            case DefaultAction() | Accumulate():  # The latter never comes here: see `dtrans.run.output.missing`.
                return None

    def _aggregation_step(self, action: Clear | Trunc | Normalize | Denormalize) -> Step:
        number, state = action.aggregation, self._aggregations
        match action:
            case Clear():
                return lambda _buffer, _offset: state.clear(number)
            case Denormalize():
                return lambda _buffer, _offset: state.denormalize(number)
            case Trunc(count=None):
                return lambda _buffer, _offset: state.trunc(number, None)
            case Trunc(count=count):
                assert count is not None
                count_of = one_reader(count)
                return lambda buffer, offset: state.trunc(number, count_of(buffer, offset))
            case Normalize(factor=factor):
                factor_of = one_reader(factor)

        def normalize(buffer: Buffer, offset: int) -> None:
            try:
                state.normalize(number, factor_of(buffer, offset))
            except ZeroDivisionError:
                name = state.tables[number].aggregation.name
                self.show_failure(f"normalize() of @{name} by 0 is left out")

        return normalize

    def _appending(self, text_of: Callable[[Buffer, int], bytes]) -> Step:
        pending = self._pending
        return lambda buffer, offset: pending.append(text_of(buffer, offset))

    def _trace_step(self, value: Field) -> Step:
        item_of, printer = one_reader(value), self._printer
        return self._appending(
            lambda buffer, offset: printer.text(value, item_of(buffer, offset), TRACE_WIDTH, quiet=self._quiet)
        )

    def _printa_step(self, numbers: Sequence[int], text: str | None) -> Step:
        state, pending = self._aggregations, self._pending
        tables = [state.tables[number] for number in numbers]
        rows: DefaultRows | FormattedRows
        rows = DefaultRows(tables, self._printer) if text is None else FormattedRows(text, tables, self._printer)

        def printa(_buffer: Buffer, _offset: int) -> None:
            if text is None:
                pending.append(b"\n")
            lines = rows.lines(state.rows(numbers))
            pending.extend(lines)
            for table in tables:
                table.printed = table.printed or bool(lines)

        return printa

    def _system_step(self, text: str, args: Sequence[Field]) -> Step:
        command_of = compile_format(text, args, self._names).reader()

        def system(buffer: Buffer, offset: int) -> None:
            command = command_of(buffer, offset)
            self._write()
            self._host.run_command(command, self._file.fileno() if self._file else None)

        return system

    def _freopen_step(self, text: str, args: Sequence[Field]) -> Step:
        if not text:
            return lambda _buffer, _offset: self._reopen(None)
        path_of = compile_format(text, args, self._names).reader()
        return lambda buffer, offset: self._reopen(path_of(buffer, offset))

    def _truncate(self) -> None:
        """Empty the file that output goes to; what is no file has no end to move."""
        self._write()
        with contextlib.suppress(OSError, ValueError):
            descriptor = self._sink.fileno()
            os.ftruncate(descriptor, 0)
            os.lseek(descriptor, 0, os.SEEK_SET)

    def _halt(self, key: str) -> None:
        """Stop the machine with a message that says who did it."""
        self._write()
        name = _HALTS[key]
        message = f"dtrans: {name} action at probe {self._probe_name(self._probe)} on enabled probe ID {self._clause}"
        try:
            self._host.halt(key, message)
        except OSError as error:
            self.show_failure(f"couldn't {name}(): {error.strerror}")

    def _reopen(self, path: bytes | None) -> None:
        """Send what follows to a file, at its end; None is standard output again."""
        self._write()
        opened = None
        if path is not None:
            try:
                opened = open(path, "ab")  # noqa: SIM115 - the next freopen() closes it
            except OSError as error:
                self.show_failure(f'couldn\'t freopen() "{os.fsdecode(path)}": {error.strerror}')
                return
        if self._file is not None:
            self._file.close()
        self._file = opened


def one_reader(part: Field) -> Callable[[Buffer, int], Any]:
    """A function from (buffer, offset) to the field's item."""
    read = unpacker([part])
    return lambda buffer, offset: read(buffer, offset)[0]


def memory_reader(value: Field, length: Field | None) -> Callable[[Buffer, int], bytes]:
    """A function from (buffer, offset) to the bytes that tracemem() shows."""
    data_of: Callable[[Buffer, int], bytes] = one_reader(value)
    if length is None:
        return data_of
    length_of = one_reader(length)

    def shortened(buffer: Buffer, offset: int) -> bytes:
        data, size = data_of(buffer, offset), length_of(buffer, offset)
        # A length of 0, or beyond the memory recorded, is none (libdtrace dt_consume_cpu).
        return data[:size] if size > 0 else data

    return shortened
