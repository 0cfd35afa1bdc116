"""Statements of a plan as C: records for the reader, aggregations, branches, signals.

Before: ``printf("%d %s\\n", pid, execname)``  After: ``r.a0 = pid; bpf_get_current_comm(r.a1, 16);``, and at the
clause's end one ``records.ringbuf_output(&r, ...)``: what a clause records leaves as one record, or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dtrans.artifact import (
    COMMIT_SITE,
    DISCARD_SITE,
    DROP_KINDS,
    RECORD_HEADER,
    Action,
    Aggregation,
    Clear,
    DefaultAction,
    Denormalize,
    Exit,
    Field,
    FieldKind,
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
from dtrans.check.tree import Act, Aggregate, AggregationInfo, Cond, Const, Do, Expr, If, Load, Statement, Text
from dtrans.emit.destructive import change
from dtrans.emit.leaves import intrinsic
from dtrans.emit.shapes import shape_of
from dtrans.emit.storage import StructLayout, add_value
from dtrans.emit.text import number, told
from dtrans.emit.values import ILLEGAL_OPERATION, Values
from dtrans.options import Options
from dtrans.plan.leaves import Linux, ProbePart
from dtrans.types import Addresses, Array, StringType, StructRef, Type, align_up

AGGREGATION_DROP = DROP_KINDS.index("aggregation")
_HEADER = ("u16 site;", "u16 cpu;", "u32 probe;")
_PARTS: dict[str, FieldKind] = {
    "provider": "probeprov",
    "module": "probemod",
    "function": "probefunc",
    "name": "probename",
}


@dataclass
class RecordBuilder:
    """The record of one block of a clause while its actions are emitted.

    `speculation` names the C variables that hold the id and the word of the speculation to which it belongs, if any.
    """

    speculation: tuple[str, str] | None = None
    layout: StructLayout = field(init=False)
    actions: list[Action] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    #: The C place of the record, and its size, decided when it is whole.
    token: str = "@RECORD@"
    size: str = "@SIZE@"

    def __post_init__(self) -> None:
        self.layout = StructLayout(list(_HEADER), RECORD_HEADER.size)
        if self.speculation is not None:
            self.layout.add("u64 speculation;", 8, 8)


class Statements:
    """Emits the bodies of clauses."""

    def __init__(
        self, values: Values, options: Options, aggregations: Sequence[Aggregation], infos: Sequence[AggregationInfo]
    ) -> None:
        self.values = values
        self.options = options
        self.aggregations = aggregations
        self.infos = infos
        self.sites: list[Site] = []
        self.records: dict[str, StructLayout] = {}
        self.record = RecordBuilder()
        self.clause = 0

    def body(self, clause: int, body: Sequence[Statement[Linux]], *, default: bool) -> None:
        """A clause's statements and the record they make."""
        self.clause = clause
        self.record = RecordBuilder()
        # speculate() alone speculates the default action.
        alone = len(body) == 1 and isinstance(body[0], Act) and body[0].kind == "speculate"
        self._sequence(body, default=(default or alone) and not self.options.flag("quiet"))

    def _sequence(self, body: Sequence[Statement[Linux]], *, default: bool = False) -> None:
        """A block's statements, and their record: more than one where speculate() or commit() stand in between."""
        outer = self.record
        self.record = RecordBuilder(outer.speculation)
        lines = self.values.frame.lines
        start = len(lines.lines)
        for statement in body:
            if _divides(statement):
                self._finish(start)
                start = len(lines.lines)
            self._statement(statement, conditional=False)
        if default:
            self.record.actions.append(DefaultAction())
        self._finish(start)
        self.record = outer

    def _finish(self, start: int) -> None:
        """Gives the record its place, its header, and sends it. What comes next goes to a new one."""
        values, record = self.values, self.record
        self.record = RecordBuilder(record.speculation)
        # JSON objects carry the time; dtrace's text has none.
        timed = bool(record.actions) and self.options.text("oformat") == "json"
        time = record.layout.add("u64 time;", 8, 8) if timed else None
        record.layout.close()
        size = record.layout.size if record.actions else 0
        _replace(values.frame.lines.lines, start, record.size, str(size))
        if not record.actions:
            return
        site = len(self.sites)
        name = f"record_{site}"
        self.records[name] = record.layout
        word = RECORD_HEADER.size if record.speculation is not None else None
        self.sites.append(Site(self.clause, size, tuple(record.actions), word, time))
        if values.stack.take(size, since=True):
            place = f"r{site}"
            opening = [f"struct {name} {place};"]
        else:
            member = values.scratch.slot(f"struct {name} r{site};", size, lasting=True)
            place = f"{values.scratch_name}->{member}r{site}"
            opening = []
        opening += [f"{place}.{flag} = 0;" for flag in record.flags]
        lines = values.frame.lines
        _replace(lines.lines, start, record.token, place)
        for line in reversed(opening):
            lines.insert(start, line)
        values.shared.uses.add("records")
        cpu = values.memo("cpu", "u64", "bpf_get_smp_processor_id()")
        values.add(f"{place}.site = {site};")
        values.add(f"{place}.cpu = {cpu};")
        values.add(f"{place}.probe = probe;")
        if record.speculation is not None:
            values.add(f"{place}.speculation = {record.speculation[1]};")
        if time is not None:
            values.add(f"{place}.time = {intrinsic(values, '__wall', ())};")
        values.add(f"SUBMIT({place});")
        if record.speculation is not None:
            values.add(f"dt_speculated({', '.join(record.speculation)}, {size});")

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
            self._sequence(body)
            return
        for statement in body:
            self._statement(statement, conditional=True)

    # --- aggregations ---------------------------------------------------------------------------------

    def _aggregate(self, statement: Aggregate[Linux]) -> None:
        values, which = self.values, statement.aggregation
        aggregation, info = self.aggregations[which], self.infos[which]
        operand = weight = "0"
        # For dtrace the aggregation itself is an action, and so is each key, the weight, and the function.
        first = values.frame.action + 1
        last = first + len(statement.keys) + (statement.weight is not None) + 1
        if statement.value is not None:
            values.frame.action = last
            operand = values.temporary("s64", values.integer(statement.value))
        if statement.weight is not None:
            values.frame.action = last - 1
            weight = values.temporary("s64", values.integer(statement.weight))
        with values.block(""):
            if is_single(aggregation):
                key = values.temporary("u32", "0")
            else:
                key = values.structure(f"struct agg_{which}_key", aggregation.key_size)
            for index, (expr, placed, kind) in enumerate(zip(statement.keys, aggregation.keys, info.keys, strict=True)):
                values.frame.action = first + index + 1
                self._put_key(f"{key}.k{index}", expr, placed, kind)
            self._update(which, aggregation, key, operand, weight, weighted=statement.weight is not None)
        values.frame.action = last

    def _put_key(self, target: str, expr: Expr[Linux], placed: Field, kind: Type) -> None:
        values = self.values
        if placed.kind == "literal":
            values.add(f"{target} = {self._literal_number(expr)};")
        elif placed.kind in _PARTS.values():
            values.add(f"{target} = probe;")
        elif isinstance(kind, StringType):
            values.put(target, expr, StringType(placed.size), key=True)
        elif isinstance(kind, Addresses):
            # Other clauses may keep more frames; the key is zeroed.
            assert isinstance(expr.type, Addresses)
            values.put(target, expr, expr.type, key=True)
        else:
            values.put(target, expr, kind, key=True)

    def _literal_number(self, expr: Expr[Linux]) -> str:
        match expr:
            case Text(value):
                return str(self.values.shared.string(value))
            case Cond(test, then, other, _):
                condition = self.values.truth(test)
                return f"({condition} ? {self._literal_number(then)} : {self._literal_number(other)})"
        raise AssertionError(f"no literal: {expr}")

    def _update(
        self, which: int, aggregation: Aggregation, key: str, operand: str, weight: str, *, weighted: bool
    ) -> None:
        values = self.values
        value = f"struct agg_{which}_value"
        found = values.temporary(f"{value} *", f"agg_{which}.lookup(&{key})")
        if is_single(aggregation):
            with values.block(f"if ({found})"):
                self._accumulate(which, aggregation, f"{found}->v", operand, weight if weighted else "1")
            return
        with values.block(f"if (!{found})"):
            values.add("u32 zero_ = 0;")
            values.add(f"{value} *fresh = agg_{which}_zero.lookup(&zero_);")
            values.add(f"if (fresh) agg_{which}.insert(&{key}, fresh);")
            values.add(f"{found} = agg_{which}.lookup(&{key});")
        with values.block(f"if ({found})"):
            self._accumulate(which, aggregation, f"{found}->v", operand, weight if weighted else "1")
        with values.block("else"):
            values.add(f"DROP({AGGREGATION_DROP});")

    def _accumulate(self, which: int, aggregation: Aggregation, v: str, operand: str, weight: str) -> None:
        values = self.values
        match aggregation.function:
            case "count":
                values.add(f"{v}[0] += 1;")
            case "sum":
                values.add(f"{v}[0] += {operand};")
            case "avg":
                values.add(f"{v}[0] += 1;")
                values.add(f"{v}[1] += {operand};")
            case "min" | "max":
                values.shared.uses.add("epochs")
                values.add(f"u32 which = {which};")
                values.add("u64 *epoch = epochs.lookup(&which);")
                sign = "<" if aggregation.function == "min" else ">"
                with values.block(f"if (epoch && ({v}[1] != *epoch + 1 || {operand} {sign} (s64){v}[0]))"):
                    values.add(f"{v}[0] = {operand};")
                    values.add(f"{v}[1] = *epoch + 1;")
            case "stddev":
                values.add(f"{v}[0] += 1;")
                values.add(f"{v}[1] += {operand};")
                values.add(f"{values.shared.function('add_square')}(&{v}[2], &{v}[3], {operand});")
            case "quantize":
                values.shared.needed["quantize"] = None
                self._bump(v, f"dt_quantize_bucket({operand})", 127, weight)
            case "lquantize":
                values.shared.needed["lquantize"] = None
                base, _, step = aggregation.parameters
                levels = aggregation.value_size // 8 - 2
                self._bump(v, f"dt_lquantize_level({operand}, {number(base)}, {step}, {levels})", levels + 2, weight)
            case "llquantize":
                values.shared.needed["llquantize"] = None
                factor, low, high, steps = aggregation.parameters
                bucket = f"dt_llquantize_bucket({operand}, {factor}, {low}, {high}, {steps})"
                self._bump(v, bucket, aggregation.value_size // 8, weight)

    def _bump(self, v: str, bucket: str, count: int, weight: str) -> None:
        index = self.values.temporary("u64", bucket)
        self.values.add(f"HIDE({index});")
        self.values.add(f"if ({index} < {count}) {v}[{index}] += {weight};")

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
        self.record.actions.append(self._recorded(act, present))

    def _on_speculation(self, act: Act[Linux]) -> None:
        """speculate() of a speculation that is over, or has no room, silently ends the clause, as in dtrace."""
        values = self.values
        values.shared.uses |= {"speculation", "records"}
        which = values.temporary("u32", values.integer(act.args[0]))
        values.fault(f"{which} > NSPEC", ILLEGAL_OPERATION)
        match act.kind:
            case "speculate":
                word = values.temporary("u64", f"dt_speculate({which}, {self.record.size})")
                values.add(f"if (!{word}) goto {values.frame.fault}_end;")
                self.record = RecordBuilder((which, word))
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

    def _recorded(self, act: Act[Linux], present: int | None) -> Action:
        """What the reader does. Where dtrace takes one for several actions, their numbers are counted, for faults."""
        text, args, which = told(act.text or ""), act.args, act.aggregations
        match act.kind:
            case "printf":
                return Printf(text, self._fields(args), present)
            case "system":
                return System(text, self._fields(args), present)
            case "freopen":
                return Freopen(text, self._fields(args), present)
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
                return Trace(self._memory(args[0]), present)
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
                self.values.frame.action += 1
                name, equals, value = text.partition("=")
                return SetOption(name, value if equals else None, present)
        raise AssertionError(f"no record: {act.kind}")

    def _fields(self, args: Sequence[Expr[Linux]]) -> tuple[Field, ...]:
        """The values of a format; each is an action to dtrace."""
        fields = []
        for index, arg in enumerate(args):
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
            values.add(f"{target} = {self._literal_number(expr) if interned == 'literal' else 'probe'};")
            return placed.field
        kind = expr.type
        placed = add_value(record.layout, name, kind)
        values.put(target, expr, kind)
        return placed.field

    def _memory(self, expr: Expr[Linux]) -> Field:
        """A value for the reader: a structure or array is copied whole."""
        if not isinstance(expr, Load) or not isinstance(expr.type, StructRef | Array):
            return self._field(expr)
        return self._bytes(self.values.integer(expr.address), self.values.types.size(expr.type), expr.space)

    def _shaped(self, expr: Expr[Linux]) -> Field:
        """A value for print(), whose text the reader makes from the bytes: never a number that stands for a string."""
        if isinstance(expr, Load) and isinstance(expr.type, StructRef | Array):
            return self._memory(expr)
        name = f"a{len(self.record.layout.members)}"
        placed = add_value(self.record.layout, name, expr.type).field
        self.values.put(f"{self.record.token}.{name}", expr, expr.type)
        return Field("bytes", placed.offset, placed.size)

    def _bytes(self, address: str, size: int, space: str) -> Field:
        record, values = self.record, self.values
        name = f"a{len(record.layout.members)}"
        offset = record.layout.add(f"u8 {name}[{align_up(size, 8)}];", align_up(size, 8), 8)
        where = values.temporary("u64", address)
        helper = "bpf_probe_read_user" if space == "user" else "bpf_probe_read_kernel"
        values.fault(f"{helper}({record.token}.{name}, {size}, (void *){where})", 1, where)
        return Field("bytes", offset, size)

    def _tracemem(self, args: tuple[Expr[Linux], ...], present: int | None) -> Action:
        """A size of run time is an action to dtrace, before the memory's."""
        assert isinstance(args[1], Const)
        length = self._field(args[2]) if len(args) > 2 else None
        self.values.frame.action += length is not None
        return Tracemem(self._bytes(self.values.integer(args[0]), args[1].value, "kernel"), length, present)


def _divides(statement: Statement[Linux]) -> bool:
    """Whether what is recorded before a statement, and after it, cannot be one record."""
    match statement:
        case Act("speculate" | "commit", _, _, _):
            return True
        case If(_, then, other):
            return any(map(_divides, (*then, *other)))
    return False


def _replace(lines: list[str], start: int, token: str, text: str) -> None:
    for index in range(start, len(lines)):
        lines[index] = lines[index].replace(token, text)


# --- layouts of aggregations ------------------------------------------------------------------------------


def interned_kind(expr: Expr[Linux]) -> FieldKind | None:
    """The kind of number that stands for a string whose text the reader knows, or None."""
    match expr:
        case Text():
            return "literal"
        case ProbePart(part, _):
            return _PARTS[part]
        case Cond(_, then, other, kind) if isinstance(kind, StringType):
            one, two = interned_kind(then), interned_kind(other)
            return "literal" if one == two == "literal" else None
    return None


#: Functions whose values only grow, and by which one can see whether any event came.
_GROWING = frozenset({"count", "avg", "quantize", "lquantize", "llquantize"})


def is_single(aggregation: Aggregation) -> bool:
    """Whether an aggregation is one element of a per-CPU array, which costs less to find than one of a hash."""
    return not aggregation.keys and aggregation.function in _GROWING


def lay_out_aggregation(info: AggregationInfo, uses: Sequence[Aggregate[Linux]]) -> tuple[Aggregation, list[str]]:
    """An aggregation's key and value, agreed on by all its uses; the members of its key structure."""
    layout = StructLayout()
    fields: list[Field] = []
    for index, kind in enumerate(info.keys):
        exprs = [use.keys[index] for use in uses]
        fields.append(_key_field(layout, f"k{index}", kind, exprs))
    if not fields:
        layout.add("u64 none;", 8, 8)
    layout.close()
    single = not fields and info.function in _GROWING
    return (
        Aggregation(
            info.name,
            info.function,  # type: ignore[arg-type]
            tuple(fields),
            4 if single else layout.size,
            8 * _value_words(info),
            info.parameters,
        ),
        layout.members,
    )


def _key_field(layout: StructLayout, name: str, kind: Type, exprs: Sequence[Expr[Linux]]) -> Field:
    if isinstance(kind, StringType):
        interned = {interned_kind(expr) for expr in exprs}
        only = next(iter(interned)) if len(interned) == 1 else None
        if only is not None:
            return add_value(layout, name, kind, interned=only).field
        bound = max((expr.type.bound for expr in exprs if isinstance(expr.type, StringType)), default=8)
        return add_value(layout, name, StringType(bound)).field
    if isinstance(kind, Addresses):
        return add_value(layout, name, kind).field
    return add_value(layout, name, kind).field


def _value_words(info: AggregationInfo) -> int:
    match info.function:
        case "count" | "sum":
            return 1
        case "avg" | "min" | "max":
            return 2
        case "stddev":
            return 4
        case "quantize":
            return 127
        case "lquantize":
            base, limit, step = info.parameters
            return (limit - base) // step + 2
    factor, low, high, steps = info.parameters
    return llquantize_buckets(factor, low, high, steps)


def llquantize_buckets(factor: int, low: int, high: int, steps: int) -> int:
    """Words of an llquantize: the bucket below, those of each order of magnitude, the one above."""
    words = 2
    for order in range(low, high + 1):
        count = min(factor ** (order + 1), steps)
        words += count - count // factor
    return words
