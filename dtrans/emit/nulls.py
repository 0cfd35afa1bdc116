"""Which strings may be NULL where they stand in memory: their first two bytes are 0 then."""

from __future__ import annotations

from dtrans.check.tree import Assign, Binary, Call, Cast, Comma, Cond, Const, Expr, Offset, Read, StringOf
from dtrans.plan.leaves import Linux

#: Searches, whose result may be NULL.
_SEARCHES = frozenset({"json", "strchr", "strrchr", "strstr", "strtok"})


def nullable(expr: Expr[Linux], *, read: bool = True) -> bool:
    """Whether a string may be NULL where it stands in memory: its first two bytes are 0 then. A pointer's is not when
    it is `read`, which is a fault by itself."""
    match expr:
        case Const() | Read() | Assign():
            return True
        case Call(name, _, _, _):
            return name in _SEARCHES
        case Cond(_, then, other, _):
            return nullable(then, read=read) or nullable(other, read=read)
        case Comma(_, right):
            return nullable(right, read=read)
        case StringOf():
            return not read and may_be_null(expr)
    return False


def may_be_null(text: StringOf[Linux]) -> bool:
    """Whether a string is where a pointer points that may be NULL: not within something else, nor in a process."""
    address = text.address
    while isinstance(address, Cast):
        address = address.operand
    return text.space == "kernel" and not isinstance(address, Binary | Offset)
