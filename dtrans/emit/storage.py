"""Where values live in a generated program: D's variables, scratch memory, layouts of records and keys.

Before: ``self int depth; global string name[int]``  After: member ``depth`` of ``struct thread``; a hash keyed by
``struct key_name`` with value ``struct { char text[256]; }``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dtrans.artifact import Field, FieldKind, LateConstant, Layout
from dtrans.check.tree import Late, Offset, Variable
from dtrans.emit.text import c_type, identifier
from dtrans.source import Span
from dtrans.types import Addresses, Float, StringType, Type, align_up

#: Bytes of scratch memory for copyin() and alloca() in one firing, at least.
ARENA = 4096
#: Bytes of a part of a probe's name in the tables ``names_function`` and their kin.
NAME_SIZE = 64


@dataclass(frozen=True, slots=True)
class Slot:
    """Memory for one string: a C expression for its address, and its capacity in bytes."""

    address: str
    size: int


@dataclass
class StructLayout:
    """A C structure being laid out: members in order, with C's alignment made explicit."""

    members: list[str] = field(default_factory=list)
    size: int = 0

    def add(self, declaration: str, size: int, alignment: int) -> int:
        """Appends a member; `declaration` has ``%s`` for nothing: it is whole. Returns its offset."""
        offset = align_up(self.size, alignment)
        if offset > self.size:
            self.members.append(f"u8 pad{len(self.members)}[{offset - self.size}];")
        self.members.append(declaration)
        self.size = offset + size
        return offset

    def close(self) -> None:
        """Pads to a multiple of eight."""
        whole = align_up(self.size, 8)
        if whole > self.size:
            self.members.append(f"u8 pad{len(self.members)}[{whole - self.size}];")
            self.size = whole


def field_kind(kind: Type) -> FieldKind:
    """How the reader sees a value of a type."""
    match kind:
        case StringType():
            return "str"
        case Float():
            return "float"
        case Addresses("stack", _):
            return "stack"
        case Addresses("ustack" | "jstack", _):
            return "ustack"
        case Addresses(what, _):
            return what  # type: ignore[return-value]
    return "int" if c_type(kind).startswith("s") else "uint"


def address_words(kind: Addresses) -> int:
    """How many u64 hold such a value: a process's addresses stand behind the process."""
    match kind.what:
        case "stack" | "sym" | "func" | "mod":
            return kind.frames
    return 1 + kind.frames


def bytes_kind(size: int) -> FieldKind:
    """How the reader sees a structure or array of so many bytes: one of a number's size as that (dt_consume.c,
    dt_print_datum, where what has 1 or 2 bytes has no sign)."""
    return {1: "uint", 2: "uint", 4: "int", 8: "int"}.get(size, "bytes")  # type: ignore[return-value]


@dataclass
class Place:
    """One member that holds a value: its name, field and C access within its structure."""

    name: str
    field: Field


def add_value(layout: StructLayout, name: str, kind: Type, *, interned: FieldKind | None = None) -> Place:
    """Appends a member for a value of a D type. `interned` makes it a u32 number."""
    if interned is not None:
        return Place(name, Field(interned, layout.add(f"u32 {name};", 4, 4), 4))
    match kind:
        case StringType(bound):
            size = align_up(bound, 8)
            return Place(name, Field("str", layout.add(f"char {name}[{size}];", size, 8), size))
        case Addresses():
            size = 8 * address_words(kind)
            return Place(name, Field(field_kind(kind), layout.add(f"u64 {name}[{size // 8}];", size, 8), size))
    c = c_type(kind)
    size = int(c[1:]) // 8
    return Place(name, Field(field_kind(kind), layout.add(f"{c} {name};", size, size), size))


@dataclass
class Shared:
    """What all programs of one artifact share: layouts, late constants, interned strings, library functions."""

    layouts: dict[str, Layout] = field(default_factory=dict)
    late: dict[str, LateConstant] = field(default_factory=dict)
    strings: dict[str, int] = field(default_factory=dict)
    #: Constants whose address is kept, each with its place in the map ``texts``.
    texts: dict[str, int] = field(default_factory=dict)
    needed: dict[str, None] = field(default_factory=dict)
    #: Parts of the program's frame that are needed: "divide", "arena", "oncpu", "fault", "records".
    uses: set[str] = field(default_factory=set)
    #: Bytes of scratch memory for copyin() and alloca(), a power of two.
    arena: int = ARENA
    #: Numbers that the tracer keeps up to date, each with its place.
    host: dict[str, int] = field(default_factory=dict)
    #: Parts of probes' names that are needed as text.
    names: set[str] = field(default_factory=set)

    def offset(self, offset: Offset) -> str:
        """The macro for a number of the kernel's layout."""
        if offset.kind == "symbol":
            return self.layout("symbol", offset.of)
        if offset.kind == "size":
            return self.layout("size", offset.of)
        return self.layout("offset", offset.of, offset.path)

    def layout(self, kind: str, of: str, path: str = "", *, optional: bool = False) -> str:
        heads = {"offset": "OFF", "size": "SIZE", "field": "FIELD", "symbol": "ADDR", "bits": "BITS", "function": "HAS"}
        owner = of.removeprefix("struct ") if kind == "offset" else of
        macro = "__".join(
            identifier(part.replace(".", "__").replace(" ", "_").replace(":", "__"))
            for part in (heads[kind] + "_" + owner, path)
            if part
        )
        self.layouts[macro] = Layout(macro, kind, of, path, optional)  # type: ignore[arg-type]
        return macro

    def late_constant(self, late: Late) -> str:
        """A call that loads a constant which the loader fills in."""
        magic = 0x6474_7261_0000_0000 + {"target": 1, "pid": 2, "wall": 3, "tick": 4}[late.what]
        self.late[late.what] = LateConstant(magic, late.what)
        return f"dt_late(0x{magic:x})"

    def host_number(self, name: str) -> int:
        """Where a number stands that the tracer keeps up to date."""
        return self.host.setdefault(name, len(self.host))

    def string(self, text: str) -> int:
        return self.strings.setdefault(text, len(self.strings))

    def function(self, name: str) -> str:
        """A function of `templates/c`, by its name there."""
        self.needed[name] = None
        return f"dt_{name}"


#: Bytes up to which one structure is kept on the stack, and of all that are there at a time. A BPF program has 512
#: (MAX_BPF_STACK, include/linux/filter.h), most of which the compiler wants for what does not fit in registers.
STACK_LIMIT, STACK_BUDGET = 96, 160


@dataclass
class Stack:
    """The account of a program's stack: what a C block declares there is gone at its end, and others take its place."""

    used: int = 0
    #: The most that was in use at a time since the clause began.
    peak: int = 0

    def open(self) -> None:
        """A clause begins: nothing of those before is left."""
        self.used = self.peak = 0

    def take(self, size: int, *, since: bool = False) -> bool:
        """Room for a structure, if there is any. One that stands there `since` the clause began must bear with all that
        was taken meanwhile."""
        beside = self.peak if since else self.used
        if size > STACK_LIMIT or beside + size > STACK_BUDGET:
            return False
        self.used += size
        self.peak = beside + size if since else max(self.peak, self.used)
        return True


@dataclass
class ClauseScratch:
    """The scratch memory of one clause: what lasts as long as the clause, and what each statement has for itself, which
    is all in one place. `span`: where the clause stands."""

    name: str
    span: Span | None = None
    members: list[str] = field(default_factory=list)
    size: int = 0
    parts: list[StructLayout] = field(default_factory=list)

    @property
    def whole(self) -> int:
        return self.size + max((part.size for part in self.parts), default=0)


@dataclass
class ScratchLayout:
    """Scratch memory, that of a program on a CPU: ``struct scratch``. Clauses, too, are all in one place."""

    shared: dict[str, int] = field(default_factory=dict)
    clauses: list[ClauseScratch] = field(default_factory=list)
    #: Memory by name that a function uses while it runs, and its bytes.
    areas: dict[str, int] = field(default_factory=dict)

    def keep(self, declaration: str, size: int) -> None:
        """A member that all clauses see; asked for again, it is the same."""
        self.shared[declaration] = align_up(size, 8)

    def open(self, name: str, span: Span | None = None) -> None:
        """A clause begins."""
        self.clauses.append(ClauseScratch(name, span))

    def statement(self) -> None:
        """A statement of the clause begins: what the one before had for itself is free."""
        parts = self.clauses[-1].parts
        if not parts or parts[-1].members:
            parts.append(StructLayout())

    def slot(self, declaration: str, size: int, *, lasting: bool = False) -> str:
        """A member of the statement at hand, or of the clause; what stands before its name in C."""
        clause = self.clauses[-1]
        if clause.parts and not lasting:
            part = clause.parts[-1]
            part.members.append(declaration)
            part.size += align_up(size, 8)
            return f"{clause.name}.s{len(clause.parts) - 1}."
        clause.members.append(declaration)
        clause.size += align_up(size, 8)
        return f"{clause.name}."

    def area(self, name: str, size: int) -> None:
        """Memory for a function while it runs: what one leaves there, the next one overwrites."""
        self.areas[name] = max(self.areas.get(name, 0), align_up(size, 8))

    @property
    def shared_members(self) -> list[str]:
        return [*self.shared, *(f"char {name}[{size}];" for name, size in sorted(self.areas.items()))]

    @property
    def size(self) -> int:
        """Bytes of all that clauses ask for."""
        own = sum(self.shared.values()) + sum(self.areas.values())
        return own + max((clause.whole for clause in self.clauses), default=0)

    @property
    def largest(self) -> Span | None:
        """Where the clause stands that asks for most."""
        return max(self.clauses, key=lambda clause: clause.whole).span if self.clauses else None

    @property
    def used(self) -> bool:
        return bool(self.shared or self.areas) or any(clause.whole for clause in self.clauses)


def variable_name(variable: Variable) -> str:
    """The C name of a variable: D's own, with its scope before it so that no two collide."""
    return f"{ {'global': 'g', 'self': 's', 'this': 't'}[variable.scope] }_{identifier(variable.name)}"


def scalars(variables: Sequence[Variable], scope: str) -> list[Variable]:
    return [one for one in variables if one.scope == scope and one.keys is None]
