"""The leaves of a plan: what Linux offers to a BPF program.

Before: ``TranslatedMember(Args(0), "b_blkno")``  After: ``Load(RawArg(0) + Offset("struct request", "__sector"))``
"""

from __future__ import annotations

from typing import Literal, Union

from dtrans.check.tree import Expr
from dtrans.errors import DtransError
from dtrans.types import INT64, UINT32, UINT64, ULONG, Type
from dtrans.values import dataclass


@dataclass(frozen=True, slots=True)
class RawArg:
    """An argument of a raw tracepoint."""

    index: int
    type: Type


@dataclass(frozen=True, slots=True)
class TraceField:
    """A number in a tracepoint's record."""

    tracepoint: str
    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class TraceText:
    """A string in a tracepoint's record: an array of `size` bytes, or with `located` one that the field points to."""

    tracepoint: str
    name: str
    size: int
    located: bool
    type: Type


@dataclass(frozen=True, slots=True)
class TraceAddress:
    """The address of an array in a tracepoint's record."""

    tracepoint: str
    name: str
    located: bool
    type: Type


@dataclass(frozen=True, slots=True)
class CallNumber:
    """The number of the system call that is entered or left."""

    type: Type = UINT32


@dataclass(frozen=True, slots=True)
class CallArg:
    """The system call's argument, 0 to 5, from the registers."""

    index: int
    type: Type = INT64


@dataclass(frozen=True, slots=True)
class CallResult:
    """What the system call returns: the kernel's ``-errno`` form."""

    type: Type = INT64


@dataclass(frozen=True, slots=True)
class CallIn:
    """Whether the system call is one of these numbers."""

    numbers: tuple[int, ...]
    type: Type = UINT32


@dataclass(frozen=True, slots=True)
class ClockCounter:
    """The program counter that the sampling clock met: the kernel's, or with `user` the process's; else 0."""

    user: bool
    type: Type = ULONG


@dataclass(frozen=True, slots=True)
class FaultArg:
    """An argument of the ERROR probe: 0 unused, 1 clause, 2 action, 3 unused, 4 kind, 5 address."""

    index: int
    type: Type = UINT64


@dataclass(frozen=True, slots=True)
class RegisterArg:
    """An argument of the function at whose entry a probe fires, by the machine's calling convention: a register, or a
    word of the stack, which with `user` is a process's."""

    index: int
    type: Type
    user: bool = False


@dataclass(frozen=True, slots=True)
class RegisterResult:
    """What the function returns that a probe fires at the return of."""

    type: Type


@dataclass(frozen=True, slots=True)
class StackPointer:
    """The stack pointer of the process, where a probe fires in its code."""

    type: Type = UINT64


@dataclass(frozen=True, slots=True)
class TrampolineArg:
    """An argument that a BPF trampoline hands on; at a function's return its result stands after the arguments."""

    index: int
    type: Type


@dataclass(frozen=True, slots=True)
class ProbeCookie:
    """The number of the probe that fires, where one program serves many places: the attach cookie of the place."""

    type: Type = UINT32


@dataclass(frozen=True, slots=True)
class PlaceProbe:
    """The number of the probe that fires at a place in a process."""

    type: Type = UINT32


@dataclass(frozen=True, slots=True)
class PlaceWanted:
    """Whether the place in a process that fires wants the clause with this bit."""

    bit: int
    type: Type = UINT32


@dataclass(frozen=True, slots=True)
class SiteArg:
    """An argument of a probe that a program defines: the site's note says where it is. Absent ones are a fault."""

    index: int
    type: Type = UINT64


@dataclass(frozen=True, slots=True)
class ProbePart:
    """A part of the firing probe's name, by its number."""

    part: Literal["provider", "module", "function", "name"]
    type: Type


@dataclass(frozen=True, slots=True)
class ProbeIn:
    """Whether the firing probe's number is one of these."""

    numbers: tuple[int, ...]
    type: Type = UINT32


@dataclass(frozen=True, slots=True)
class Lacking:
    """An argument that the probe has not. It is an error where it is still there when all that is known is folded: of
    a clause for several probes a branch for others may name it."""

    error: DtransError
    type: Type = INT64


@dataclass(frozen=True, slots=True)
class Intrinsic:
    """A function of `templates/` that reads what is no member: helpers, paths, arguments of a process."""

    name: str
    args: tuple[Expr[Linux], ...]
    type: Type


Linux = Union[
    RawArg,
    TraceField,
    TraceText,
    TraceAddress,
    CallNumber,
    CallArg,
    CallResult,
    CallIn,
    ClockCounter,
    FaultArg,
    RegisterArg,
    RegisterResult,
    StackPointer,
    TrampolineArg,
    ProbeCookie,
    PlaceProbe,
    PlaceWanted,
    SiteArg,
    ProbePart,
    ProbeIn,
    Lacking,
    Intrinsic,
]
