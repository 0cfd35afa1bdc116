"""D's variables in C: reading and assigning.

Before: ``self->ts = timestamp``  After: ``if (!self) self = thread_new(&self_key); if (self) self->s_ts = now; ...``

Global scalars are members of one structure in an array map. ``self->`` scalars are members of one structure for each
thread, in a hash map, gone when the thread exits. Associative arrays are hash maps keyed by the packed tuple;
assigning zero removes the element. ``this->`` scalars are C variables, and scratch memory when strings.

A string that is NULL begins with two zero bytes; an empty one has a 1 after its NUL. Of strings that were never set,
those of threads and elements of arrays are NULL, the others are empty (dtrace.c, DIF_OP_LDGS and DIF_OP_LDTS).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dtrans.artifact import DROP_KINDS
from dtrans.check.tree import (
    Assign,
    Binary,
    Call,
    Cast,
    Comma,
    Compare,
    Cond,
    Const,
    Expr,
    Load,
    Read,
    Store,
    Unary,
    Variable,
    assigns,
)
from dtrans.emit import strings
from dtrans.emit.addresses import assign_addresses
from dtrans.emit.memory import nullable
from dtrans.emit.storage import Slot, StructLayout, add_value, address_words, scalars, variable_name
from dtrans.emit.text import is_signed
from dtrans.plan.leaves import Linux
from dtrans.types import Addresses, Array, StringType, StructRef, Type, align_up

if TYPE_CHECKING:
    from dtrans.check.typenames import TypeNames
    from dtrans.emit.values import Values

#: The first word of an empty string.
EMPTY = 1 << 8
DYNAMIC_DROP = DROP_KINDS.index("dynamic")


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
                return layout.add(self._bytes(variable, variable_name(variable)), self._size(variable), 8)
            case kind:
                return layout.add(f"{storage_type(kind)} {variable_name(variable)};", 8, 8)

    def _bytes(self, variable: Variable, name: str) -> str:
        """The declaration of what holds a variable that is no number."""
        size = self._size(variable)
        return f"u64 {name}[{size // 8}];" if isinstance(variable.type, Addresses) else f"char {name}[{size}];"

    def _size(self, variable: Variable) -> int:
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
                if isinstance(kind, StructRef):
                    size = self.types.size(kind)
                    layout.add(f"char k{index}[{size}];", size, 1)
                else:
                    add_value(layout, f"k{index}", _key_type(kind, self.strsize))
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
                return name, self._size(variable), f"{name} {{ {self._bytes(variable, 'bytes')} }};"
            case kind:
                return storage_type(kind), 8, ""

    # --- this-> -----------------------------------------------------------------------------------------

    def open_firing(self) -> None:
        """Forgets the clause-local variables of the firing before."""
        self._this = {}
        self.arena_wanted = 0

    def this_numbers(self) -> dict[str, str]:
        """The C variables that are clause-local numbers of the firing, and their types."""
        return {
            name: storage_type(variable.type)
            for variable, name in self._this.items()
            if not isinstance(variable.type, StringType | StructRef | Array | Addresses)
        }

    def this_structures(self) -> list[tuple[str, int]]:
        """Addresses of clause-local structures, arrays and stacks, and how many of their bytes begin as zeros."""
        return [
            # A stack is empty when its first word is 0.
            (name, 8 if isinstance(variable.type, Addresses) else self._size(variable))
            for variable, name in self._this.items()
            if isinstance(variable.type, StructRef | Array | Addresses)
        ]

    def this_strings(self) -> list[str]:
        """Addresses of clause-local strings, which are undefined, that is empty, when the firing begins."""
        return [name for variable, name in self._this.items() if isinstance(variable.type, StringType)]

    def _local(self, values: Values, variable: Variable) -> str:
        if variable not in self._this:
            name = variable_name(variable)
            if isinstance(variable.type, StringType | StructRef | Array | Addresses):
                values.scratch.keep(self._bytes(variable, name), self._size(variable))
                name = f"{values.scratch_name}->{name}"
            self._this[variable] = name
        return self._this[variable]

    # --- reading --------------------------------------------------------------------------------------

    def read(self, values: Values, expr: Read[Linux]) -> str:
        """The value of a scalar variable or element; an element or a self-> variable never set is 0."""
        variable = expr.variable
        if variable.keys is not None:
            found = self._lookup(values, variable, expr.keys)
            return f"({found} ? *{found} : 0)"
        match variable.scope:
            case "this":
                return self._local(values, variable)
            case "global":
                self.uses_globals = True
                return f"globals_->{variable_name(variable)}"
            case "self":
                self.uses_self = True
                return f"(self ? self->{variable_name(variable)} : 0)"

    def place(self, values: Values, expr: Read[Linux]) -> Slot:
        """Where a string variable stands; an unset element's place is an empty string."""
        variable, size = expr.variable, align_up(self.strsize, 8)
        if variable.keys is not None:
            found = self._lookup(values, variable, expr.keys)
            return self._or_empty(values, found, f"{found}->text")
        match variable.scope:
            case "this":
                return Slot(self._local(values, variable), size)
            case "global":
                self.uses_globals = True
                return Slot(f"globals_->{variable_name(variable)}", size)
            case "self":
                self.uses_self = True
                return self._or_empty(values, "self", f"self->{variable_name(variable)}")

    def memory(self, values: Values, expr: Read[Linux], *, write: bool) -> str:
        """A pointer to a variable that is a structure, an array or a stack. One that was never set is NULL, unless it
        is global or clause-local; `write` makes it, of zeros, and gives NULL only where there is no room."""
        variable = expr.variable
        if variable.keys is not None:
            return self._element_memory(values, expr, write=write)
        match variable.scope:
            case "this":
                return self._local(values, variable)
            case "global":
                self.uses_globals = True
                return f"globals_->{variable_name(variable)}"
        self.uses_self = True
        pointer = values.temporary("char *", "0")
        member = f"self->{set_name(variable)}"
        if write:
            values.add("if (!self) self = thread_new(&self_key);")
            values.add(f"if (self) {{ {member} = 1; {pointer} = self->{variable_name(variable)}; }}")
        else:
            values.add(f"if (self && {member}) {pointer} = self->{variable_name(variable)};")
        return pointer

    def forget(self, values: Values, place: Read[Linux]) -> None:
        """Empties a variable that has its place in memory; an element of an array is gone."""
        variable = place.variable
        if variable.keys is not None:
            with self._key(values, variable, place.keys) as key:
                values.add(f"{self.array(variable).name}.delete(&{key});")
        elif variable.scope == "self":
            self.uses_self = True
            values.add(f"if (self) self->{set_name(variable)} = 0;")
        else:
            strings.clear(values, Slot(self.memory(values, place, write=True), self._size(variable)))

    def _element_memory(self, values: Values, expr: Read[Linux], *, write: bool) -> str:
        array = self.array(expr.variable)
        if array.by_thread and write:
            self.uses_self = True
            values.add("if (!self) self = thread_new(&self_key);")
        found = values.temporary(f"{array.value} *")
        with self._key(values, expr.variable, expr.keys) as key:
            values.add(f"{found} = {array.name}.lookup(&{key});")
            if write:
                with values.block(f"if (!{found})"):
                    values.add("u32 zero_ = 0;")
                    values.add(f"{array.value} *fresh = {array.name}_zero.lookup(&zero_);")
                    values.add(f"if (fresh) {array.name}.insert(&{key}, fresh);")
                    values.add(f"{found} = {array.name}.lookup(&{key});")
                    values.add(f"if (!{found}) DROP({DYNAMIC_DROP});")
        return found

    def _or_empty(self, values: Values, pointer: str, member: str) -> Slot:
        declaration = f"char empty[{align_up(self.strsize, 8)}];"
        values.scratch.keep(declaration, self.strsize)
        name = values.temporary("char *", f"{values.scratch_name}->empty")
        # Hidden, or the compiler adds the member's offset before it knows that the pointer is none.
        values.add(f"if ({pointer}) {{ {name} = {member}; HIDE({name}); }}")
        return Slot(name, align_up(self.strsize, 8))

    @contextmanager
    def _key(self, values: Values, variable: Variable, keys: Sequence[Expr[Linux]]) -> Iterator[str]:
        """A C variable or scratch member that holds the packed tuple, by its name, in a block of its own: all keys of a
        program then share one place on its stack. Numbers are made before it, for what they memoise outlasts it, and
        strings too where keys assign what others read."""
        array = self.array(variable)
        assert variable.keys is not None
        kinds = [_key_type(kind, self.strsize) for kind in variable.keys]
        in_order = any(map(assigns, keys))
        numbers: dict[int, str] = {}
        texts: dict[int, Slot] = {}
        for index, (key, kind) in enumerate(zip(keys, kinds, strict=True)):
            if isinstance(kind, StringType) and in_order:
                texts[index] = values.text(key, *keys[index + 1 :])
            elif not isinstance(kind, StringType | Addresses | StructRef):
                numbers[index] = values.settled(key)
        with values.block(""):
            name = values.structure(f"struct {array.name}_key", array.key_size)
            if array.by_thread:
                self.uses_self = True
                values.add(f"{name}.thread = self ? self->born : 0;")
            for index, (key, kind) in enumerate(zip(keys, kinds, strict=True)):
                if index in numbers:
                    values.add(f"{name}.k{index} = {numbers[index]};")
                elif index in texts:
                    strings.copy(values, Slot(f"{name}.k{index}", align_up(self.strsize, 8)), texts[index], key=True)
                else:
                    values.put(f"{name}.k{index}", key, kind, key=True)
            yield name

    def _lookup(self, values: Values, variable: Variable, keys: Sequence[Expr[Linux]]) -> str:
        array = self.array(variable)
        found = values.temporary(f"{array.value} *")
        with self._key(values, variable, keys) as key:
            values.add(f"{found} = {array.name}.lookup(&{key});")
        return found

    # --- assigning ------------------------------------------------------------------------------------

    def assign(self, values: Values, expr: Assign[Linux], *, value_used: bool = True) -> str:
        """Emits an assignment; its value, when it is a number."""
        if isinstance(expr.variable.type, StringType):
            self._assign_string(values, expr)
            return "0"
        if isinstance(expr.variable.type, Addresses):
            assign_addresses(values, expr)
            return "0"
        if expr.variable.keys is not None:
            return self._assign_element(values, expr)
        target, guard = self._target(values, expr)
        if not expr.op:
            value = values.integer(expr.value)
            if value_used:
                value = values.temporary(storage_type(expr.variable.type), value)
            self._guarded(values, guard, f"{target} = {value};")
            return value
        if expr.op in "+-" and expr.variable.scope == "global" and not value_used and _only_reads(expr.value):
            # Other CPUs may be adding to it at this very moment: none of it is lost.
            sign = "-" if expr.op == "-" else ""
            values.add(f"__sync_fetch_and_add(&{target}, {sign}(u64)({values.integer(expr.value)}));")
            return "0"
        # The left side is read first, whatever the right one assigns.
        current = f"({guard} ? {target} : 0)" if guard else target
        old = values.temporary(storage_type(expr.variable.type), current)
        operand = values.integer(expr.value)
        made = self.operated(values, expr.variable.type, expr.op, old, operand, expr.value)
        new = values.temporary(storage_type(expr.variable.type), made)
        self._guarded(values, guard, f"{target} = {new};")
        return old if expr.old else new

    def operated(self, values: Values, kind: Type, op: str, old: str, operand: str, value: Expr[Linux]) -> str:
        """``old op operand``; `value` is what the operand was made from."""
        signed = is_signed(kind)
        if op in ("/", "%"):
            return values.divide(op, f"({'s64' if signed else 'u64'}){old}", operand, value, signed)
        if op in ("<<", ">>"):
            return f"({'s64' if signed and op == '>>' else 'u64'}){old} {op} ({operand} & 63)"
        return f"(u64){old} {op} (u64)({operand})"

    def _target(self, values: Values, expr: Assign[Linux]) -> tuple[str, str]:
        """The C lvalue of a scalar, and the pointer that must not be null for it."""
        variable = expr.variable
        match variable.scope:
            case "this":
                return self._local(values, variable), ""
            case "global":
                self.uses_globals = True
                return f"globals_->{variable_name(variable)}", ""
            case "self":
                self.uses_self = True
                if not (isinstance(expr.value, Const) and expr.value.value == 0):
                    values.add("if (!self) self = thread_new(&self_key);")
                return f"self->{variable_name(variable)}", "self"

    def _guarded(self, values: Values, guard: str, statement: str) -> None:
        values.add(f"if ({guard}) {statement}" if guard else statement)

    def _assign_element(self, values: Values, expr: Assign[Linux]) -> str:
        array = self.array(expr.variable)
        c = array.value
        if array.by_thread and not (isinstance(expr.value, Const) and expr.value.value == 0):
            self.uses_self = True
            values.add("if (!self) self = thread_new(&self_key);")
        operand = values.integer(expr.value)
        old = values.temporary(c) if expr.op else ""
        value = values.temporary(c, "" if expr.op else operand)
        with self._key(values, expr.variable, expr.keys) as key:
            if expr.op:
                found = values.temporary(f"{c} *", f"{array.name}.lookup(&{key})")
                values.add(f"{old} = {found} ? *{found} : 0;")
                made = self.operated(values, expr.variable.type, expr.op, old, operand, expr.value)
                values.add(f"{value} = {made};")
            if isinstance(expr.value, Const) and not expr.op and expr.value.value == 0:
                values.add(f"{array.name}.delete(&{key});")
            else:
                stored = values.temporary(c, value)
                values.add(f"if (!{value}) {array.name}.delete(&{key});")
                values.add(f"else if ({array.name}.update(&{key}, &{stored})) DROP({DYNAMIC_DROP});")
        return old if expr.old else value

    def _assign_string(self, values: Values, expr: Assign[Linux]) -> None:
        variable, size = expr.variable, align_up(self.strsize, 8)
        null = isinstance(expr.value, Const)
        if variable.keys is not None:
            self._assign_string_element(values, expr, null=null)
            return
        if variable.scope == "self" and null:
            self.uses_self = True
            values.add(f"if (self) *(u64 *)self->{variable_name(variable)} = 0;")
            return
        if variable.scope == "self":
            source = values.string(expr.value)
            target, _ = self._target(values, expr)
            with values.block("if (self)"):
                strings.copy(values, Slot(target, size), source)
                self._mark_set(values, target, expr.value)
            return
        slot = self.place(values, Read(variable, ()))
        values.put_string(slot, expr.value)
        if not null:
            self._mark_set(values, slot.address, expr.value)

    def _assign_string_element(self, values: Values, expr: Assign[Linux], *, null: bool) -> None:
        array = self.array(expr.variable)
        if array.by_thread and not null:
            self.uses_self = True
            values.add("if (!self) self = thread_new(&self_key);")
        if null:
            with self._key(values, expr.variable, expr.keys) as key:
                values.add(f"{array.name}.delete(&{key});")
            return
        slot = values.slot(self.strsize)
        values.string_into(expr.value, slot)
        self._mark_set(values, slot.address, expr.value)
        with self._key(values, expr.variable, expr.keys) as key:
            values.add(f"if ({array.name}.update(&{key}, (struct dt_string *)({slot.address}))) DROP({DYNAMIC_DROP});")

    def _mark_set(self, values: Values, address: str, value: Expr[Linux]) -> None:
        """An empty string that was assigned is told from NULL by its second byte."""
        if not nullable(value, read=False):
            values.add(f"MARK_SET({address});")


def set_name(variable: Variable) -> str:
    """The member that tells whether a thread's structure was ever set."""
    return f"set_{variable_name(variable)}"


def _only_reads(expr: Expr[Linux]) -> bool:
    """Whether a value is made without an assignment, of plain operators alone."""
    match expr:
        case Binary(_, left, right):
            return _only_reads(left) and _only_reads(right)
        case Cast(operand) | Unary(_, operand):
            return _only_reads(operand)
        case Assign() | Store() | Cond() | Comma() | Compare() | Call() | Load():
            return False
    return True


def storage_type(kind: Type) -> str:
    """The C type of a variable. A variable holds 64 bits whatever its type, as in dtrace: scripts begin with
    ``start[cpu] = 0``, an int, and then keep timestamps there. The type counts where a value is cast or recorded."""
    return "s64" if is_signed(kind) else "u64"


def _key_type(kind: Type, strsize: int) -> Type:
    """Keys hold numbers in full, so that equal values of different types are one key, and strings at full size."""
    match kind:
        case StringType():
            return StringType(strsize)
        case Addresses() | StructRef():
            return kind
    from dtrans.types import INT64, UINT64

    return INT64 if is_signed(kind) else UINT64
