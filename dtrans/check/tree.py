"""The typed tree: every name resolved, every expression typed, inlines and macros folded.

The operators of D are the same before and after probes are bound to Linux; what differs is the leaves. So the nodes
are generic in their leaf type ``L``:

* ``Expr[Solaris]`` is what `dtrans.check` makes of a script: leaves say ``curpsinfo``, ``args[0]``, ``arg1``;
* ``Expr[Linux]`` (`dtrans.plan.leaves`) is what `dtrans.plan` makes of that: leaves are context fields and helpers.

Before: ``self->n[args[0]->b_edev] += 1``  After: ``Assign(n, (TranslatedMember(Args(0), "b_edev"),), "+", Const(1))``
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Literal, Protocol, TypeVar, Union

from dtrans.source import Span
from dtrans.types import INT, Space, StringType, Type
from dtrans.values import dataclass


class Typed(Protocol):
    """What every leaf has."""

    @property
    def type(self) -> Type: ...


L = TypeVar("L", bound=Typed)
M = TypeVar("M", bound=Typed)

Scope = Literal["global", "self", "this"]


@dataclass(frozen=True, slots=True)
class Variable:
    """A D variable. `keys` are the types of an associative array's tuple, None for a scalar."""

    scope: Scope
    name: str
    type: Type
    keys: tuple[Type, ...] | None = None


@dataclass(frozen=True, slots=True)
class Const:
    value: int
    type: Type


@dataclass(frozen=True, slots=True)
class Text:
    """A string constant; one character a byte."""

    value: str

    @property
    def type(self) -> Type:
        return StringType(len(self.value) + 1)


@dataclass(frozen=True, slots=True)
class Late:
    """A number known when tracing starts: the target's or the tracer's process id, the wall clock's offset, the clock's
    tick."""

    what: Literal["target", "pid", "wall", "tick"]
    type: Type


@dataclass(frozen=True, slots=True)
class Offset:
    """A number of the kernel's layout, a constant to the compiler: see `dtrans.artifact.Layout`."""

    kind: Literal["offset", "size", "symbol"]
    of: str
    path: str
    type: Type


@dataclass(frozen=True, slots=True)
class Read(Generic[L]):
    """The value of a variable."""

    variable: Variable
    keys: tuple[Expr[L], ...]

    @property
    def type(self) -> Type:
        return self.variable.type


@dataclass(frozen=True, slots=True)
class Assign(Generic[L]):
    """``variable = value``, or with `op` ``variable = variable op value``. `old` yields the value before (``x++``)."""

    variable: Variable
    keys: tuple[Expr[L], ...]
    op: str
    value: Expr[L]
    old: bool

    @property
    def type(self) -> Type:
        return self.variable.type


@dataclass(frozen=True, slots=True)
class Load(Generic[L]):
    """What stands in memory at an address. `bits` (offset from the address, width) for a bit-field.

    A structure or an array is a place and is not read as a whole: its address is taken.
    """

    address: Expr[L]
    type: Type
    space: Space
    bits: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Place(Generic[L]):
    """The address of a value that the tracer itself holds: a variable that is a structure or an array, or a string.

    ``this->point.x`` is ``Load(Place(Read(point)) + 0)``.
    """

    of: Expr[L]
    type: Type


@dataclass(frozen=True, slots=True)
class Store(Generic[L]):
    """``*address = value`` in memory that a script may write, or ``op=``; `bits` as in `Load`.

    For a structure `value` is the `Load` of another one, which is copied whole.
    """

    address: Expr[L]
    type: Type
    op: str
    value: Expr[L]
    old: bool
    bits: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Unary(Generic[L]):
    op: Literal["-", "~", "!"]
    operand: Expr[L]
    type: Type


@dataclass(frozen=True, slots=True)
class Binary(Generic[L]):
    """Arithmetic, shifts, bits, comparisons (of integers and pointers) and ``&& || ^^``."""

    op: str
    left: Expr[L]
    right: Expr[L]
    type: Type


@dataclass(frozen=True, slots=True)
class Compare(Generic[L]):
    """Two strings compared; type int."""

    op: str
    left: Expr[L]
    right: Expr[L]

    @property
    def type(self) -> Type:
        return INT


@dataclass(frozen=True, slots=True)
class Cond(Generic[L]):
    test: Expr[L]
    then: Expr[L]
    other: Expr[L]
    type: Type


@dataclass(frozen=True, slots=True)
class Comma(Generic[L]):
    left: Expr[L]
    right: Expr[L]

    @property
    def type(self) -> Type:
        return self.right.type


@dataclass(frozen=True, slots=True)
class Cast(Generic[L]):
    operand: Expr[L]
    type: Type


@dataclass(frozen=True, slots=True)
class StringOf(Generic[L]):
    """The string in memory at an address, up to its NUL or `type.bound`."""

    address: Expr[L]
    space: Space
    type: Type


@dataclass(frozen=True, slots=True)
class Call(Generic[L]):
    """A subroutine, by D's name. What it does is the emitter's business."""

    name: str
    args: tuple[Expr[L], ...]
    type: Type
    span: Span


Expr = Union[
    L,
    Const,
    Text,
    Late,
    Offset,
    Read[L],
    Assign[L],
    Load[L],
    Place[L],
    Store[L],
    Unary[L],
    Binary[L],
    Compare[L],
    Cond[L],
    Comma[L],
    Cast[L],
    StringOf[L],
    Call[L],
]

# --- leaves of a script ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Builtin:
    """A built-in variable, by name."""

    name: str
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Arg:
    """``arg0`` ... ``arg9``."""

    index: int
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Args:
    """``args[index]``."""

    index: int
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class TranslatedMember:
    """A member of a structure that translators make: ``curpsinfo->pr_psargs``. `base` has the pointer's type."""

    base: Expr[Solaris]
    name: str
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Translate:
    """``xlate <structure *>(operand)`` for a structure of `translators/`."""

    operand: Expr[Solaris]
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class IndexedBuiltin:
    """A built-in array: ``uregs[R_SP]``, ``fds[arg0]``."""

    name: str
    index: Expr[Solaris]
    type: Type
    span: Span


Solaris = Union[Builtin, Arg, Args, TranslatedMember, Translate, IndexedBuiltin]

# --- statements ------------------------------------------------------------------------------------------

ActionKind = Literal[
    "printf", "printa", "trace", "tracemem", "print", "stack", "exit", "clear", "trunc", "normalize", "denormalize",
    "system", "freopen", "setopt", "raise", "stop", "speculate", "commit", "discard",
    "copyout", "copyoutstr", "chill", "panic", "breakpoint", "ftruncate",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Do(Generic[L]):
    """An expression for its effect."""

    expr: Expr[L]


@dataclass(frozen=True, slots=True)
class If(Generic[L]):
    test: Expr[L]
    then: tuple[Statement[L], ...]
    other: tuple[Statement[L], ...]


@dataclass(frozen=True, slots=True)
class Act(Generic[L]):
    """An action. `text` is the format (printf, printa, system, freopen) or the option's name (setopt);
    `aggregations` those it names, by id."""

    kind: ActionKind
    args: tuple[Expr[L], ...] = ()
    text: str | None = None
    aggregations: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Aggregate(Generic[L]):
    """``@name[keys] = function(value, weight)``; `value` None for count()."""

    aggregation: int
    keys: tuple[Expr[L], ...]
    value: Expr[L] | None
    weight: Expr[L] | None


Statement = Union[Do[L], If[L], Act[L], Aggregate[L]]


@dataclass(frozen=True, slots=True)
class AggregationInfo:
    """What all uses of one aggregation agree on."""

    name: str
    function: str
    parameters: tuple[int, ...]
    keys: tuple[Type, ...]


def assigns(expr: Expr[L]) -> bool:
    """Whether to calculate a value changes a variable, or memory of the program."""
    match expr:
        case Assign() | Store():
            return True
        case Read(_, parts) | Call(_, parts, _, _):
            return any(map(assigns, parts))
        case Load(part, _, _, _) | Place(part, _) | Unary(_, part, _) | Cast(part, _) | StringOf(part, _, _):
            return assigns(part)
        case Binary(_, one, two, _) | Compare(_, one, two) | Comma(one, two):
            return assigns(one) or assigns(two)
        case Cond(test, then, other, _):
            return assigns(test) or assigns(then) or assigns(other)
    return False


class Rewriter(Generic[L, M]):
    """Makes the same expressions and statements with every leaf replaced: ``Rewriter[Solaris, Linux](leaf)``."""

    def __init__(self, leaf: Callable[[L], Expr[M]]) -> None:
        self.leaf = leaf

    def expr(self, expr: Expr[L]) -> Expr[M]:
        go = self.expr
        match expr:
            case Const() | Text() | Late() | Offset():
                return expr
            case Read(variable, keys):
                return Read(variable, tuple(map(go, keys)))
            case Assign(variable, keys, op, value, old):
                return Assign(variable, tuple(map(go, keys)), op, go(value), old)
            case Load(address, kind, space, bits):
                return Load(go(address), kind, space, bits)
            case Place(of, kind):
                return Place(go(of), kind)
            case Store(address, kind, op, value, old, bits):
                return Store(go(address), kind, op, go(value), old, bits)
            case Unary(uop, operand, kind):
                return Unary(uop, go(operand), kind)
            case Binary(op, left, right, kind):
                return Binary(op, go(left), go(right), kind)
            case Compare(op, left, right):
                return Compare(op, go(left), go(right))
            case Cond(test, then, other, kind):
                return Cond(go(test), go(then), go(other), kind)
            case Comma(left, right):
                return Comma(go(left), go(right))
            case Cast(operand, kind):
                return Cast(go(operand), kind)
            case StringOf(address, space, kind):
                return StringOf(go(address), space, kind)
            case Call(name, args, kind, span):
                return Call(name, tuple(map(go, args)), kind, span)
        return self.leaf(expr)

    def statement(self, statement: Statement[L]) -> Statement[M]:
        go = self.expr
        match statement:
            case Do(expr):
                return Do(go(expr))
            case If(test, then, other):
                return If(go(test), tuple(map(self.statement, then)), tuple(map(self.statement, other)))
            case Act(kind, args, text, aggregations):
                return Act(kind, tuple(map(go, args)), text, aggregations)
            case Aggregate(aggregation, keys, value, weight):
                return Aggregate(
                    aggregation,
                    tuple(map(go, keys)),
                    None if value is None else go(value),
                    None if weight is None else go(weight),
                )
