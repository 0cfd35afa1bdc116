"""Where D's variables stand in a generated program.

Before: ``self->ts``  After: ``struct thread { u64 born; u64 s_ts; };``

Global scalars are members of one structure in an array map. ``self->`` scalars are members of one structure for each
thread, in a hash map, gone when the thread exits. Associative arrays are hash maps keyed by the packed tuple;
assigning zero removes the element. ``this->`` scalars are C variables where they are few numbers, else scratch memory.

A string that is NULL begins with two zero bytes; an empty one has a 1 after its NUL. Of strings that were never set,
those of threads and elements of arrays are NULL, the others are empty (dtrace.c, DIF_OP_LDGS and DIF_OP_LDTS).

`dtrans.emit.access` reads and assigns them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from dtrans.check.tree import Variable
from dtrans.check.typenames import TypeNames
from dtrans.emit.storage import ScratchLayout, StructLayout, add_value, address_words, scalars, variable_name
from dtrans.emit.text import is_signed
from dtrans.types import INT64, UINT64, Addresses, Array, StringType, StructRef, Type, align_up

#: Clause-local numbers of a program that are C variables, at most: each has a place on the stack while clauses run.
_MOST_LOCAL = 12
#: The first word of an empty string.
EMPTY = 1 << 8


@dataclass(frozen=True)
class ArrayMap:
    """An associative array's map: key structure's members and size, value's C type, entries."""

    name: str
    key_members: tuple[str, ...]
    key_size: int
    value: str
    value_size: int
    entries: int
    by_thread: bool
    #: The declaration of the value's C type, for one that is a structure or an array.
    declaration: str = ""


@dataclass
class Variables:
    """The variables of one artifact. `arena` and the flags below say what the program at hand needs."""

    declared: Sequence[Variable]
    types: TypeNames
    strsize: int
    dynamic_size: int
    scratch_size: int
    arrays: dict[Variable, ArrayMap] = field(default_factory=dict)
    arena: bool = False
    #: Bytes that copyin() and alloca() of the firing at hand want of it.
    arena_wanted: int = 0
    strtok: bool = False
    uses_self: bool = False
    uses_globals: bool = False
    _this: dict[Variable, str] = field(default_factory=dict)

    # --- declarations ---------------------------------------------------------------------------------

    def globals_struct(self) -> StructLayout:
        return self._struct("global")

    def empty_strings(self) -> tuple[int, ...]:
        """Where the strings stand in ``struct globals``."""
        layout = StructLayout()
        places = [(variable, self._add(layout, variable)) for variable in scalars(self.declared, "global")]
        return tuple(at for variable, at in places if isinstance(variable.type, StringType))

    def thread_struct(self) -> StructLayout:
        """``struct thread``; its first member tells this life of a thread id from the next."""
        layout = StructLayout()
        layout.add("u64 born;", 8, 8)
        return self._struct("self", layout)

    def _struct(self, scope: str, layout: StructLayout | None = None) -> StructLayout:
        layout = StructLayout() if layout is None else layout
        for variable in scalars(self.declared, scope):
            self._add(layout, variable)
        layout.close()
        return layout

    def _add(self, layout: StructLayout, variable: Variable) -> int:
        """Appends a scalar; where it stands."""
        match variable.type:
            case StringType():
                size = align_up(self.strsize, 8)
                return layout.add(f"char {variable_name(variable)}[{size}];", size, 8)
            case StructRef() | Array() | Addresses():
                if variable.scope == "self":
                    layout.add(f"u64 {set_name(variable)};", 8, 8)
                return layout.add(self._bytes(variable, variable_name(variable)), self.size(variable), 8)
            case kind:
                return layout.add(f"{storage_type(kind)} {variable_name(variable)};", 8, 8)

    def _bytes(self, variable: Variable, name: str) -> str:
        """The declaration of what holds a variable that is no number."""
        size = self.size(variable)
        return f"u64 {name}[{size // 8}];" if isinstance(variable.type, Addresses) else f"char {name}[{size}];"

    def size(self, variable: Variable) -> int:
        """How many bytes a variable that is no number takes."""
        match variable.type:
            case Addresses() as kind:
                return 8 * address_words(kind)
            case kind:
                return align_up(self.types.size(kind), 8)

    @property
    def has_globals(self) -> bool:
        return bool(scalars(self.declared, "global"))

    @property
    def has_threads(self) -> bool:
        return any(variable.scope == "self" for variable in self.declared)

    def array(self, variable: Variable) -> ArrayMap:
        """The map of an associative array."""
        if variable not in self.arrays:
            assert variable.keys is not None
            layout = StructLayout()
            if variable.scope == "self":
                layout.add("u64 thread;", 8, 8)
            for index, kind in enumerate(variable.keys):
                if isinstance(kind, StructRef | Array):
                    size = self.types.size(kind)
                    layout.add(f"char k{index}[{size}];", size, 1)
                else:
                    add_value(layout, f"k{index}", key_type(kind, self.strsize))
            layout.close()
            value, value_size, declaration = self._element(variable)
            entries = max(64, min(65536, self.dynamic_size // (layout.size + value_size + 16)))
            self.arrays[variable] = ArrayMap(
                f"{variable_name(variable)}_array",
                tuple(layout.members),
                layout.size,
                value,
                value_size,
                entries,
                variable.scope == "self",
                declaration,
            )
        return self.arrays[variable]

    def _element(self, variable: Variable) -> tuple[str, int, str]:
        """The C type of an array's elements, its size, and the declaration of that type where it needs one."""
        match variable.type:
            case StringType():
                return "struct dt_string", align_up(self.strsize, 8), ""
            case StructRef() | Array() | Addresses():
                name = f"struct {variable_name(variable)}_value"
                return name, self.size(variable), f"{name} {{ {self._bytes(variable, 'bytes')} }};"
            case kind:
                return storage_type(kind), 8, ""

    # --- this-> -----------------------------------------------------------------------------------------

    def open_firing(self) -> None:
        """Forgets the clause-local variables of the firing before."""
        self._this = {}
        self.arena_wanted = 0

    def this_numbers(self) -> dict[str, str]:
        """The clause-local numbers of the firing, C variables or members of the scratch memory, and their types."""
        return {name: storage_type(variable.type) for variable, name in self._this.items() if _is_number(variable.type)}

    def this_structures(self) -> list[tuple[str, int]]:
        """Addresses of clause-local structures, arrays and stacks, and how many of their bytes begin as zeros."""
        return [
            # A stack is empty when its first word is 0.
            (name, 8 if isinstance(variable.type, Addresses) else self.size(variable))
            for variable, name in self._this.items()
            if isinstance(variable.type, StructRef | Array | Addresses)
        ]

    def this_strings(self) -> list[str]:
        """Addresses of clause-local strings, which are undefined, that is empty, when the firing begins."""
        return [name for variable, name in self._this.items() if isinstance(variable.type, StringType)]

    def local(self, variable: Variable, scratch: ScratchLayout, scratch_name: str) -> str:
        """A clause-local variable: its C name, or its address in scratch memory, that `scratch_name` points to."""
        if variable not in self._this:
            name, is_number = variable_name(variable), _is_number(variable.type)
            if not (is_number and self._has_few_local):
                declaration = f"{storage_type(variable.type)} {name};" if is_number else self._bytes(variable, name)
                scratch.keep(declaration, 8 if is_number else self.size(variable))
                name = f"{scratch_name}->{name}"
            self._this[variable] = name
        return self._this[variable]

    @cached_property
    def _has_few_local(self) -> bool:
        numbers = [one for one in scalars(self.declared, "this") if _is_number(one.type)]
        return len(numbers) <= _MOST_LOCAL


def _is_number(kind: Type) -> bool:
    return not isinstance(kind, StringType | StructRef | Array | Addresses)


def set_name(variable: Variable) -> str:
    """The member that tells whether a thread's structure was ever set."""
    return f"set_{variable_name(variable)}"


def storage_type(kind: Type) -> str:
    """The C type of a variable. A variable holds 64 bits whatever its type, as in dtrace: scripts begin with
    ``start[cpu] = 0``, an int, and then keep timestamps there. The type counts where a value is cast or recorded."""
    return "s64" if is_signed(kind) else "u64"


def key_type(kind: Type, strsize: int) -> Type:
    """Keys hold numbers in full, so that equal values of different types are one key, and strings at full size."""
    match kind:
        case StringType():
            return StringType(strsize)
        case Addresses() | StructRef() | Array():
            return kind
    return INT64 if is_signed(kind) else UINT64
