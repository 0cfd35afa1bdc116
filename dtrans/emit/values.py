"""What expressions are made from, whatever they are: reads, scratch memory, the state of the program at hand.

`Values` says how an expression becomes C; `dtrans.emit.expressions` does it. The modules between, one for each kind of
expression, are given the values and make those within their own by them.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from dtrans.check.tree import Expr
from dtrans.check.typenames import TypeNames
from dtrans.emit.calls import Calls
from dtrans.emit.storage import ScratchLayout, Shared, Slot
from dtrans.emit.text import c_type, field_of, is_signed, is_stable
from dtrans.emit.variables import Variables
from dtrans.emit.writer import Writer
from dtrans.plan.leaves import Linux
from dtrans.types import Type, align_up

#: Names in an expression that mean the same throughout a clause: temporaries, results of helpers, layouts, the context.
_WORD = re.compile(r"[A-Za-z_]\w*")
_LASTING = re.compile(r"t\d+|(?:pid_tgid|task|cpu|a\d)_\d+|(?:OFF|SIZE|ADDR|FIELD)_\w+|ctx|CONTEXT|[us]\d+|thread|ULL")


@dataclass
class Recorded:
    """A value that goes into a record and nowhere else: what stands at `target` the reader may get later. `mark` makes
    it one of the record's missing parts: the C text of where that is told, and the number."""

    target: str
    mark: Callable[[], str]


class Values(Writer, ABC):
    """Makes expressions. One for each program; `frame` is the clause at hand."""

    def __init__(
        self, shared: Shared, scratch: ScratchLayout, variables: Variables, types: TypeNames, strsize: int
    ) -> None:
        super().__init__()
        self.shared = shared
        self.scratch = scratch
        self.variables = variables
        self.types = types
        self.strsize = strsize
        self.thread: str | None = None
        self.recorded: Recorded | None = None
        self.calls = Calls(shared, scratch, align_up(strsize, 8))
        self.scratch_name = "s"
        #: Innermost kernel frames that are the BPF program and what calls it: stacks leave them out. None: all are.
        self.own_frames: int | None = 0
        #: Which of the frames after them is the caller.
        self.caller_frame = 1
        #: No frame of the kernel's stack has the caller yet.
        self.caller_in_register = False
        #: Where in a process the program runs: "entry" or "return" of a function, another place, or elsewhere ("").
        self.user_moment = ""
        #: Whether it is a clause of ERROR, which the reader may run too.
        self.in_error = False
        #: Whether the place in a process tells its clauses by the number of their set.
        self.has_clause_sets = False
        self._slots = 0

    # --- expressions ----------------------------------------------------------------------------------

    @abstractmethod
    def integer(self, expr: Expr[Linux]) -> str:
        """A scalar as a C expression of 64 bits, signed as its type is."""

    def settled(self, expr: Expr[Linux]) -> str:
        """A scalar as a C expression that no later statement changes."""
        value = self.integer(expr)
        return value if is_stable(value) else self.temporary("s64" if is_signed(expr.type) else "u64", value)

    @abstractmethod
    def truth(self, expr: Expr[Linux]) -> str:
        """A C condition: whether a value is not zero. NULL is compared as "" (dtrace.c, DIF_OP_SCMP)."""

    @abstractmethod
    def effect(self, expr: Expr[Linux]) -> None:
        """An expression for its effect only."""

    @abstractmethod
    def divide(self, op: str, one: str, two: str, right: Expr[Linux], signed: bool) -> str:
        """``one / two`` or ``one % two``, a fault where `two`, made from `right`, is 0."""

    @abstractmethod
    def string(self, expr: Expr[Linux], *, read: bool = False) -> Slot:
        """A string in memory: where it stands. One that is NULL is so there too, unless it is `read`."""

    @abstractmethod
    def text(self, expr: Expr[Linux], *later: Expr[Linux]) -> Slot:
        """A string whose characters are needed: NULL has none, at the address 0. A variable is copied where what is
        calculated `later` may assign it."""

    @abstractmethod
    def string_into(self, expr: Expr[Linux], slot: Slot, *, key: bool = False, read: bool = False) -> None:
        """Puts a string at a place. A `key` has zeros behind its end, up to the slot's size. Where the string is
        `read`, a NULL pointer may be a fault at once."""

    @abstractmethod
    def put(self, target: str, expr: Expr[Linux], kind: Type, *, key: bool = False) -> None:
        """Stores a value in a member of a type made for it."""

    @abstractmethod
    def put_string(self, slot: Slot, expr: Expr[Linux], *, key: bool = False, read: bool = False) -> None:
        """A string at a place that need not be scratch memory."""

    # --- memory ---------------------------------------------------------------------------------------

    def slot(self, size: int) -> Slot:
        """Scratch memory for a string of the statement."""
        self._slots += 1
        whole = align_up(size, 8)
        place = self.scratch.slot(f"char m{self._slots}[{whole}];", whole)
        return Slot(f"{self.scratch_name}->{place}m{self._slots}", whole)

    def work(self, size: int) -> str:
        """Memory for a function to work in."""
        self.scratch.area("work", size)
        return f"{self.scratch_name}->work"

    def structure(self, c: str, size: int) -> str:
        """A zeroed C structure for a key: on the stack when it is small, else in scratch memory."""
        name = self.fresh("k")
        if self.stack.take(size):
            self.add(f"{c} {name} = {{}};")
            return name
        place = f"{self.scratch_name}->{self.scratch.slot(f'{c} {name};', size)}{name}"
        self.add(f"ZERO(&{place}, {size});")
        return place

    def arena(self, wanted: int | None = 0) -> None:
        """Asks for scratch memory for copyin() and alloca(), so many bytes more (None: how many is not known):
        ``arena`` its address, ``arena_used`` what is taken."""
        self.shared.uses.add("arena")
        self.variables.arena = True
        self.variables.arena_wanted += self.variables.scratch_size - 8 if wanted is None else align_up(wanted, 8)
        # The last word stays free.
        self.shared.arena = max(self.shared.arena, 1 << (self.variables.arena_wanted + 7).bit_length())

    # --- reads ----------------------------------------------------------------------------------------

    def load(self, address: str, kind: Type, space: str, bits: tuple[int, int] | None) -> str:
        read = "READ_USER" if space == "user" else "READ"
        if space == "user":
            self.user_memory()
        # One clause reads one place once: rows share the way to a structure.
        same = f"{read} {c_type(kind)} {address}"
        name = self.frame.read(same)
        if name is None:
            name = self.temporary(c_type(kind), "0")
            self.add(f"{read}({name}, {address}, {self.frame.fault}, {self.frame.action});")
            if space == "kernel" and all(_LASTING.fullmatch(word) for word in _WORD.findall(address)):
                self.frame.keep(same, name)
        return field_of(name, kind, bits)

    def user_memory(self) -> None:
        """Asks for the means to read a process's memory that the process has not touched yet."""
        self.shared.uses.add("user")
        self.shared.function("absent")

    def user_string(self, slot: Slot, size: str, address: str) -> None:
        """A string of the process, of at most `size` bytes with its NUL, at a place."""
        self._user_read("STRING", slot.address, size, address)

    def user_bytes(self, place: str, size: str, address: str) -> None:
        """`size` bytes of the process at a place."""
        self._user_read("COPY", place, size, address)

    def _user_read(self, what: str, place: str, size: str, address: str) -> None:
        self.user_memory()
        how, where = "USER", ""
        if self.recorded is not None and self.recorded.target == place:
            how, where = "MISSING", f"{self.recorded.mark()}, "
        self.add(f"{what}_{how}({place}, {size}, {address}, {where}{self.frame.fault}, {self.frame.action});")
