"""D's variables in C: reading and assigning; `dtrans.emit.variables` says where they stand.

Before: ``self->ts = timestamp``  After: ``if (!self) self = thread_new(&self_key); if (self) self->s_ts = now; ...``
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

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
from dtrans.emit.nulls import nullable
from dtrans.emit.storage import Slot, variable_name
from dtrans.emit.text import is_signed
from dtrans.emit.values import Values
from dtrans.emit.variables import key_type, set_name, storage_type
from dtrans.plan.leaves import Linux
from dtrans.types import Addresses, Array, StringType, StructRef, Type, align_up

_DROP = f"DROP({DROP_KINDS.index('dynamic')})"


def read(values: Values, expr: Read[Linux]) -> str:
    """The value of a scalar variable or element; an element or a self-> variable never set is 0."""
    variable = expr.variable
    if variable.keys is not None:
        found = _lookup(values, variable, expr.keys)
        return f"({found} ? *{found} : 0)"
    match variable.scope:
        case "this":
            return values.variables.local(variable, values.scratch, values.scratch_name)
        case "global":
            values.variables.uses_globals = True
            return f"globals_->{variable_name(variable)}"
        case "self":
            values.variables.uses_self = True
            return f"(self ? self->{variable_name(variable)} : 0)"


def place(values: Values, expr: Read[Linux]) -> Slot:
    """Where a string variable stands; an unset element's place is an empty string."""
    variable, size = expr.variable, align_up(values.strsize, 8)
    if variable.keys is not None:
        found = _lookup(values, variable, expr.keys)
        return _or_empty(values, found, f"{found}->text")
    match variable.scope:
        case "this":
            return Slot(values.variables.local(variable, values.scratch, values.scratch_name), size)
        case "global":
            values.variables.uses_globals = True
            return Slot(f"globals_->{variable_name(variable)}", size)
        case "self":
            values.variables.uses_self = True
            return _or_empty(values, "self", f"self->{variable_name(variable)}")


def memory(values: Values, expr: Read[Linux], *, write: bool) -> str:
    """A pointer to a variable that is a structure, an array or a stack. One that was never set is NULL, unless it
    is global or clause-local; `write` makes it, of zeros, and gives NULL only where there is no room."""
    variable = expr.variable
    if variable.keys is not None:
        return _element_memory(values, expr, write=write)
    match variable.scope:
        case "this":
            return values.variables.local(variable, values.scratch, values.scratch_name)
        case "global":
            values.variables.uses_globals = True
            return f"globals_->{variable_name(variable)}"
    values.variables.uses_self = True
    pointer = values.temporary("char *", "0")
    member = f"self->{set_name(variable)}"
    if write:
        values.add("if (!self) self = thread_new(&self_key);")
        values.add(f"if (self) {{ {member} = 1; {pointer} = self->{variable_name(variable)}; }}")
    else:
        values.add(f"if (self && {member}) {pointer} = self->{variable_name(variable)};")
    return pointer


def forget(values: Values, place: Read[Linux]) -> None:
    """Empties a variable that has its place in memory; an element of an array is gone."""
    variable = place.variable
    if variable.keys is not None:
        with _key(values, variable, place.keys) as key:
            values.add(f"{values.variables.array(variable).name}.delete(&{key});")
    elif variable.scope == "self":
        values.variables.uses_self = True
        values.add(f"if (self) self->{set_name(variable)} = 0;")
    else:
        strings.clear(values, Slot(memory(values, place, write=True), values.variables.size(variable)))


def _element_memory(values: Values, expr: Read[Linux], *, write: bool) -> str:
    array = values.variables.array(expr.variable)
    if array.by_thread and write:
        values.variables.uses_self = True
        values.add("if (!self) self = thread_new(&self_key);")
    found = values.temporary(f"{array.value} *")
    with _key(values, expr.variable, expr.keys) as key:
        values.add(f"{found} = {array.name}.lookup(&{key});")
        if write:
            with values.block(f"if (!{found})"):
                values.add("u32 zero_ = 0;")
                values.add(f"{array.value} *fresh = {array.name}_zero.lookup(&zero_);")
                values.add(f"if (fresh) {array.name}.insert(&{key}, fresh);")
                values.add(f"{found} = {array.name}.lookup(&{key});")
                values.add(f"if (!{found}) {_DROP};")
    return found


def _or_empty(values: Values, pointer: str, member: str) -> Slot:
    declaration = f"char empty[{align_up(values.strsize, 8)}];"
    values.scratch.keep(declaration, values.strsize)
    name = values.temporary("char *", f"{values.scratch_name}->empty")
    # Hidden, or the compiler adds the member's offset before it knows that the pointer is none.
    values.add(f"if ({pointer}) {{ {name} = {member}; HIDE({name}); }}")
    return Slot(name, align_up(values.strsize, 8))


@contextmanager
def _key(values: Values, variable: Variable, keys: Sequence[Expr[Linux]]) -> Iterator[str]:
    """A C variable or scratch member that holds the packed tuple, by its name, in a block of its own: all keys of a
    program then share one place on its stack. Numbers are made before it, for what they memoise outlasts it, and
    strings too where keys assign what others read."""
    array = values.variables.array(variable)
    assert variable.keys is not None
    kinds = [key_type(kind, values.strsize) for kind in variable.keys]
    in_order = any(map(assigns, keys))
    numbers: dict[int, str] = {}
    texts: dict[int, Slot] = {}
    for index, (key, kind) in enumerate(zip(keys, kinds, strict=True)):
        if isinstance(kind, StringType) and in_order:
            texts[index] = values.text(key, *keys[index + 1 :])
        elif not isinstance(kind, StringType | Addresses | StructRef | Array):
            numbers[index] = values.settled(key)
    with values.block(""):
        name = values.structure(f"struct {array.name}_key", array.key_size)
        if array.by_thread:
            values.variables.uses_self = True
            values.add(f"{name}.thread = self ? self->born : 0;")
        for index, (key, kind) in enumerate(zip(keys, kinds, strict=True)):
            if index in numbers:
                values.add(f"{name}.k{index} = {numbers[index]};")
            elif index in texts:
                strings.copy(values, Slot(f"{name}.k{index}", align_up(values.strsize, 8)), texts[index], key=True)
            else:
                values.put(f"{name}.k{index}", key, kind, key=True)
        yield name


def _lookup(values: Values, variable: Variable, keys: Sequence[Expr[Linux]]) -> str:
    array = values.variables.array(variable)
    found = values.temporary(f"{array.value} *")
    with _key(values, variable, keys) as key:
        values.add(f"{found} = {array.name}.lookup(&{key});")
    return found


# --- assigning ------------------------------------------------------------------------------------


def assign(values: Values, expr: Assign[Linux], *, value_used: bool = True) -> str:
    """Emits an assignment, but for one of addresses; its value, when it is a number."""
    if isinstance(expr.variable.type, StringType):
        _assign_string(values, expr)
        return "0"
    if expr.variable.keys is not None:
        return _assign_element(values, expr)
    target, guard = _target(values, expr)
    if not expr.op:
        value = values.integer(expr.value)
        if value_used:
            value = values.temporary(storage_type(expr.variable.type), value)
        _guarded(values, guard, f"{target} = {value};")
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
    made = operated(values, expr.variable.type, expr.op, old, operand, expr.value)
    new = values.temporary(storage_type(expr.variable.type), made)
    _guarded(values, guard, f"{target} = {new};")
    return old if expr.old else new


def operated(values: Values, kind: Type, op: str, old: str, operand: str, value: Expr[Linux]) -> str:
    """``old op operand``; `value` is what the operand was made from."""
    signed = is_signed(kind)
    if op in ("/", "%"):
        return values.divide(op, f"({'s64' if signed else 'u64'}){old}", operand, value, signed)
    if op in ("<<", ">>"):
        return f"({'s64' if signed and op == '>>' else 'u64'}){old} {op} ({operand} & 63)"
    return f"(u64){old} {op} (u64)({operand})"


def _target(values: Values, expr: Assign[Linux]) -> tuple[str, str]:
    """The C lvalue of a scalar, and the pointer that must not be null for it."""
    variable = expr.variable
    match variable.scope:
        case "this":
            return values.variables.local(variable, values.scratch, values.scratch_name), ""
        case "global":
            values.variables.uses_globals = True
            return f"globals_->{variable_name(variable)}", ""
        case "self":
            values.variables.uses_self = True
            if not (isinstance(expr.value, Const) and expr.value.value == 0):
                values.add("if (!self) self = thread_new(&self_key);")
            return f"self->{variable_name(variable)}", "self"


def _guarded(values: Values, guard: str, statement: str) -> None:
    values.add(f"if ({guard}) {statement}" if guard else statement)


def _assign_element(values: Values, expr: Assign[Linux]) -> str:
    array = values.variables.array(expr.variable)
    c = array.value
    if array.by_thread and not (isinstance(expr.value, Const) and expr.value.value == 0):
        values.variables.uses_self = True
        values.add("if (!self) self = thread_new(&self_key);")
    operand = values.integer(expr.value)
    old = values.temporary(c) if expr.op else ""
    value = values.temporary(c, "" if expr.op else operand)
    with _key(values, expr.variable, expr.keys) as key:
        if expr.op:
            found = values.temporary(f"{c} *", f"{array.name}.lookup(&{key})")
            values.add(f"{old} = {found} ? *{found} : 0;")
            made = operated(values, expr.variable.type, expr.op, old, operand, expr.value)
            values.add(f"{value} = {made};")
        if isinstance(expr.value, Const) and not expr.op and expr.value.value == 0:
            values.add(f"{array.name}.delete(&{key});")
        else:
            stored = values.temporary(c, value)
            values.add(f"if (!{value}) {array.name}.delete(&{key});")
            values.add(f"else if ({array.name}.update(&{key}, &{stored})) {_DROP};")
    return old if expr.old else value


def _assign_string(values: Values, expr: Assign[Linux]) -> None:
    variable, size = expr.variable, align_up(values.strsize, 8)
    null = isinstance(expr.value, Const)
    if variable.keys is not None:
        _assign_string_element(values, expr, null=null)
        return
    if variable.scope == "self" and null:
        values.variables.uses_self = True
        values.add(f"if (self) *(u64 *)self->{variable_name(variable)} = 0;")
        return
    if variable.scope == "self":
        source = values.string(expr.value)
        target, _ = _target(values, expr)
        with values.block("if (self)"):
            strings.copy(values, Slot(target, size), source)
            _mark_set(values, target, expr.value)
        return
    slot = place(values, Read(variable, ()))
    values.put_string(slot, expr.value)
    if not null:
        _mark_set(values, slot.address, expr.value)


def _assign_string_element(values: Values, expr: Assign[Linux], *, null: bool) -> None:
    array = values.variables.array(expr.variable)
    if array.by_thread and not null:
        values.variables.uses_self = True
        values.add("if (!self) self = thread_new(&self_key);")
    if null:
        with _key(values, expr.variable, expr.keys) as key:
            values.add(f"{array.name}.delete(&{key});")
        return
    slot = values.slot(values.strsize)
    values.string_into(expr.value, slot)
    _mark_set(values, slot.address, expr.value)
    with _key(values, expr.variable, expr.keys) as key:
        values.add(f"if ({array.name}.update(&{key}, (struct dt_string *)({slot.address}))) {_DROP};")


def _mark_set(values: Values, address: str, value: Expr[Linux]) -> None:
    """An empty string that was assigned is told from NULL by its second byte."""
    if not nullable(value, read=False):
        values.add(f"MARK_SET({address});")


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
