"""Records while they are being laid out, and what of them the reader may have to get.

Before: ``printf("%d %s", pid, copyinstr(arg0))``  After: ``struct record_0 { header; s32 a3; struct dt_missing missing;
char a5[256]; };`` and `Missing` part 0, the string.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dtrans.artifact import MISSING, MOST_MISSING, RECORD_HEADER, Action, Missing
from dtrans.check.tree import Call, Cast, Comma, Cond, Const, Expr, StringOf
from dtrans.emit.nulls import nullable
from dtrans.emit.storage import StructLayout
from dtrans.plan.leaves import Linux
from dtrans.types import Space, StringType

_HEADER = ("u16 site;", "u16 cpu;", "u32 probe;")


@dataclass
class RecordBuilder:
    """The record of one block of a clause while its actions are emitted.

    `speculation` names the C variables that hold the id and the word of the speculation to which it belongs, if any.
    """

    speculation: tuple[str, str] | None = None
    #: Where it begins in the lines of the part of the clause at hand.
    start: int = 0
    layout: StructLayout = field(init=False)
    actions: list[Action] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    #: The parts that the reader may have to get, and where the record tells which.
    missing: list[Missing] = field(default_factory=list)
    process: int | None = None
    #: The C place of the record, and its size, decided when it is whole.
    token: str = "@RECORD@"
    size: str = "@SIZE@"
    #: Lines of parts of the clause that were left before the record was whole; what marks its beginning in the first.
    left: list[list[str]] = field(default_factory=list)
    opening: str = "@OPENING@"

    def __post_init__(self) -> None:
        self.layout = StructLayout(list(_HEADER), RECORD_HEADER.size)
        if self.speculation is not None:
            self.layout.add("u64 speculation;", 8, 8)

    def miss(self, part: Missing) -> str:
        """Adds a part that the reader may have to get: where the record tells so in C, and the part's number."""
        if self.process is None:
            self.process = self.layout.add("struct dt_missing missing;", MISSING.size, 8)
        if part not in self.missing:
            self.missing.append(part)
        return f"{self.token}.missing, {self.missing.index(part)}"

    @property
    def is_full(self) -> bool:
        """Whether no more parts can be told to be missing."""
        return len(self.missing) == MOST_MISSING


def comes_from_process(expr: Expr[Linux]) -> bool:
    """Whether a string is just what stands in a process's memory, in one case at least."""
    match expr:
        case _ if not isinstance(expr.type, StringType) or nullable(expr):
            return False
        case Call("copyin" | "copyinstr", _, _, _) | StringOf(_, "user", _):
            return True
        case Cond(_, then, other, _):
            return comes_from_process(then) or comes_from_process(other)
        case Comma(_, right):
            return comes_from_process(right)
    return False


def place_in_process(address: Expr[Linux], space: Space, size: int) -> Expr[Linux] | None:
    """Where the process has what stands at an address: the copy that copyin() makes of it is not needed. None for what
    stands elsewhere."""
    if space == "user":
        return address
    while isinstance(address, Cast):
        address = address.operand
    match address:
        case Call("copyin", (source, Const(length, _)), _, _) if length >= size:
            return source
    return None
