"""What names mean in an expression of a knowledge row: the source's context, kernel types, intrinsics.

Before: ``"ctx->rq->__sector"`` at ``rawtp:block_io_start``  After: ``Load(RawArg(0) + Offset("request", "__sector"))``
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from types import MappingProxyType

from dtrans.attach import Trampoline
from dtrans.check.expressions import Expressions
from dtrans.check.tree import Const, Expr, Late, Read, Text, Variable
from dtrans.check.typenames import TypeNames
from dtrans.check.universe import field_type
from dtrans.errors import DtransError, fail
from dtrans.facts import TracepointField
from dtrans.knowledge.rows import Lets, Point, SourceRow, TranslatorRow
from dtrans.plan.functions import FunctionArguments, attach_function
from dtrans.plan.intrinsics import INTRINSICS, REGISTERS, STRING_BOUNDS
from dtrans.plan.leaves import (
    CallArg,
    CallNumber,
    CallResult,
    ClockCounter,
    FaultArg,
    Intrinsic,
    Linux,
    ProbePart,
    RawArg,
    TraceAddress,
    TraceField,
    TraceText,
)
from dtrans.plan.places import user_context
from dtrans.source import NOWHERE, Source, Span
from dtrans.syntax import ast, parse_expression, parse_type
from dtrans.types import INT, INT64, Pointer, StringType, StructRef, Type, Void

#: Diagnostics that mean "this kernel does not have it": the next alternative of a row is tried.
_ABSENT = frozenset({"D_TYPE_MEMBER", "D_TYPE_ERR", "D_IDENT_UNDEF", "D_OP_INCOMPLETE", "D_OFFSETOF_TYPE"})
#: The thread, for values that are saved under no other key; the idle threads, which share the id 0, by their CPU.
_THREAD_KEY = ("__tid() != 0 ? __tid() : -1 - __cpu()",)
_PARTS = {
    "__probeprov": "provider",
    "__provider": "provider",
    "__probemod": "module",
    "__probefunc": "function",
    "__probename": "name",
}


@dataclass
class RowNames:
    """`Names` at one attach point. `bound` are names with a value: a translator's parameter, ``index``.
    `part_bound` gives the longest text of a part of the clause's probes' names. `source` is the one that the point is
    of, whose points may save values for each other, as variables named after `owner`."""

    types: TypeNames
    point: Point
    part_bound: Callable[[str], int] = lambda _: 1
    source: SourceRow | None = None
    owner: str = ""
    bound: Mapping[str, Expr[Linux]] = field(default_factory=dict)
    #: The probe is one for all processes, and its provider's name ends with the id of the one at hand.
    any_process: bool = False
    #: Whether a field of a tracepoint was asked for.
    reads_fields: bool = False
    #: The variables of saved values that were read: shared by all points of a plan.
    read: set[str] = field(default_factory=set)
    assigning: str = ""
    let: Lets = field(init=False)
    _open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.let = dict(self.point.let)

    @cached_property
    def checker(self) -> Expressions[Linux]:
        return Expressions(self.types, self, loose=True)

    def evaluate(
        self, texts: Sequence[str], let: Lets = MappingProxyType({}), /, **bound: Expr[Linux]
    ) -> tuple[Expr[Linux], str] | None:
        """The first of some alternative expressions that this kernel has all parts of, and its text; None when
        there is none. `let` are names that they use beside the point's own.

        Raises the DtransError of an alternative that is wrong in itself."""
        outer, lets = self.bound, self.let
        for text in texts:
            self.bound, self.let = {**outer, **bound}, {**lets, **let}
            try:
                return self.checker.check(_parsed(text)), text
            except DtransError as error:
                if error.diagnostic.tag not in _ABSENT:
                    raise
            finally:
                self.bound, self.let = outer, lets
        return None

    def thread(self) -> Expr[Linux] | None:
        """The thread on whose behalf the probe fires, None for the running one."""
        return self.checker.check(_parsed(self.point.thread)) if self.point.thread else None

    def saved(self, name: str, span: Span = NOWHERE) -> Variable:
        """The variable that holds a saved value: an array by the point's key."""
        for point in self.source.points if self.source is not None else ():
            if name in point.save:
                value = RowNames(self.types, point, self.part_bound, self.source, self.owner, read=self.read).saving(
                    name
                )
                keys = (INT64,) * len(point.key or _THREAD_KEY)
                return Variable("global", f"{self.owner}:{name}", value.type, keys)
        raise fail("D_KNOWLEDGE", f"no point of the source saves '{name}'", span)

    def saving(self, name: str) -> Expr[Linux]:
        """The value that this point saves under a name."""
        return self.checker.check(_parsed(self.point.save[name]))

    def key(self) -> tuple[Expr[Linux], ...]:
        """What the point's saved values are kept under."""
        texts = self.point.key or _THREAD_KEY
        return tuple(self.checker.converted(self.checker.check(_parsed(text)), INT64, NOWHERE) for text in texts)

    def _first(self, texts: Sequence[str], span: Span) -> Expr[Linux]:
        """The first of some alternatives. Raises D_TYPE_MEMBER when this kernel lacks a part of each."""
        made = self.evaluate(texts)
        if made is None:
            raise fail("D_TYPE_MEMBER", f"this kernel lacks a part of {' and of '.join(map(repr, texts))}", span)
        return made[0]

    # --- Names ----------------------------------------------------------------------------------------

    def name(self, node: ast.Name) -> Expr[Linux] | None:
        if node.name in self.bound:
            return self.bound[node.name]
        if node.name in self.let and node.name not in self._open:
            self._open.append(node.name)
            try:
                return self._first(self.let[node.name], node.span)
            finally:
                self._open.pop()
        if node.name == "curthread":
            thread = self.thread()
            return self._intrinsic("__current", ()) if thread is None else thread
        constant = self.types.knowledge.constants.get(node.name)
        return None if constant is None else Const(constant.value, INT)

    def macro(self, node: ast.Macro) -> Expr[Linux]:
        if node.name in ("pid", "target"):
            return Late("pid" if node.name == "pid" else "target", INT)
        raise fail("D_MACRO_UNDEF", f"a row cannot use ${node.name}", node.span)

    def index(self, node: ast.Index) -> Expr[Linux] | None:
        return None

    def symbol(self, node: ast.KernelSymbol) -> Expr[Linux] | None:
        return None

    def own_member(self, node: ast.Member) -> Expr[Linux] | None:
        if isinstance(node.base, ast.Name) and node.arrow:
            match node.base.name:
                case "ctx":
                    return self._context(node.name, node.span)
                case "saved":
                    variable = self.saved(node.name, node.span)
                    self.read.add(variable.name)
                    return Read(variable, self.key())
        return None

    def translated_member(self, base: Expr[Linux], node: ast.Member) -> Expr[Linux] | None:
        match base.type:
            case Pointer(StructRef(origin="translated")):
                raise fail("D_OP_SOU", "a row reads kernel structures, not translated ones", node.span)
        return None

    def translated_structure(self, address: Expr[Linux], kind: StructRef, value: Expr[Linux]) -> Expr[Linux] | None:
        return None

    def translate(self, to: Type, operand: Expr[Linux], span: Span) -> Expr[Linux]:
        raise fail("D_XLATE_NONE", "a row does not translate", span)

    def call(self, node: ast.Call) -> Expr[Linux] | None:
        if not node.name.startswith("__"):
            return None
        if node.name not in INTRINSICS:
            raise fail("D_FUNC_UNDEF", f"undefined intrinsic: {node.name}", node.span)
        params, _ = INTRINSICS[node.name]
        args = tuple(self.checker.check(arg) for arg in node.args)
        if node.name == "__host" and not isinstance(args[0], Text):
            raise fail("D_KNOWLEDGE", "__host takes the name of a number", node.span)
        fitted = tuple(
            self.checker.converted(arg, self.types.resolve(_parsed_type(kind)), node.span)
            for arg, kind in zip(args, params, strict=True)
        )
        if node.name == "__ureg":
            if not isinstance(fitted[0], Const):
                raise fail("D_PROTO_ARG", "the index must be a constant that names a register: R_SP, say", node.span)
            machine = self.types.facts.machine
            if fitted[0].value not in REGISTERS[machine]:
                hint = "registers have names: R_PC, R_SP, R_FP on every machine, R_RAX on x86-64, R_X0 on AArch64"
                raise fail(
                    "D_REGS_IDX", f"no register of {machine} has the index {fitted[0].value}", node.span, hint=hint
                )
        return self._intrinsic(node.name, fitted)

    def word(self, name: str, span: Span) -> str:
        return name

    def variable(self, node: ast.Name | ast.ScopedName) -> Variable | None:
        return None

    def aggregation(self, node: ast.Aggregation) -> None:
        return None

    def assigned(self, node: ast.Name | ast.ScopedName, keys: tuple[Type, ...] | None, value: Type) -> Variable | None:
        raise fail("D_OP_LVAL", "a row does not assign", node.span)

    # --- parts ----------------------------------------------------------------------------------------

    def _intrinsic(self, name: str, args: tuple[Expr[Linux], ...]) -> Expr[Linux]:
        if name in _PARTS:
            part = _PARTS[name]
            if name == "__probeprov" and self.any_process:
                return self.checker.check(_parsed("strjoin(__provider(), lltostr(__tgid()))"))
            return ProbePart(part, StringType(self.part_bound(part) + 1))  # type: ignore[arg-type]
        kind = self.types.resolve(_parsed_type(INTRINSICS[name][1]))
        if isinstance(kind, StringType):
            kind = StringType(min(STRING_BOUNDS.get(name, self.types.strsize), self.types.strsize))
        return Intrinsic(name, args, kind)

    def _context(self, name: str, span: Span) -> Expr[Linux]:
        """A field of the source: ``ctx->name``. Raises D_TYPE_MEMBER when the source has none of that name."""
        kind, _, rest = self.point.at.partition(":")
        match kind:
            case "rawtp":
                for index, param in enumerate(self.types.facts.raw_tracepoint(rest) or ()):
                    if param.name == name:
                        return RawArg(index, param.type)
            case "tracepoint":
                group, _, event = rest.partition(":")
                for one in self.types.facts.tracepoint(group, event) or ():
                    if one.name == name:
                        self.reads_fields = True
                        return trace_leaf(self.types, rest, one)
            case "syscall-entry" | "syscall-return":
                if name == "nr":
                    return CallNumber()
                if name in ("arg0", "arg1", "arg2", "arg3", "arg4", "arg5"):
                    return CallArg(int(name[3]))
                if name == "ret" and kind == "syscall-return":
                    return CallResult()
            case "function-entry" | "function-return":
                found = self._of_function(rest, name, entry=kind == "function-entry")
                if found is not None:
                    return found
            case "user-entry" | "user-return" | "user-site":
                found = user_context(self.point, name)
                if found is not None:
                    return found
            case "clock" | "perf" if name in ("pc", "upc"):
                return ClockCounter(name == "upc")
            case "error" if name in ("arg0", "arg1", "arg2", "arg3", "arg4", "arg5"):
                return FaultArg(int(name[3]))
        raise fail("D_TYPE_MEMBER", f"{self.point.at} has no field '{name}'", span)

    def _of_function(self, place: str, name: str, *, entry: bool) -> Expr[Linux] | None:
        """An argument of a function by its name; at the return its result, and where a trampoline keeps them for that
        long the arguments too."""
        facts = self.types.facts
        function = facts.function(place)
        if function is None:
            return None
        attach = attach_function(facts, place, "entry" if entry else "return")
        arguments = FunctionArguments(attach, function, self.point.at)
        if name == "ret" and not entry:
            return None if isinstance(function.returns, Void) else arguments.result(function.returns)
        names = [param for param, _ in function.params]
        if name not in names or not (entry or isinstance(attach, Trampoline)):
            return None
        return arguments.param(names.index(name))


def trace_leaf(types: TypeNames, tracepoint: str, one: TracepointField) -> Expr[Linux]:
    """A tracepoint's field as a value: text, a number, or the address of an array."""
    kind = types.resolve(_parsed_type(field_type(one)))
    if isinstance(kind, StringType):
        bound = min(types.strsize, one.size + 1) if not one.data_loc else types.strsize
        return TraceText(tracepoint, one.name, one.size, one.data_loc, StringType(bound))
    if one.data_loc or one.length or one.size not in (1, 2, 4, 8):
        return TraceAddress(tracepoint, one.name, one.data_loc, kind)
    return TraceField(tracepoint, one.name, kind)


def translator_for(rows: Sequence[TranslatorRow], types: TypeNames, operand: Type) -> TranslatorRow | None:
    """The translator whose input is the operand's type."""
    for row in rows:
        origin = types.resolve(_parsed_type(row.origin))
        if origin == operand:
            return row
        match origin, operand:
            case Pointer(StructRef(_, one, _)), Pointer(StructRef(_, two, _)) if one == two:
                return row
    return None


@lru_cache(maxsize=2048)
def _parsed(text: str) -> ast.Expr:
    return parse_expression(Source("<translators>", text))


@lru_cache(maxsize=512)
def _parsed_type(text: str) -> ast.TypeExpr:
    return parse_type(Source("<translators>", text))
