"""C and D types, as BTF gives them and as D declares them.

Every stage and the kernel facts speak of types with these values. They are plain data: a structure is
named (`StructRef`), never contained, so that self-referring kernel types stay finite; its members are
looked up with `KernelFacts.struct` or in the program's own declarations.
Typedefs are resolved when a type is made.
"""

from __future__ import annotations

from dtrans.typed import Literal
from dtrans.values import dataclass, field

Space = Literal["kernel", "user", "scratch", "own"]


@dataclass(frozen=True, slots=True)
class Void:
    """``void``, and the type of an action."""

    def __str__(self) -> str:
        return "void"


@dataclass(frozen=True, slots=True)
class Int:
    """An integer; `size` in bytes (1, 2, 4, 8)."""

    name: str
    size: int
    signed: bool

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Float:
    """A floating-point number: D can declare it and read its size, not calculate with it."""

    name: str
    size: int

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class StringType:
    """D's ``string``. A NUL-terminated array of at most `bound` bytes, the NUL included.

    The bound is at most the ``strsize`` option. `pointer`: it stands for a ``char *`` of Solaris, which can be tested
    against 0. `array`: it was, or may have been, a char array, which can be cast to a pointer. All are facts about the
    value, not about the type: they take no part in comparisons.
    """

    bound: int
    pointer: bool = False
    array: bool = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StringType)

    def __hash__(self) -> int:
        return hash(StringType)

    def __str__(self) -> str:
        return "string"


@dataclass(frozen=True, slots=True)
class Pointer:
    """A pointer. `space` is the memory it points into: the kernel's, a process's, the scratch memory of a firing
    (``copyin``, ``alloca``), or the tracer's own, where variables are. Like a string's bound it is a fact about the
    value and takes no part in comparisons."""

    to: Type
    space: Space = "kernel"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pointer) and other.to == self.to

    def __hash__(self) -> int:
        return hash((Pointer, self.to))

    def __str__(self) -> str:
        return f"{self.to}{'' if str(self.to).endswith('*') else ' '}*"


@dataclass(frozen=True, slots=True)
class Array:
    """A C array; `length` 0 for a flexible one."""

    of: Type
    length: int

    def __str__(self) -> str:
        return f"{self.of} [{self.length or ''}]"


@dataclass(frozen=True, slots=True)
class StructRef:
    """A structure or union by name. An anonymous one has the tag ``#ID``, unique in its origin.

    `origin` says who knows its members: the kernel's BTF, the D program, or a structure of `translators/`
    whose members are made by translation and have no place in memory.
    """

    kind: Literal["struct", "union"]
    tag: str
    origin: Literal["kernel", "program", "translated"] = "kernel"
    #: What gives it, or a pointer to it, stands for what a translator makes: an inline, whose type is a pointer still,
    #: or an argument of a probe or a translation, which is no value at all (libdtrace's <DYN>).
    dynamic: Literal["", "inline", "argument"] = field(default="", compare=False)
    #: The program's typedef that it was named by, "" if by its tag.
    called: str = field(default="", compare=False)

    def __str__(self) -> str:
        if self.origin == "translated":
            return self.tag
        if self.called:
            return self.called
        return f"{self.kind} {'<anonymous>' if self.tag.startswith('#') else self.tag}"


@dataclass(frozen=True, slots=True)
class EnumRef:
    """An enumeration; its enumerators are found by name."""

    tag: str
    size: int = 4
    signed: bool = True

    def __str__(self) -> str:
        return f"enum {'<anonymous>' if self.tag.startswith('#') else self.tag}"


@dataclass(frozen=True, slots=True)
class Function:
    """A function type, as seen in structures' pointers and the kernel's own functions."""

    returns: Type
    params: tuple[tuple[str, Type], ...] = ()
    variadic: bool = False

    def __str__(self) -> str:
        return f"{self.returns} ({', '.join(str(kind) for _, kind in self.params)})"


@dataclass(frozen=True, slots=True)
class Addresses:
    """What ``stack()``, ``ustack()``, ``sym()``, ``usym()`` and their kin give: addresses that the reader
    turns into names. `what` is the D function's name; `frames` 1 for a single address."""

    what: str
    frames: int = 1

    def __str__(self) -> str:
        return self.what


Type = Void | Int | Float | StringType | Pointer | Array | StructRef | EnumRef | Function | Addresses


@dataclass(frozen=True, slots=True)
class StructMember:
    """One member. Offsets in bits from the start of the structure; `bit_size` 0 unless it is a bit-field."""

    name: str
    type: Type
    bit_offset: int
    bit_size: int = 0


@dataclass(frozen=True, slots=True)
class Struct:
    """The layout of a structure or union; `size` in bytes. Members of anonymous members are not lifted."""

    ref: StructRef
    size: int
    members: tuple[StructMember, ...]


CHAR = Int("char", 1, True)
UINT16 = Int("uint16_t", 2, False)
INT = Int("int", 4, True)
UINT = Int("unsigned int", 4, False)
UINT32 = Int("uint32_t", 4, False)
LONG = Int("long", 8, True)
ULONG = Int("unsigned long", 8, False)
INT64 = Int("int64_t", 8, True)
UINT64 = Int("uint64_t", 8, False)
VOID = Void()


def align_up(offset: int, alignment: int) -> int:
    """The next multiple of an alignment."""
    return (offset + alignment - 1) // alignment * alignment
