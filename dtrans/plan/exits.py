"""Where functions of processes return from: the instructions by which they are left note it, and their return tells.

    pid$target::f:return { trace(arg0); }    a program at each `ret` of f, and at each jump that may lead out of it,
                                             keeps the offset; the one at the return reads what was kept last

The kernel tells a return by the address that it put in place of the caller's (a uretprobe), and not the instruction.
A function that ends in the call of another (a tail call) leaves by a jump, and its return is the other's: what was
noted is kept by thread, function, and the place of the return address on the stack, which are the same in both. Where a
jump does not lead out after all, a condition did not hold say, a later one is noted over it.
"""

from __future__ import annotations

from dtrans.check.tree import Assign, Binary, Const, Do, Expr, Read, Variable
from dtrans.plan.leaves import Intrinsic, Linux, PlaceProbe, SiteArg, StackPointer
from dtrans.plan.plan import Code
from dtrans.types import INT64, UINT64

#: By thread, stack pointer and probe: the offset in the function, and 1, since 0 is none.
_NOTED = Variable("global", "pid:return:offset", INT64, (INT64, INT64, INT64))
_TID: Expr[Linux] = Intrinsic("__tid", (), UINT64)
_HERE: tuple[Expr[Linux], ...] = (_TID, StackPointer(), PlaceProbe())


def noted() -> Code:
    """At an exit: keeps its offset."""
    key: tuple[Expr[Linux], ...] = (_TID, SiteArg(1), PlaceProbe())
    value: Expr[Linux] = Binary("+", SiteArg(0), Const(1, INT64), INT64)
    return (Do(Assign(_NOTED, key, "", value, old=False)),)


def offset() -> Expr[Linux]:
    """At a return: the offset of the instruction that led there. A fault where it was none of those that note it."""
    return Intrinsic("__noted", (Read(_NOTED, _HERE),), INT64)


def forgotten() -> Code:
    """At a return, when all clauses have seen it."""
    return (Do(Assign(_NOTED, _HERE, "", Const(0, INT64), old=False)),)
