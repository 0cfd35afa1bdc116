"""The emitter's door: a plan in, an `Artifact` out.

Before: attach points with firings and clauses  After: one C function for each attach point, the maps they use, the
sites of their records, and what the loader must know. The same plan gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property

from dtrans.artifact import (
    COMMIT_SITE,
    DROP_KINDS,
    ENDED_SITE,
    SPECULATION_ID,
    Artifact,
    Program,
    has_clause_sets,
    map_number,
)
from dtrans.attach import (
    LINGERING,
    Attach,
    KernelFunctions,
    Link,
    PerfEvent,
    RawTracepoint,
    TestRun,
    Tracepoint,
    Tracepoints,
    Trampoline,
    UserCode,
)
from dtrans.check.tree import Act, Aggregate, If, Late, Statement
from dtrans.check.typenames import TypeNames
from dtrans.emit.aggregations import is_single, lay_out_aggregation
from dtrans.emit.calls import MOST_COPIED
from dtrans.emit.clauses import ClauseText
from dtrans.emit.clibrary import collect
from dtrans.emit.error import runs_anywhere
from dtrans.emit.expressions import Expressions
from dtrans.emit.leaves import among, calls_of
from dtrans.emit.pieces import MOST_PIECES, FiringText, Part, in_pieces, in_programs, size_of
from dtrans.emit.render import render
from dtrans.emit.statements import Statements
from dtrans.emit.storage import NAME_SIZE, ScratchLayout, Shared
from dtrans.emit.text import Lines, told
from dtrans.emit.variables import EMPTY, Variables
from dtrans.emit.writer import Frame
from dtrans.errors import fail
from dtrans.options import Options
from dtrans.plan.leaves import Linux
from dtrans.plan.plan import AttachPoint, Firing, Plan
from dtrans.plan.points import CALL_ENTRY, CALL_RETURN
from dtrans.source import Written, written
from dtrans.types import INT, align_up

#: Where the frame's own programs attach. A thread's variables go when the kernel frees it, which is after it left its
#: CPU for the last time; its CPU time counts between switches.
THREAD_GONE = RawTracepoint("sched_process_free")
SWITCH = RawTracepoint("sched_switch")
EXECUTED = RawTracepoint("sched_process_exec")
FORKED = RawTracepoint("sched_process_fork")
ENDED = RawTracepoint("sched_process_exit")
_GONE = "thread_gone(ctx->args[0]);"

#: Bytes of a value of an array map: KMALLOC_MAX_SIZE (kernel/bpf/arraymap.c, array_map_alloc_check).
MOST_SCRATCH = 4 << 20

_CONTEXTS = {RawTracepoint: "struct bpf_raw_tracepoint_args", TestRun: "struct bpf_raw_tracepoint_args",
             Tracepoint: "void", Tracepoints: "void", PerfEvent: "struct bpf_perf_event_data",
             KernelFunctions: "struct pt_regs", Trampoline: "u64", UserCode: "struct pt_regs"}  # fmt: skip


def emitted(plan: Plan, types: TypeNames) -> Artifact:
    """The artifact of a plan. Raises DtransError where the plan asks for what C cannot do.

    Where an attach point's functions are more than the verifier would walk, all is made anew with these called."""
    emitter = Emitter(plan, types)
    made = emitter.emit()
    return Emitter(plan, types, frozenset(emitter.heavy)).emit() if emitter.heavy else made


class Emitter:
    """Emits one plan. At the attach points `called`, by number, the library's functions are called."""

    def __init__(self, plan: Plan, types: TypeNames, called: frozenset[int] = frozenset()) -> None:
        self.plan = plan
        self.called = called
        #: The attach points whose functions the verifier would walk for too long.
        self.heavy: set[int] = set()
        self.types = types
        self.options: Options = plan.options
        self.strsize = align_up(self.options.size("strsize"), 8)
        self.shared = Shared()
        sizes = self.options.size("dynvarsize"), self.options.size("scratchsize")
        self.variables = Variables(plan.variables, types, self.strsize, *sizes)
        uses = aggregate_uses(plan)
        laid_out = [
            lay_out_aggregation(info, uses.get(number, ()), types.size) for number, info in enumerate(plan.aggregations)
        ]
        self.aggregations = tuple(aggregation for aggregation, _ in laid_out)
        self.key_members = [members for _, members in laid_out]
        self.scratch = ScratchLayout()
        self.values = Expressions(self.shared, self.scratch, self.variables, types, self.strsize)
        self.statements = Statements(
            self.values, self.options, self.aggregations, plan.aggregations, shows_probes=_shows_probes(plan)
        )
        self.functions: list[str] = []
        self._in_error = False
        #: Whether exit() may end a firing, and whether a clause before the one at hand may have called it.
        self._stoppable = self._stopped = False
        self._error_size = 0
        #: The system calls that the clauses of the attach point at hand want, at most; None where that may be all.
        self._calls: frozenset[int] | None = None
        self.programs: list[Program] = []
        #: Where the clauses stand, by their numbers.
        self.clauses: dict[int, Written] = {}
        #: Maps by which a program goes on to the next of a firing, and how many there are.
        self.chains: dict[str, int] = {}

    def emit(self) -> Artifact:
        """The artifact, and `heavy`."""
        error = "" if self.plan.error is None else self._error(self.plan.error)
        for number, point in enumerate(self.plan.points):
            self._point(number, point)
        self._frame_programs({point.attach for point in self.plan.points})
        self._check_scratch()
        texts, layouts = collect(self.shared.needed)
        if "oncpu" in self.shared.uses or self.variables.has_threads:
            self.shared.layout("offset", "struct task_struct", "pid")
        for layout in layouts:
            self.shared.layouts.setdefault(layout.macro, layout)
        return Artifact(
            c_text=self._text(error, texts),
            programs=tuple(self.programs),
            probes=dict(sorted(self.plan.probes.items())),
            sites=tuple(self.statements.sites),
            aggregations=self.aggregations,
            strings=tuple(map(told, self.shared.strings)),
            layouts=tuple(self.shared.layouts.values()),
            late=tuple(self.shared.late.values()),
            host=tuple(self.shared.host),
            empty=self.variables.empty_strings(),
            clauses=self.clauses,
            options=dict(sorted(self.options.given.items())),
            matched=sum(count for _, count in self.plan.matched),
            descriptions=self.plan.matched,
            wanted=self.plan.wanted,
            warnings=tuple(
                f"probe description {text} is not served on this kernel, and its clause fires without it: {reason}"
                for text, reason in self.plan.idle
            ),
            notes=tuple((became.subject, became.differs) for became in self.plan.became if became.fidelity != "exact"),
        )

    def _check_scratch(self) -> None:
        """Raises D_NOREG where a clause needs more scratch memory than a value of a map can have."""
        size = self.scratch.size + self._room + (2 * self.shared.arena + 8 if "arena" in self.shared.uses else 0)
        if size > MOST_SCRATCH:
            raise fail(
                "D_NOREG",
                f"a clause needs {size} bytes of memory for its strings, and the kernel gives {MOST_SCRATCH}",
                self.scratch.largest,
                hint="give a smaller strsize, or make two clauses of it",
            )

    @property
    def _room(self) -> int:
        """Bytes behind all strings, see templates/c/README.md."""
        return 2 * max(256, 1 << (self.strsize - 1).bit_length())

    # --- programs -------------------------------------------------------------------------------------

    def _program(self, attach: Attach, body: str, link: Link | None, parts: Sequence[Part]) -> None:
        function, context = f"prog_{len(self.programs)}", _CONTEXTS[type(attach)]
        self.functions.append(f"int {function}({context} *ctx)\n{{\n{body}\n}}")
        placed = {part.clause.number: part.clause.span for part in parts if part.clause.span is not None}
        self.clauses |= {number: written(span) for number, span in placed.items()}
        self.programs.append(Program(function, attach, link=link, clauses=tuple(placed)))

    def _point(self, number: int, point: AttachPoint) -> None:
        """The programs of an attach point: one, unless its firings are too large to stand in one."""
        self.variables.uses_globals = self.variables.arena = self.variables.strtok = False
        self.values.calls.open(called=number in self.called)
        machine = self.types.facts.machine
        self.values.own_frames, self.values.caller_frame = _frames(point.attach, machine)
        self.values.caller_in_register = _caller_in_register(point.attach, machine)
        self.values.has_clause_sets = isinstance(point.attach, UserCode) and has_clause_sets(
            point.attach, self.plan.wanted
        )
        self.values.user_moment = point.attach.moment if isinstance(point.attach, UserCode) else ""
        # After exit() the clauses that are left do not run, but for those of END (dtrace.c, dtrace_probe).
        self._stoppable, self._stopped = point.attach != TestRun("END"), False
        firings = [self._firing(firing, f"p{number}f{index}") for index, firing in enumerate(point.firings)]
        self._calls = _calls_of(point.firings)
        if self.values.calls.steps > MOST_COPIED:
            self.heavy.add(number)
        for group in in_programs(firings, self._error_size):
            pieces = in_pieces(group[0], self._error_size) if len(group) == 1 else []
            if len(pieces) > 1:
                self._chain(point.attach, group[0], pieces)
            else:
                self._whole(point.attach, group)
        if point.attach == THREAD_GONE and self.variables.has_threads:
            # After the clauses, which may still use them; on each CPU, and whatever ends the clauses early.
            self._program(point.attach, f"\t{_GONE}\n\treturn 0;", None, ())

    def _whole(self, attach: Attach, firings: Sequence[FiringText]) -> None:
        """A program of some firings."""
        body = self._program_head(attach, len(self.programs))
        for firing in firings:
            body.lines += firing.whole.lines
        self._finish(attach, body, [part for firing in firings for part in firing.clauses])

    def _chain(self, attach: Attach, firing: FiringText, pieces: Sequence[Sequence[Part]]) -> None:
        """A firing over several programs. Raises D_NOREG for one that is too long even so."""
        if len(pieces) > MOST_PIECES:
            raise fail(
                "D_NOREG",
                f"the clauses of one probe would be {len(pieces)} programs, and one may go on to {MOST_PIECES} others",
                pieces[MOST_PIECES][0].clause.span,
                hint="leave out some, or run them as two programs",
            )
        first = len(self.programs)
        chain = f"chain_{first}"
        self.chains[chain] = len(pieces)
        for name in firing.kept:
            self.scratch.keep(f"u64 kept_{name};", 8)
        if firing.arena:
            self.scratch.keep("u64 kept_arena_used;", 8)
        for index, clauses in enumerate(pieces):
            head = self._program_head(attach, first, goes_on=index > 0)
            head.lines += firing.piece(clauses, chain, index, last=index == len(pieces) - 1).lines
            self._finish(attach, head, clauses, Link(chain, index) if index else None)

    def _finish(self, attach: Attach, body: Lines, parts: Sequence[Part], link: Link | None = None) -> None:
        """A program whose statements are there, which are of some clauses."""
        body.label("done")
        body.add("return 0;")
        self._program(attach, body.text, link, parts)

    def _program_head(self, attach: Attach, program: int, *, goes_on: bool = False) -> Lines:
        """What stands before the firings of a program: what they share, and what ends it early, unless it `goes_on`
        where another has ended."""
        body = Lines()
        if attach in (CALL_ENTRY, CALL_RETURN):
            call = "ctx->args[1]" if attach == CALL_ENTRY else "CALL_NUMBER(ctx)"
            body.add(f"u32 nr = {call};")
            # Most of all calls are none of those that are traced: they cost no more than this.
            if self._calls is not None and not goes_on:
                body.add(f"if (!{among('nr', tuple(self._calls))}) return 0;")
            if self.types.facts.feature("ia32"):
                self.shared.uses.add("compat")
                word = "status" if self.types.facts.machine == "x86_64" else "flags"
                self.shared.layout("offset", "struct task_struct", f"thread_info.{word}")
                self.shared.layout("function", "bpf_get_current_task_btf", optional=True)
                body.add("if (dt_compat()) return 0;")
        if isinstance(attach, UserCode):
            self._add_place(body, attach)
        body.add("u32 fault_action = 0, fault_kind = 0; u64 fault_address = 0;")
        if self.variables.uses_globals:
            body.add("u32 zero = 0;")
        if (self._stops or isinstance(attach, LINGERING)) and not isinstance(attach, TestRun) and not goes_on:
            body.add("if (dt_stopped()) return 0;")
        cpu = self.options.count("cpu")
        if cpu is not None and _fires_on_all_cpus(attach) and not goes_on:
            body.add(f"if (bpf_get_smp_processor_id() != {cpu}) return 0;")
        body.add(f"const u32 program = {program};")
        body.add("SCRATCH(s, program);")
        if self.variables.uses_globals:
            body.add("struct globals *globals_ = globals.lookup(&zero);")
            body.add("if (!globals_) return 0;")
        if not goes_on:
            self._add_scratch_state(body)
        elif self.variables.arena:
            body.add("ARENA(s);")
            body.add("arena_used = s->kept_arena_used;")
        return body

    def _add_place(self, body: Lines, attach: UserCode) -> None:
        """Which probe it is that fires in a process, and which clauses it is for: the place's cookie tells."""
        body.add("u64 cookie = dt_attach_cookie(ctx);")
        body.add("u32 place_probe = PLACE_NUMBER(cookie);")
        if self.values.has_clause_sets:
            self.shared.uses.add("clause_sets")
            body.add("u32 place_set = cookie >> 32;")
            body.add("u64 *place_clauses = (u64 *)clause_sets.lookup(&place_set);")
            body.add("if (!place_clauses) return 0;")
        else:
            body.add("u32 place_clauses = cookie >> 32;")
        if attach.is_any_process:
            # What the tracer does to print a record must not make the next one.
            own = self.shared.late_constant(Late("pid", INT))
            body.add(f"if (bpf_get_current_pid_tgid() >> 32 == {own}) return 0;")
        if attach.has_sites:
            self.shared.uses.add("sites")
            body.add("struct user_site *site = user_sites.lookup(&place_probe);")
            body.add("if (!site) return 0;")
            body.add("place_probe = site->probe;")

    @cached_property
    def _stops(self) -> bool:
        """Whether any clause calls exit(): then every program looks whether tracing has stopped."""
        return any(_has(clause.body, "exit") for firing in all_firings(self.plan) for clause in firing.clauses)

    @cached_property
    def _error_stops(self) -> bool:
        """Whether a fault may end tracing: ERROR has an exit()."""
        return self.plan.error is not None and any(_has(clause.body, "exit") for clause in self.plan.error.clauses)

    def _firing(self, firing: Firing, name: str) -> FiringText:
        """One firing: its guard, the thread's variables, its clauses."""
        values, variables = self.values, self.variables
        variables.open_firing()
        variables.uses_self = False
        values.thread = None
        made = FiringText(name, 1)
        self.scratch.open(f"{name}g")
        with self._lines(made.guard, f"{name}_end"):
            if firing.guard is not None:
                values.add(f"if (!({values.truth(firing.guard)})) goto {name}_end;")
        with self._lines(opening := list[str](), f"{name}_end"):
            if firing.thread is not None:
                values.thread = values.temporary("u64", values.integer(firing.thread))
        for clause in firing.clauses:
            stopped = self._stopped and bool(clause.number)  # Those of our own have the number 0.
            text = ClauseText(values, self.statements, clause, f"{name}c{clause.number}", self._in_error, stopped)
            text.emit()
            made.clauses += text.parts
            if len(text.parts) > 1:
                made.has_parts = True
                made.kept[text.gate] = "u64"
            self._stopped |= self._stoppable and (self._error_stops or _has(clause.body, "exit"))
        in_scratch = f"{values.scratch_name}->"
        numbers = variables.this_numbers()
        made.kept |= {one: kind for one, kind in numbers.items() if not one.startswith(in_scratch)}
        with self._lines(made.fresh, f"{name}_end"):
            for variable, kind in (made.kept | numbers).items():
                values.add(f"{variable} = 0;" if variable.startswith(in_scratch) else f"{kind} {variable} = 0;")
            for string in variables.this_strings():
                values.add(f"*(u64 *)({string}) = {EMPTY};")
            for place, size in variables.this_structures():
                values.add(f"CLEAR({place}, {size});")
        with self._lines(made.opening, "done"):
            if variables.uses_self:
                tid = "" if firing.tid is None else values.integer(firing.tid)
                values.add(f"u32 self_key = THREAD_KEY{f'_OF({tid})' if tid else '()'};")
                values.add("struct thread *self = threads.lookup(&self_key);")
        made.opening += opening
        made.arena = variables.arena
        return made

    @contextmanager
    def _lines(self, into: list[str], fault: str) -> Iterator[None]:
        """What is emitted goes there."""
        lines = Lines(2)
        self.values.frame = Frame(lines, fault)
        yield
        into += lines.lines

    def _error(self, firing: Firing) -> str:
        """The clauses of dtrace:::ERROR, as a function that faults call."""
        body = Lines()
        body.add("u32 fault_action = 0, fault_kind = 0; u64 fault_address = 0;")
        self._in_error = self.values.in_error = True
        # It is copied to each place that can fail.
        self.values.calls.open(called=True)
        made = self._firing(firing, "e").whole
        self._in_error = self.values.in_error = False
        self._add_scratch_state(body)
        body.lines += made.lines
        self._error_size = size_of(body.lines, 0)
        return body.text

    def _add_scratch_state(self, head: Lines) -> None:
        """What copyin() and alloca(), and strtok(), keep from call to call begins anew with each firing."""
        if self.variables.arena:
            head.add("ARENA(s);")
        if self.variables.strtok:
            head.add("*(u64 *)s->strtok_state = 0;")

    def _frame_programs(self, attached: set[Attach]) -> None:
        """Programs that keep the frame's own state."""
        uses, error = self.shared.uses, self.plan.error
        late = "missing" in uses and error is not None and runs_anywhere(error)
        fault = ", ".join(f"ctx->args[{index}]" for index in range(4))
        own: tuple[tuple[bool, str, Attach, str], ...] = (
            (self.variables.has_threads and THREAD_GONE not in attached, "gone", THREAD_GONE, _GONE),
            ("progeny" in uses, "forked", FORKED, "dt_forked(ctx->args[0], ctx->args[1]);"),
            ("progeny" in uses, "freed", THREAD_GONE, "dt_freed(ctx->args[0]);"),
            ("images" in uses, "exec", EXECUTED, "dt_executed();"),
            ("user" in uses, "pages", TestRun("LOAD"), "dt_find_pages();"),
            ("missing" in uses, "ended", ENDED, "dt_process_ended(ctx->args[1]);"),
            (late, "error", TestRun("ERROR"), f"dt_error(ctx, {len(self.functions)}, true, {fault});"),
            ("oncpu" in uses, "switch", SWITCH, "dt_switch(ctx->args[1], ctx->args[2]);"),
        )
        for used, name, attach, call in own:
            if used:
                self.functions.append(f"int prog_{name}({_CONTEXTS[type(attach)]} *ctx)\n{{\n\t{call}\n\treturn 0;\n}}")
                self.programs.append(Program(f"prog_{name}", attach, auxiliary=True))

    # --- text -----------------------------------------------------------------------------------------

    def _text(self, error: str, library: Sequence[str]) -> str:
        threads = self.variables.thread_struct() if self.variables.has_threads else None
        globals_ = self.variables.globals_struct() if self.variables.has_globals else None
        return render(
            "program.c.j2",
            {
                "uses": self.shared.uses,
                "strsize": self.strsize,
                "arena": self.shared.arena if "arena" in self.shared.uses else 0,
                "library": library,
                "globals": globals_,
                "threads": threads,
                "thread_entries": max(1024, min(65536, (16 << 20) // threads.size)) if threads else 0,
                "arrays": list(self.variables.arrays.values()),
                "aggregations": list(zip(self.aggregations, self.key_members, strict=True)),
                "single": is_single,
                "keyed": not all(map(is_single, self.aggregations)),
                "aggregation_entries": self._aggregation_entries(),
                "records": self.statements.records,
                "scratch": self.scratch,
                "room": self._room,
                "clause_words": max((want.clause for want in self.plan.wanted), default=0) // 64 + 1,
                "names": sorted(self.shared.names),
                "name_size": NAME_SIZE,
                "probe_count": max(1, len(self.plan.probes)),
                "record_pages": max(64, self.options.size("bufsize") // 4096),
                "target": self.shared.late["target"].magic if "progeny" in self.shared.uses else 0,
                "stops": self._stops or any(isinstance(point.attach, LINGERING) for point in self.plan.points),
                "host": len(self.shared.host),
                "texts": self.shared.texts,
                "drop_kinds": DROP_KINDS,
                "nspec": self.options.count("nspec") or 0,
                "specsize": self.options.size("specsize"),
                "speculation_id": SPECULATION_ID,
                "commit_site": COMMIT_SITE,
                "ended_site": ENDED_SITE,
                "error": error,
                "chains": self.chains,
                "called": self.values.calls.definitions,
                "map_number": map_number,
                "functions": self.functions,
            },
        )

    def _aggregation_entries(self) -> list[int]:
        """Entries of each aggregation's map: as many as aggsize holds of its keys and values.

        All are made at the start, a microsecond each: memory that a probe asks the kernel for can be refused, and then
        an event is lost. So small entries count as 256 bytes."""
        size = self.options.size("aggsize")
        return [
            max(64, size // max(256, aggregation.map_key_size + 8 * aggregation.map_words))
            for aggregation in self.aggregations
        ]


def _frames(attach: Attach, machine: str) -> tuple[int | None, int]:
    """How many frames of a kernel stack are the program and what calls it, and which of the others is the caller.

    At a function's entry or return the function itself is left out: stack() begins with its caller (Guide, "stack").
    BEGIN and END fire in no code of the kernel: None. On AArch64 the first frame stands there twice where the kernel
    takes the registers of its own code, from which it finds the others (asm/perf_event.h, perf_arch_fetch_caller_regs).
    """
    match attach:
        case TestRun():
            return None, 0
        case RawTracepoint() | Tracepoints(raw=True):
            return 2 if machine == "x86_64" else 4, 1
        case Trampoline():
            return 3, 0
        case KernelFunctions("entry"):
            return 1, 0
        case KernelFunctions():
            return 0, 0  # The return address of a kretprobe is the caller's.
        case Tracepoint() | Tracepoints():
            return 0 if machine == "x86_64" else 1, 1
        case PerfEvent() | UserCode():
            return 0, 1


def _caller_in_register(attach: Attach, machine: str) -> bool:
    """Whether no frame of the kernel's stack has the caller: on AArch64 a function makes one for it after its entry."""
    return machine != "x86_64" and isinstance(attach, KernelFunctions) and attach.moment == "entry"


def _calls_of(firings: Sequence[Firing]) -> frozenset[int] | None:
    """The system calls that any clause of some firings wants, at most; None where that may be all."""
    wanted = [calls_of(clause.guard) for firing in firings for clause in firing.clauses]
    numbers = [calls for calls in wanted if calls is not None]
    return frozenset[int]().union(*numbers) if len(numbers) == len(wanted) else None


def _fires_on_all_cpus(attach: Attach) -> bool:
    """Whether option cpu chooses among its firings: BEGIN, END and ticks come on a CPU of the tracer's choice."""
    match attach:
        case TestRun() | PerfEvent(all_cpus=False):
            return False
    return True


def all_firings(plan: Plan) -> list[Firing]:
    """The firings of all attach points, and those of ERROR."""
    firings = [firing for point in plan.points for firing in point.firings]
    return firings if plan.error is None else [*firings, plan.error]


def aggregate_uses(plan: Plan) -> dict[int, list[Aggregate[Linux]]]:
    """Every aggregating statement of a plan, by aggregation."""
    uses: dict[int, list[Aggregate[Linux]]] = {}
    for firing in all_firings(plan):
        for clause in firing.clauses:
            for statement in _statements(clause.body):
                if isinstance(statement, Aggregate):
                    uses.setdefault(statement.aggregation, []).append(statement)
    return uses


def _statements(body: Sequence[Statement[Linux]]) -> Iterator[Statement[Linux]]:
    for statement in body:
        yield statement
        if isinstance(statement, If):
            yield from _statements(statement.then)
            yield from _statements(statement.other)


def _shows_probes(plan: Plan) -> bool:
    """Whether a clause without actions has something to print, or may have when setopt() was called."""
    if not plan.options.flag("quiet") or plan.options.flag("flowindent"):
        return True
    return any(_has(clause.body, "setopt") for firing in all_firings(plan) for clause in firing.clauses)


def _has(body: Sequence[Statement[Linux]], action: str) -> bool:
    """Whether an action is in a clause's body."""
    return any(isinstance(statement, Act) and statement.kind == action for statement in _statements(body))
