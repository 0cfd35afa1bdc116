"""The types of system calls' arguments: the kernel tells them, by the fields of the tracepoint at a call's entry.

signatures.of("kill")     (pid_t, int)
signatures.of("openat")   (int, char *, int, umode_t), the pointers into the process
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from dtrans.check.typenames import TypeNames
from dtrans.errors import DtransError, fail
from dtrans.facts import KernelFacts, TracepointField
from dtrans.knowledge.rows import CallRow, Knowledge
from dtrans.source import Source
from dtrans.syntax import ast, parse_type
from dtrans.types import INT64, Int, Pointer, StructRef, Type, Void
from dtrans.values import replace

#: The most arguments that a call has.
MOST = 6
#: What is told of an argument whose type nothing tells.
UNTYPED: tuple[Type, ...] = (INT64,) * MOST
_ADDRESS = Pointer(Void(), "user")


class CallSignatures:
    """What types the arguments of this kernel's system calls have."""

    def __init__(self, facts: KernelFacts, knowledge: Knowledge) -> None:
        self._facts = facts
        self._knowledge = knowledge
        self._written: dict[str, tuple[str, ...] | None] = {}
        self._resolved: dict[str, Type] = {}

    @cached_property
    def _types(self) -> TypeNames:
        return TypeNames(self._facts, self._knowledge, 256, _no_constant)

    def of(self, call: str) -> tuple[Type, ...] | None:
        """The arguments' types of one of Linux's calls by its name; None where the kernel does not tell them."""
        written = self._of_call(call)
        return None if written is None else tuple(map(self._type, written))

    def narrow(self, call: str, index: int) -> Int | None:
        """The type of an argument that takes a part of its register only; None for one that takes all of it."""
        written = self._of_call(call) or ()
        if index >= len(written) or "*" in written[index]:
            return None
        kind = self._type(written[index])
        return kind if isinstance(kind, Int) and kind.size < 8 else None

    def _of_call(self, call: str) -> tuple[str, ...] | None:
        """The arguments' types as C writes them."""
        if call not in self._written:
            name = self._knowledge.call_functions.get(call, call)
            fields = self._facts.tracepoint("syscalls", f"sys_enter_{name}")
            # The first field is the number of the call.
            self._written[call] = None if fields is None else tuple(map(self._declared, fields[1:]))
        return self._written[call]

    def _declared(self, field: TracepointField) -> str:
        return self._knowledge.call_types.get(f"{field.type_text} {field.name}", field.type_text)

    def of_row(self, row: CallRow, calls: Mapping[str, int]) -> tuple[Type, ...]:
        """The types that the arguments of a Solaris call have: those on which the Linux calls agree that serve it."""
        served = [
            tuple(_moved(call.args, index, types) for index in range(MOST))
            for call in row.linux
            if call.name in calls and (types := self.of(call.name)) is not None
        ]
        return common(served) if served else UNTYPED

    def _type(self, text: str) -> Type:
        if text not in self._resolved:
            self._resolved[text] = self._resolve(text)
        return self._resolved[text]

    def _resolve(self, text: str) -> Type:
        words = [word for word in text.replace("*", " * ").split() if word not in ("const", "__user")]
        try:
            if "*" in words:
                return self._pointer(self._types.resolve(parse_type(Source("<kernel>", " ".join(words)))))
            kind = self._types.named(tuple(words))
        except DtransError:  # A type that the kernel's type information lacks.
            return _ADDRESS if "*" in words else INT64
        return replace(kind, name=" ".join(words)) if isinstance(kind, Int) else INT64

    def _pointer(self, kind: Type) -> Type:
        match kind:
            case Pointer(StructRef(origin="translated" | "program")):
                return _ADDRESS
            case Pointer():
                return replace(kind, space="user")
        return INT64


def common(signatures: Sequence[tuple[Type, ...]]) -> tuple[Type, ...]:
    """The types that the arguments of several calls have alike; where they differ 64 bits."""
    length = max(map(len, signatures))
    columns = [[one[index] for one in signatures if index < len(one)] for index in range(length)]
    kinds = [_alike(column) for column in columns]
    while kinds and isinstance(kinds[-1], Void):
        kinds.pop()
    return tuple(INT64 if isinstance(kind, Void) else kind for kind in kinds)


def _alike(kinds: Sequence[Type]) -> Type:
    kinds = [kind for kind in kinds if not isinstance(kind, Void)]
    if not kinds:
        return Void()
    first, *rest = kinds
    if all(kind == first for kind in rest):
        return first
    if isinstance(first, Int) and all(isinstance(kind, Int) and kind.size == first.size for kind in rest):
        return first if all(isinstance(kind, Int) and kind.signed == first.signed for kind in rest) else INT64
    return _ADDRESS if all(isinstance(kind, Pointer) for kind in (first, *rest)) else INT64


def _moved(args: tuple[str, ...], index: int, types: tuple[Type, ...]) -> Type:
    """The type of a Solaris argument, which is one of the Linux call's; void for one that is made, or that there is
    not."""
    place = moved_from(args, index) if not args or index < len(args) else None
    return types[place] if place is not None and place < len(types) else Void()


def moved_from(args: tuple[str, ...], index: int) -> int | None:
    """Which argument of the Linux call stands where a row has one; None where the row makes it of others."""
    if index >= len(args):
        return index
    head, _, number = args[index].rpartition("ctx->arg")
    return int(number) if not head and number.isdecimal() else None


def _no_constant(node: ast.Expr) -> int:
    raise fail("D_SYNTAX", "an integer constant is expected here", node.span)
