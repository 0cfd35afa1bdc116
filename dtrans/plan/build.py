"""From typed program to plan: probes bound to Linux attach points, every Solaris-ism replaced.

Before: ``io:::start { @[args[1]->dev_statname] = sum(args[0]->b_bcount); }``
After: at ``rawtp:block_io_start``, one firing with that clause, its leaves made from the rows of `translators/`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from dtrans.artifact import Probe
from dtrans.attach import Attach, Moment, RawTracepoint, Tracepoint, UserCode
from dtrans.check.functions import FunctionProbe
from dtrans.check.processes import UserProbe, place_note, split_process
from dtrans.check.program import TypedClause, TypedProgram
from dtrans.check.tracepoints import RawProbe, TracepointProbe
from dtrans.check.tree import (
    Assign,
    Const,
    Do,
    Expr,
)
from dtrans.check.universe import CallProbe, ProbeRef, RowProbe, Universe
from dtrans.errors import fail
from dtrans.knowledge.rows import Point, SourceRow
from dtrans.plan import calls, exits
from dtrans.plan.folding import Folder
from dtrans.plan.functions import FunctionArguments, attach_functions, sees_stack
from dtrans.plan.leaves import Linux, PlaceProbe, ProbeCookie
from dtrans.plan.lowering import CallArguments, Lowering, RowArguments
from dtrans.plan.places import UserArguments, UserPlaces, is_any_process
from dtrans.plan.plan import AttachPoint, Became, Code, Firing, Plan, PlanClause
from dtrans.plan.points import CALL_RETURN, attach_of, both, call_guard
from dtrans.plan.rows import RowNames
from dtrans.plan.tracepoints import Alike, alike
from dtrans.syntax.printer import show
from dtrans.types import INT64, UINT32, Function, Type

#: So many functions are asked for their types, to see whether one program can know its arguments by them.
_ALIKE = 16
#: The number of clauses that are no program's: those of programs begin at 1.
_OURS = 0
#: What a call did inside of the kernel comes before its return: it is subtracted from the order of such a probe.
_BEFORE_CALLS = 1 << 48
#: The longest part of a name that programs can hold, of probes whose names only the loader knows.
_NAME_BOUND = 63


@dataclass
class _FiringBuilder:
    """A firing in the making. `last` runs after its clauses, also when the guard does not hold. `saves` are the
    variables that a point saves for others, or forgets when they were read."""

    order: int
    guard: Expr[Linux] | None
    thread: Expr[Linux] | None = None
    tid: Expr[Linux] | None = None
    clauses: list[PlanClause] = field(default_factory=list)
    last: PlanClause | None = None
    saves: frozenset[str] = frozenset()

    def build(self) -> Firing:
        if self.last is None or not self.clauses:
            return Firing(self.guard, self.thread, self.tid, tuple(self.clauses))
        guarded = [replace(clause, guard=both(self.guard, clause.guard)) for clause in self.clauses]
        return Firing(None, self.thread, self.tid, (*guarded, self.last))


@dataclass
class Numbering:
    """Probe numbers: one for each probe, and blocks in which a system call's number is added to a base."""

    probes: dict[int, Probe] = field(default_factory=dict)
    _of: dict[int, int] = field(default_factory=dict)
    _blocks: list[tuple[int, dict[int, int]]] = field(default_factory=list)
    _next: int = 0

    def number(self, ref: ProbeRef) -> int:
        if ref.id not in self._of:
            self._of[ref.id] = self._next
            self.probes[self._next] = _shown(ref)
            self._next += 1
        return self._of[ref.id]

    def block(self, named: Sequence[tuple[int, ProbeRef]], size: int) -> int:
        """The base of a block in which these calls have these probes; blocks are shared where they agree."""
        agreeing = (block for block in self._blocks if all(block[1].get(call, ref.id) == ref.id for call, ref in named))
        found = next(agreeing, None)
        if found is None:
            found = self._next, {}
            self._blocks.append(found)
            self._next += size
        base, taken = found
        for call, ref in named:
            taken[call] = ref.id
            self.probes[base + call] = _shown(ref)
        return base


class Planner:
    """Plans one program on one kernel."""

    def __init__(self, program: TypedProgram, universe: Universe) -> None:
        self.program = program
        self.universe = universe
        self.numbering = Numbering()
        self.claims = calls.claims_of(universe.knowledge.calls.values())
        self.shared_out = calls.shared_out(ref for clause in program.clauses for ref in clause.probes)
        self.became: dict[tuple[str, str], Became] = {}
        self._firings: dict[Attach | None, dict[object, _FiringBuilder]] = {}
        #: Probes that can share a program, by id, and the clauses of each.
        self._shared: dict[int, tuple[ProbeRef, list[TypedClause]]] = {}
        #: Tracepoints of whose fields a clause reads one.
        self._read: set[Attach | None] = set()
        self.places = UserPlaces(program.zero_matches)
        #: The tracepoints that share programs, by id.
        self._together: set[int] = set()
        #: Variables of values that points save for others, and that were read.
        self._saved: set[str] = set()
        #: The clauses that ask where a function of a process returned from.
        self._leaving: set[int] = set()

    def plan(self) -> Plan:
        """The plan. Raises DtransError where a clause needs what this kernel or the probe does not have."""
        together = list(alike(self.program.clauses, self.universe))
        self._together = {ref.id for group in together for _, ref in group.probes}
        for clause in self.program.clauses:
            self._clause(clause)
        for group in together:
            self._at_tracepoints(group)
        self._functions()
        self._without_fields()
        self._without_unread()
        points = tuple(
            AttachPoint(attach, tuple(one.build() for one in sorted(found.values(), key=lambda firing: firing.order)))
            for attach, found in self._firings.items()
            if attach is not None
        )
        error = [one.build() for one in self._firings.get(None, {}).values()]
        return Plan(
            points,
            error[0] if error else None,
            self.numbering.probes,
            self.program.aggregations,
            self.program.variables,
            self.program.options,
            self.program.matched,
            self.program.lost,
            self.program.idle,
            tuple(self.became.values()),
            tuple(self.places.wanted),
        )

    # --- clauses --------------------------------------------------------------------------------------

    def _clause(self, clause: TypedClause) -> None:
        for entry in (True, False):
            found = [ref for ref in clause.probes if isinstance(ref.served, CallProbe) and ref.served.entry == entry]
            if found:
                self._calls(clause, found, entry=entry)
        for ref in clause.probes:
            if ref.id in self._together:
                continue
            match ref.served:
                case RowProbe(_, row):
                    source = self.universe.source(row)
                    assert source is not None
                    note = source.note or row.note
                    where = ", ".join(point.at for point in source.points)
                    self._tell(str(ref), where, note.fidelity, note.differs)
                    for index, point in enumerate(source.points):
                        if ref.served.process:
                            self._at_user_point(clause, ref, ref.served, index, source)
                        else:
                            self._at_point(clause, ref, point, index, source)
                case TracepointProbe(group, event):
                    names = [f"ctx->{one.name}" for one in self.universe.facts.tracepoint(group, event) or ()]
                    point = Point(f"tracepoint:{group}:{event}", args=tuple(names))
                    self._tell(str(ref), point.at, "exact", "")
                    self._at_point(clause, ref, point, 0)
                case RawProbe(_, event):
                    params = self.universe.facts.raw_tracepoint(event) or ()
                    point = Point(f"rawtp:{event}", args=tuple(f"ctx->{param.name}" for param in params))
                    self._tell(str(ref), point.at, "exact", "")
                    self._at_point(clause, ref, point, 0)
                case UserProbe() as probe:
                    self._in_processes(clause, ref, probe)
                case FunctionProbe():
                    self._shared.setdefault(ref.id, (ref, []))[1].append(clause)
                case CallProbe():
                    pass

    def _without_fields(self) -> None:
        """Tracepoints of which no clause reads a field become raw ones: the kernel makes no record of their fields, and
        detaches a program from one in a hundredth of the time, which counts where they are hundreds."""
        for attach in [one for one in self._firings if isinstance(one, Tracepoint) and one not in self._read]:
            if self.universe.facts.raw_tracepoint(attach.event) is not None:
                self._firings.setdefault(RawTracepoint(attach.event), {}).update(self._firings.pop(attach))

    def _without_unread(self) -> None:
        """Points of the kernel that save what no clause reads are not attached, and nothing is forgotten of it."""
        for attach in [one for one in self._firings if not isinstance(one, UserCode)]:
            firings = self._firings[attach]
            for key, firing in list(firings.items()):
                if not firing.saves or firing.saves & self._saved:
                    continue
                if firing.last is None:
                    del firings[key]
                firing.last = None
            if not firings:
                del self._firings[attach]

    def _functions(self) -> None:
        """Probes at kernel functions, those with the same clauses together."""
        groups: dict[tuple[bool, tuple[int, ...]], list[tuple[int, FunctionProbe]]] = {}
        clauses = {clause.number: clause for clause in self.program.clauses}
        for ref, found in self._shared.values():
            assert isinstance(ref.served, FunctionProbe)
            key = ref.served.entry, tuple(clause.number for clause in found)
            groups.setdefault(key, []).append((self.numbering.number(ref), ref.served))
        for (entry, numbers), probes in groups.items():
            served = dict(probes)
            span = clauses[numbers[0]].node.span
            builtins = self.universe.knowledge.builtins
            stacks = any(sees_stack(clauses[number].node, builtins) for number in numbers)
            moment: Moment = "entry" if entry else "return"
            for attach, members in attach_functions(self.universe.facts, moment, probes, span, stacks=stacks):
                self._at_functions(attach, [clauses[number] for number in numbers], members, served)

    def _at_functions(
        self,
        attach: Attach,
        clauses: Sequence[TypedClause],
        numbers: tuple[int, ...],
        served: Mapping[int, FunctionProbe],
    ) -> None:
        """One program at one or more functions."""
        facts = self.universe.facts
        one = served[numbers[0]]
        kinds = [facts.function(served[number].name, served[number].module) for number in numbers[:_ALIKE]]
        alike = len(numbers) <= _ALIKE and all(_signature(kind) == _signature(kinds[0]) for kind in kinds)
        shown = self.numbering.probes[numbers[0]]
        what = f"{shown.provider}:{shown.module}:{shown.function}:{shown.name}"
        for number in numbers[:_ALIKE]:
            probe = self.numbering.probes[number]
            name = f"{probe.provider}:{probe.module}:{probe.function}:{probe.name}"
            self._tell(name, f"{type(attach).__name__.lower()}", "exact", "")
        names = self._names(Point(f"function-{'entry' if one.entry else 'return'}:"), numbers)
        lowering = Lowering(self._tell, names, FunctionArguments(attach, kinds[0] if alike else None, what))
        probe_number: Expr[Linux] = Const(numbers[0], UINT32) if len(numbers) == 1 else ProbeCookie()
        firing = self._firings.setdefault(attach, {}).setdefault("functions", _FiringBuilder(0, None))
        for clause in clauses:
            self._add(firing, clause, lowering, None, probe_number, numbers)

    def _at_tracepoints(self, group: Alike) -> None:
        """One program at many tracepoints."""
        numbers = tuple(self.numbering.number(ref) for _, ref in group.probes)
        kind = "rawtp:" if group.raw else "tracepoint:"
        for name, ref in group.probes:
            self._tell(str(ref), f"{kind}{name}", "exact", "")
        names = self._names(Point(kind), numbers)
        lowering = Lowering(self._tell, names, RowArguments(names, names.point, group.probes[0][1]))
        firing = self._firings.setdefault(group.attach(numbers), {}).setdefault("tracepoints", _FiringBuilder(0, None))
        for clause in group.clauses:
            self._add(firing, clause, lowering, None, ProbeCookie(), numbers)

    def _in_processes(self, clause: TypedClause, ref: ProbeRef, probe: UserProbe) -> None:
        """A description of functions or sites in processes: one clause serves all that it and its like mean."""
        attach = self.places.of_functions(clause, ref, probe)
        firing = self._firings.setdefault(attach, {}).setdefault("places", _FiringBuilder(0, None))
        told = place_note(probe, ref.name)
        self._tell(str(ref), f"{attach.moment} in processes, by uprobes", told.fidelity, told.differs)
        if all(one.number != clause.number for one in firing.clauses):
            names = self._user_names(Point(f"user-{attach.moment}:"), ref)
            arguments = UserArguments(attach, str(ref), lambda: self._left(clause, firing))
            lowering = Lowering(self._tell, names, arguments)
            self._add(firing, clause, lowering, self.places.guard(attach, clause), PlaceProbe(), ())
        if clause.number in self._leaving and attach.moment == "return":
            noting = self._firings.setdefault(self.places.of_exits(clause, ref, probe), {})
            note = _own_clause(PlaceProbe(), (), exits.noted(), "the instruction by which a function is left")
            noting.setdefault("places", _FiringBuilder(0, None, clauses=[note]))

    def _left(self, clause: TypedClause, firing: _FiringBuilder) -> Expr[Linux]:
        """Where a function returned from, which programs at its exits note."""
        self._leaving.add(clause.number)
        firing.last = _own_clause(PlaceProbe(), (), exits.forgotten(), "the instruction is forgotten")
        return exits.offset()

    def _at_user_point(
        self, clause: TypedClause, ref: ProbeRef, probe: RowProbe, index: int, source: SourceRow
    ) -> None:
        point = source.points[index]
        attach = self.places.of_row(clause, ref, probe, index, point)
        names = self._user_names(point, ref, source)
        firings = self._firings.setdefault(attach, {})
        firing = firings.get("row")
        if firing is None:
            when = names.evaluate((point.when,)) if point.when else None
            firing = firings["row"] = _FiringBuilder(0, when[0] if when else None)
            self._keep_state(firing, PlaceProbe(), (), names)
        if not point.save and all(one.number != clause.number for one in firing.clauses):
            lowering = Lowering(self._tell, names, RowArguments(names, point, ref))
            self._add(firing, clause, lowering, self.places.guard(attach, clause), PlaceProbe(), ())

    def _user_names(self, point: Point, ref: ProbeRef, source: SourceRow | None = None) -> RowNames:
        owner = f"{split_process(ref.provider)[0]}:{ref.name}"
        any_process = is_any_process(ref)
        types = self.program.types.of_rows
        return RowNames(types, point, lambda _: _NAME_BOUND, source, owner, any_process=any_process, read=self._saved)

    def _at_point(
        self,
        clause: TypedClause,
        ref: ProbeRef,
        point: Point,
        index: int,
        source: SourceRow | None = None,
    ) -> None:
        number = self.numbering.number(ref)
        names = self._names(point, [number], source, f"{ref.provider}:{ref.module}:{ref.function}:{ref.name}")
        rated = ref.served if isinstance(ref.served, RowProbe) else None
        attach = attach_of(point.at, self.universe.facts, rated)
        firings = self._firings.setdefault(attach, {})
        firing = firings.get((ref.id, index))
        if firing is None:
            when = names.evaluate((point.when,)) if point.when else None
            if point.when and when is None:
                raise fail("D_KNOWLEDGE", f"the guard '{point.when}' of {ref} does not fit this kernel")
            guard = both(call_guard(point.at, self.universe.calls), when[0] if when else None)
            tid = names.evaluate(self.program.types.knowledge.builtins["tid"].thread) if point.thread else None
            order = ref.id * 16 + index - (_BEFORE_CALLS if attach == CALL_RETURN else 0)
            firing = _FiringBuilder(order, guard, names.thread(), tid[0] if tid else None)
            firings[ref.id, index] = firing
            self._keep_state(firing, Const(number, UINT32), (number,), names)
        if not point.save:
            lowering = Lowering(self._tell, names, RowArguments(names, point, ref))
            self._add(firing, clause, lowering, None, Const(number, UINT32), (number,))
        if names.reads_fields:
            self._read.add(attach)

    def _keep_state(
        self, firing: _FiringBuilder, probe: Expr[Linux], numbers: tuple[int, ...], names: RowNames
    ) -> None:
        """What a point saves for the other points of its source, or that it forgets what they saved."""
        points = names.source.points if names.source is not None else ()
        if names.point.save:
            values = {name: names.saving(name) for name in names.point.save}
            firing.saves = frozenset(names.saved(name).name for name in values)
            firing.clauses.append(_own_clause(probe, numbers, _kept(names, values), f"saved for {names.owner}"))
        elif (saved := [name for point in points for name in point.save]) and not names.point.keep:
            nothing = {name: Const(0, INT64) for name in saved}
            firing.saves = frozenset(names.saved(name).name for name in nothing)
            firing.last = _own_clause(probe, numbers, _kept(names, nothing), f"forgotten for {names.owner}")

    def _calls(self, clause: TypedClause, refs: Sequence[ProbeRef], *, entry: bool) -> None:
        kind = "syscall-entry" if entry else "syscall-return"
        refs = [self._with_its_share(ref) for ref in refs]
        found = calls.variants(refs, self.universe.calls, self.claims)
        named = [pair for variant in found if not variant.when for pair in variant.probes]
        base = self.numbering.block(named, max(self.universe.calls.values()) + 1) if named else 0
        guarded = [self.numbering.number(ref) for variant in found if variant.when for _, ref in variant.probes]
        numbers = tuple(sorted({*guarded, *(base + call for call, _ in named)}))
        names = self._names(Point(f"{kind}:"), numbers)

        def evaluate(text: str) -> Expr[Linux]:
            made = names.evaluate((text,))
            if made is None:
                raise fail("D_KNOWLEDGE", f"'{text}' in a row of a system call does not fit this kernel")
            return made[0]

        for ref in refs:
            self._tell_call(ref)
        attach = attach_of(f"{kind}:", self.universe.facts)
        firing = self._firings.setdefault(attach, {}).setdefault("calls", _FiringBuilder(0, None))
        called = {number: name for name, number in self.universe.calls.items()}
        placed = calls.Arguments(found, called, self.universe.signatures, evaluate) if entry else None
        lowering = Lowering(self._tell, names, CallArguments(placed, evaluate))
        probe = calls.probe_number(found, self.numbering.number, base, evaluate)
        direct = calls.direct_numbers(found, base)
        self._add(firing, clause, lowering, calls.guard(found, evaluate), probe, numbers, direct)

    def _with_its_share(self, ref: ProbeRef) -> ProbeRef:
        """A system call's second name with the calls that the program means by no other."""
        assert isinstance(ref.served, CallProbe)
        row = self.shared_out.get(ref.served.name)
        return ref if row is None else replace(ref, served=replace(ref.served, row=row))

    def _add(
        self,
        firing: _FiringBuilder,
        clause: TypedClause,
        lowering: Lowering,
        guard: Expr[Linux] | None,
        probe: Expr[Linux],
        numbers: tuple[int, ...],
        direct: Mapping[int, int] = MappingProxyType({}),
    ) -> None:
        if isinstance(guard, Const):
            return
        folder = Folder({number: self.numbering.probes[number] for number in numbers}, direct)
        predicate = None
        if clause.predicate is not None:
            predicate = folder.fold(lowering.rewriter.expr(clause.predicate))
            if isinstance(predicate, Const) and not predicate.value:
                return
            if isinstance(predicate, Const):
                predicate = None
        body = folder.body(tuple(map(lowering.rewriter.statement, clause.body)))
        text, span = show(clause.node), clause.node.span
        firing.clauses.append(
            PlanClause(clause.number, guard, probe, numbers, predicate, body, clause.default, text, span)
        )

    def _names(
        self, point: Point, numbers: Sequence[int], source: SourceRow | None = None, owner: str = ""
    ) -> RowNames:
        probes = [self.numbering.probes[number] for number in numbers]

        def bound(part: str) -> int:
            return max((len(getattr(probe, part)) for probe in probes), default=0)

        return RowNames(self.program.types.of_rows, point, bound, source, owner, read=self._saved)

    # --- what became of it ----------------------------------------------------------------------------

    def _tell(self, subject: str, became: str, fidelity: str, differs: str) -> None:
        self.became.setdefault((subject, became), Became(subject, became, fidelity, differs))

    def _tell_call(self, ref: ProbeRef) -> None:
        assert isinstance(ref.served, CallProbe)
        row = ref.served.row
        if row is None:
            self._tell(str(ref), f"system call {ref.served.name}", "exact", "")
            return
        names = [call.name for call in row.linux if call.name in self.universe.calls]
        became = f"system call{'s' * (len(names) > 1)} {', '.join(names)}" if names else "a name that never fires"
        if row.spare and not names:
            became = "a second name, which does not fire: the program names the call otherwise too"
        self._tell(str(ref), became, row.note.fidelity, row.note.differs)


def _own_clause(probe: Expr[Linux], numbers: tuple[int, ...], body: Code, text: str) -> PlanClause:
    return PlanClause(_OURS, None, probe, numbers, None, body, False, text)


def _kept(names: RowNames, values: Mapping[str, Expr[Linux]]) -> Code:
    """Keeps values for the other points of a source."""
    key = names.key()
    return tuple(Do(Assign(names.saved(name), key, "", value, old=False)) for name, value in values.items())


def _signature(function: Function | None) -> tuple[Type, ...] | None:
    return None if function is None else (function.returns, *(kind for _, kind in function.params))


def _shown(ref: ProbeRef) -> Probe:
    return Probe(ref.id, ref.provider, ref.module, ref.function, ref.name)
