"""Statements of a plan as C: records for the reader, aggregations, branches, signals.

Before: ``printf("%d %s\\n", pid, execname)``  After: ``r.a0 = pid; bpf_get_current_comm(r.a1, 16);``, and at the
clause's end one ``records.ringbuf_output(&r, ...)``: what a clause records leaves as one record, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from dtrans.artifact import (
    COMMIT_SITE,
    DISCARD_SITE,
    MISSING,
    RECORD_HEADER,
    Accumulate,
    Action,
    Aggregation,
    Clear,
    DefaultAction,
    Denormalize,
    Exit,
    Field,
    Freopen,
    Halt,
    Missing,
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
from dtrans.check.tree import (
    Act,
    Aggregate,
    AggregationInfo,
    Const,
    Do,
    Expr,
    If,
    Load,
    Statement,
)
from dtrans.emit.aggregations import PARTS, Event, interned_kind, is_single, literal_number, put_bucket, update
from dtrans.emit.destructive import change
from dtrans.emit.leaves import intrinsic
from dtrans.emit.memory import c_size
from dtrans.emit.pieces import size_of
from dtrans.emit.records import RecordBuilder, comes_from_process, place_in_process
from dtrans.emit.shapes import shape_of
from dtrans.emit.storage import StructLayout, add_value, bytes_kind, field_kind
from dtrans.emit.text import told
from dtrans.emit.values import Recorded, Values
from dtrans.emit.writer import ILLEGAL_OPERATION
from dtrans.options import Options
from dtrans.plan.leaves import Linux
from dtrans.types import Addresses, Array, Space, StringType, StructRef, Type, align_up

#: Instructions of a record's statements, guessed, up to which it may stand on the stack: those of longer ones have many
#: values there.
_SHORT = 800


class IsLong(Protocol):
    """Whether the part of a clause at hand is long enough to go on in another, within a statement or between two."""

    def __call__(self, *, in_statement: bool) -> bool: ...


@dataclass(frozen=True)
class Division:
    """How a clause goes on in another part of it: when, and what begins that."""

    is_due: IsLong
    begin: Callable[[], None]


class Statements:
    """Emits the bodies of clauses."""

    def __init__(
        self,
        values: Values,
        options: Options,
        aggregations: Sequence[Aggregation],
        infos: Sequence[AggregationInfo],
        *,
        shows_probes: bool,
    ) -> None:
        self.values = values
        self.options = options
        self.aggregations = aggregations
        self.infos = infos
        self.shows_probes = shows_probes
        self.sites: list[Site] = []
        self.records: dict[str, StructLayout] = {}
        self.record = RecordBuilder()
        self.clause = 0
        #: None where what follows must stand with what there is.
        self._division: Division | None = None

    def body(
        self, clause: int, body: Sequence[Statement[Linux]], *, default: bool, division: Division | None = None
    ) -> None:
        """A clause's statements and the record they make."""
        self.clause, self._division = clause, division
        # speculate() alone speculates the default action.
        alone = len(body) == 1 and isinstance(body[0], Act) and body[0].kind == "speculate"
        self._sequence(body, default=(default or alone) and self.shows_probes)

    def _sequence(self, body: Sequence[Statement[Linux]], *, default: bool = False) -> None:
        """A block's statements, and their record: more than one where speculate() or commit() stand in between."""
        outer = self.record
        self._begin(outer.speculation)
        for number, statement in enumerate(body):
            if _divides(statement):
                self._finish()
            if number:
                self._go_on()
            self._statement(statement, conditional=False)
        if default:
            self.record.actions.append(DefaultAction())
        self._finish()
        self.record = outer

    def _begin(self, speculation: tuple[str, str] | None) -> None:
        """A record begins in the lines at hand."""
        self.record = RecordBuilder(speculation, len(self.values.frame.lines.lines))

    def _go_on(self, *, in_statement: bool = False) -> None:
        """Between two statements, or two values of a record: what follows may go elsewhere."""
        record, left = self.record, self.values.frame.lines
        # What speculate() found is known in its own program only.
        if self._division is None or record.speculation is not None:
            return
        if not self._division.is_due(in_statement=in_statement):
            return
        # What more is put before the statements that are left must not move it.
        if not record.left:
            left.insert(record.start, record.opening)
        self._division.begin()
        record.left.append(left.lines)
        record.start = len(self.values.frame.lines.lines)
        self.values.scratch.statement()

    def _finish(self) -> None:
        """Gives the record its place, its header, and sends it. What comes next goes to a new one."""
        self._send()
        self._begin(self.record.speculation)

    def _send(self) -> None:
        values, record, start = self.values, self.record, self.record.start
        # JSON objects carry the time; dtrace's text has none.
        timed = bool(record.actions) and self.options.text("oformat") == "json"
        time = record.layout.add("u64 time;", 8, 8) if timed else None
        record.layout.close()
        size = record.layout.size if record.actions else 0
        _replace(values.frame.lines.lines, start, record.size, str(size))
        if not record.actions:
            _open(record, [])
            return
        site = len(self.sites)
        name = f"record_{site}"
        self.records[name] = record.layout
        word = RECORD_HEADER.size if record.speculation is not None else None
        missing = tuple(record.missing)
        self.sites.append(Site(self.clause, size, tuple(record.actions), word, time, record.process, missing))
        if record.left:
            values.scratch.keep(f"struct {name} r{site};", size)
            place = f"{values.scratch_name}->r{site}"
            opening = []
        elif size_of(values.frame.lines.lines[start:], 0) < _SHORT and values.stack.take(size, since=True):
            place = f"r{site}"
            opening = [f"struct {name} {place};"]
        else:
            member = values.scratch.slot(f"struct {name} r{site};", size, lasting=True)
            place = f"{values.scratch_name}->{member}r{site}"
            opening = []
        opening += [f"{place}.{flag} = 0;" for flag in record.flags]
        opening += [f"{place}.missing.which = 0;"] * bool(missing)
        lines = values.frame.lines
        _replace(lines.lines, start, record.token, place)
        for part in record.left:
            _replace(part, 0, record.token, place)
        if record.left:
            _open(record, opening)
        else:
            for line in reversed(opening):
                lines.insert(start, line)
        if record.speculation is not None:
            values.add(f"{place}.speculation = {record.speculation[1]};")
        if time is not None:
            values.add(f"{place}.time = {intrinsic(values, '__wall', ())};")
        self._submit(place, site, record)
        if record.speculation is not None:
            values.add(f"dt_speculated({', '.join(record.speculation)}, {size});")

    def _submit(self, place: str, site: int, record: RecordBuilder) -> None:
        values = self.values
        values.shared.uses.add("records")
        cpu = values.memo("cpu", "u64", "bpf_get_smp_processor_id()")
        values.add(f"{place}.site = {site};")
        values.add(f"{place}.cpu = {cpu};")
        values.add(f"{place}.probe = probe;")
        values.add(f"SUBMIT{'_MISSING' * bool(record.missing)}({place});")

    # --- statements -----------------------------------------------------------------------------------

    def _statement(self, statement: Statement[Linux], *, conditional: bool) -> None:
        self.values.scratch.statement()
        match statement:
            case Do(expr):
                self.values.frame.action += 1
                self.values.effect(expr)
            case If():
                self._if(statement)
            case Aggregate():
                self._aggregate(statement)
            case Act():
                self.values.frame.action += 1
                self._act(statement, conditional=conditional)

    def _if(self, statement: If[Linux]) -> None:
        condition = self.values.truth(statement.test)
        divided = _divides(statement)
        with self.values.block(f"if ({condition})"):
            self._branch(statement.then, divided=divided)
        if statement.other:
            with self.values.block("else"):
                self._branch(statement.other, divided=divided)

    def _branch(self, body: Sequence[Statement[Linux]], *, divided: bool) -> None:
        if divided:
            division, self._division = self._division, None
            self._sequence(body)
            self._division = division
            return
        for statement in body:
            self._statement(statement, conditional=True)

    # --- aggregations ---------------------------------------------------------------------------------

    def _aggregate(self, statement: Aggregate[Linux]) -> None:
        values, which = self.values, statement.aggregation
        aggregation = self.aggregations[which]
        # For dtrace the aggregation itself is an action, and so is each key, the weight, and the function, in this
        # order (libdtrace dt_cc.c, dt_compile_agg).
        values.frame.action += 1
        last = values.frame.action + len(statement.keys) + (statement.weight is not None) + 1
        with values.block(""):
            if is_single(aggregation):
                key = values.temporary("u32", "0")
                update(values, which, aggregation, key, self._event(statement, last))
            elif any(map(comes_from_process, statement.keys)):
                self._update_or_record(statement, last)
            else:
                key = values.structure(f"struct agg_{which}_key", aggregation.map_key_size)
                self._put_keys(key, statement)
                event = self._event(statement, last)
                put_bucket(values, aggregation, key, event)
                update(values, which, aggregation, key, event)
        values.frame.action = last

    def _event(self, statement: Aggregate[Linux], last: int) -> Event:
        """What the event adds. The function is action number `last`, and the weight the one before."""
        values, operand, weight = self.values, "0", "1"
        if statement.weight is not None:
            values.frame.action = last - 1
            weight = values.temporary("s64", values.integer(statement.weight))
        if statement.value is not None:
            values.frame.action = last
            operand = values.temporary("s64", values.integer(statement.value))
        return Event(operand, weight)

    def _update_or_record(self, statement: Aggregate[Linux], last: int) -> None:
        """Where a part of the key is missing, a record of the event: the reader counts it when it has the part."""
        values, which = self.values, statement.aggregation
        aggregation = self.aggregations[which]
        site, size, record = len(self.sites), aggregation.map_key_size, RecordBuilder()
        operand = Field("int", record.layout.add("s64 operand;", 8, 8), 8)
        weight = Field("int", record.layout.add("s64 weight;", 8, 8), 8)
        missing = record.layout.add("struct dt_missing missing;", MISSING.size, 8)
        record.process = missing
        key = Field("bytes", record.layout.add(f"struct agg_{which}_key key;", size, 8), size)
        name = f"record_{site}"
        member = values.scratch.slot(f"struct {name} r{site};", record.layout.size)
        record.token = f"{values.scratch_name}->{member}r{site}"
        values.add(f"{record.token}.missing.which = 0;")
        values.add(f"ZERO(&{record.token}.key, {size});")
        self._put_keys(f"{record.token}.key", statement, record, key.offset)
        event = self._event(statement, last)
        put_bucket(values, aggregation, f"{record.token}.key", event)
        with values.block(f"if ({record.token}.missing.which)"):
            values.add(f"{record.token}.operand = {event.operand};")
            values.add(f"{record.token}.weight = {event.weight};")
            self._submit(record.token, site, record)
        with values.block("else"):
            update(values, which, aggregation, f"{record.token}.key", event)
        self.records[name] = record.layout
        action = Accumulate(which, key, operand, weight)
        self.sites.append(
            Site(self.clause, record.layout.size, (action,), process=missing, missing=tuple(record.missing))
        )

    def _put_keys(
        self, key: str, statement: Aggregate[Linux], record: RecordBuilder | None = None, offset: int = 0
    ) -> None:
        """The elements of a key, which stands in a record at an offset, or in none. Each is an action."""
        values, which = self.values, statement.aggregation
        places = zip(statement.keys, self.aggregations[which].keys, self.infos[which].keys, strict=True)
        for index, (expr, placed, kind) in enumerate(places):
            values.frame.action += 1
            target = f"{key}.k{index}"
            if record is not None:
                values.recorded = self._recorded(record, target, Field("str", offset + placed.offset, placed.size))
            self._put_key(target, expr, placed, kind)
            values.recorded = None

    def _put_key(self, target: str, expr: Expr[Linux], placed: Field, kind: Type) -> None:
        values = self.values
        if placed.kind == "literal":
            values.add(f"{target} = {literal_number(self.values, expr)};")
        elif placed.kind in PARTS.values():
            values.add(f"{target} = probe;")
        elif isinstance(kind, StringType):
            values.put(target, expr, StringType(placed.size), key=True)
        elif isinstance(kind, Addresses):
            # Other clauses may keep more frames; the key is zeroed.
            assert isinstance(expr.type, Addresses)
            values.put(target, expr, expr.type, key=True)
        else:
            values.put(target, expr, kind, key=True)

    # --- actions --------------------------------------------------------------------------------------

    def _act(self, act: Act[Linux], *, conditional: bool) -> None:
        match act.kind:
            case "raise" | "stop" | "copyout" | "copyoutstr" | "chill":
                change(self.values, act)
                return
            case "speculate" | "commit" | "discard":
                self._on_speculation(act)
                return
        present = self._flag() if conditional else None
        self.record.actions.append(self._action(act, present))

    def _on_speculation(self, act: Act[Linux]) -> None:
        """speculate() of a speculation that is over, has no room or cannot be, silently ends the clause, as in dtrace,
        where its fault is a drop first (illumos dtrace.c, dtrace_probe)."""
        values = self.values
        values.shared.uses |= {"speculation", "records"}
        which = values.temporary("u32", values.integer(act.args[0]))
        if act.kind != "speculate":
            values.fault(f"{which} > NSPEC", ILLEGAL_OPERATION)
        match act.kind:
            case "speculate":
                word = values.temporary("u64", f"dt_speculate({which}, {self.record.size})")
                values.add(f"if (!{word}) goto {values.frame.fault}_end;")
                self.record = RecordBuilder((which, word), self.record.start)
            case "commit":
                values.add(f"dt_end_speculation({which}, {COMMIT_SITE});")
            case "discard":
                values.add(f"dt_end_speculation({which}, {DISCARD_SITE});")

    def _flag(self) -> int:
        name = f"taken{len(self.record.flags)}"
        self.record.flags.append(name)
        offset = self.record.layout.add(f"u8 {name};", 1, 1)
        self.values.add(f"{self.record.token}.{name} = 1;")
        return offset

    def _action(self, act: Act[Linux], present: int | None) -> Action:
        """What the reader does. Where dtrace takes one for several actions, their numbers are counted, for faults."""
        text, args, which = told(act.text or ""), act.args, act.aggregations
        match act.kind:
            case "printf":
                return Printf(text, self._fields(args, present), present)
            case "system":
                return System(text, self._fields(args, present), present)
            case "freopen":
                return Freopen(text, self._fields(args, present), present)
            case "ftruncate":
                return Truncate(present)
            case "panic":
                return Halt("c", present)
            case "breakpoint":
                return Halt("g", present)
            case "printa":
                self.values.frame.action += len(which) - 1
                return Printa(which, None if act.text is None else text, present)
            case "trace":
                value = self._memory(args[0])
                whole = isinstance(args[0], Load) and isinstance(args[0].type, StructRef | Array)
                return Trace(replace(value, kind=bytes_kind(value.size)) if whole else value, present)
            case "print":
                return PrintValue(self._shaped(args[0]), shape_of(self.values.types, args[0].type), present)
            case "tracemem":
                return self._tracemem(args, present)
            case "stack":
                return PrintStack(self._field(args[0]), present)
            case "exit":
                self.values.shared.uses.add("switches")
                status = self._field(args[0])
                self.values.add("dt_stop();")
                return Exit(status, present)
            case "clear":
                return Clear(which[0], present)
            case "trunc":
                self.values.frame.action += 1
                return Trunc(which[0], self._field(args[0]) if args else None, present)
            case "normalize":
                self.values.frame.action += 1
                return Normalize(which[0], self._field(args[0]), present)
            case "denormalize":
                return Denormalize(which[0], present)
            case "setopt":
                return SetOption(text, self._fields(args, present), present)
        raise AssertionError(f"no record: {act.kind}")

    def _fields(self, args: Sequence[Expr[Linux]], present: int | None) -> tuple[Field, ...]:
        """The values of a format; each is an action to dtrace."""
        fields = []
        for index, arg in enumerate(args):
            if index and present is None:
                self._go_on(in_statement=True)
            self.values.frame.action += index > 0
            fields.append(self._memory(arg))
        return tuple(fields)

    def _field(self, expr: Expr[Linux]) -> Field:
        """One value in the record."""
        record, values = self.record, self.values
        name = f"a{len(record.layout.members)}"
        target = f"{record.token}.{name}"
        interned = interned_kind(expr)
        if interned is not None:
            placed = add_value(record.layout, name, expr.type, interned=interned)
            values.add(f"{target} = {literal_number(values, expr) if interned == 'literal' else 'probe'};")
            return placed.field
        kind = expr.type
        if isinstance(expr, Load) and expr.bits is None and place_in_process(expr.address, expr.space, c_size(kind)):
            placed_bytes = self._bytes(expr.address, c_size(kind), expr.space)
            return replace(placed_bytes, kind=field_kind(kind))
        placed = add_value(record.layout, name, kind)
        values.recorded = self._recorded(record, target, placed.field)
        values.put(target, expr, kind)
        values.recorded = None
        return placed.field

    def _recorded(self, record: RecordBuilder, target: str, part: Field) -> Recorded | None:
        """What is put at a place of a record need not be known here: the reader may get it later."""
        values = self.values

        def mark() -> str:
            values.shared.uses.add("missing")
            values.shared.function("ended")
            return record.miss(Missing(part.offset, part.size, part.kind == "str", values.frame.action))

        return None if record.is_full else Recorded(target, mark)

    def _memory(self, expr: Expr[Linux]) -> Field:
        """A value for the reader: a structure or array is copied whole."""
        if not isinstance(expr, Load) or not isinstance(expr.type, StructRef | Array):
            return self._field(expr)
        return self._bytes(expr.address, self.values.types.size(expr.type), expr.space)

    def _shaped(self, expr: Expr[Linux]) -> Field:
        """A value for print(), whose text the reader makes from the bytes: never a number that stands for a string."""
        if isinstance(expr, Load) and isinstance(expr.type, StructRef | Array):
            return self._memory(expr)
        name = f"a{len(self.record.layout.members)}"
        placed, target = add_value(self.record.layout, name, expr.type).field, f"{self.record.token}.{name}"
        self.values.recorded = self._recorded(self.record, target, placed)
        self.values.put(target, expr, expr.type)
        self.values.recorded = None
        return Field("bytes", placed.offset, placed.size)

    def _bytes(self, address: Expr[Linux], size: int, space: Space) -> Field:
        record, values = self.record, self.values
        name = f"a{len(record.layout.members)}"
        offset = record.layout.add(f"u8 {name}[{align_up(size, 8)}];", align_up(size, 8), 8)
        target, placed = f"{record.token}.{name}", Field("bytes", offset, size)
        source = place_in_process(address, space, size)
        where = values.temporary("u64", values.integer(address if source is None else source))
        if source is not None:
            values.recorded = self._recorded(record, target, placed)
            values.user_bytes(target, str(size), where)
            values.recorded = None
        else:
            values.fault(f"bpf_probe_read_kernel({target}, {size}, (void *){where})", 1, where)
        return placed

    def _tracemem(self, args: tuple[Expr[Linux], ...], present: int | None) -> Action:
        """A size of run time is an action to dtrace, before the memory's."""
        assert isinstance(args[1], Const)
        length = self._field(args[2]) if len(args) > 2 else None
        self.values.frame.action += length is not None
        return Tracemem(self._bytes(args[0], args[1].value, "kernel"), length, present)


def _divides(statement: Statement[Linux]) -> bool:
    """Whether what is recorded before a statement, and after it, cannot be one record."""
    match statement:
        case Act("speculate" | "commit", _, _, _):
            return True
        case If(_, then, other):
            return any(map(_divides, (*then, *other)))
    return False


def _open(record: RecordBuilder, opening: Sequence[str]) -> None:
    """Puts statements where a record begins that was left before it was whole."""
    if record.left:
        first = record.left[0]
        at, mark = next((at, line) for at, line in enumerate(first) if line.strip() == record.opening)
        first[at : at + 1] = [mark.replace(record.opening, line) for line in opening]


def _replace(lines: list[str], start: int, token: str, text: str) -> None:
    for index in range(start, len(lines)):
        lines[index] = lines[index].replace(token, text)
