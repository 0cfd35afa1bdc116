"""D's variables in bpftrace: maps, and for ``this->`` variables of the block.

Before: ``self->ts = timestamp``, ``self->ts = 0``  After: ``@ts[tid] = nsecs;``, ``delete(@ts[tid]);``
"""

from __future__ import annotations

from collections.abc import Sequence

from dtrans.check.tree import Assign, Const, Expr, Read, Variable
from dtrans.emit.bpftrace.subroutines import copied_size
from dtrans.emit.bpftrace.text import Value, fitted
from dtrans.emit.bpftrace.writer import Writer
from dtrans.emit.text import is_signed
from dtrans.plan.leaves import Linux
from dtrans.types import Addresses, Array, EnumRef, Int, Pointer, StringType, StructRef, Type


def read(writer: Writer, expr: Read[Linux]) -> Value:
    """The value of a number. One that was never set is 0, in bpftrace too."""
    kind = expr.variable.type
    return Value(place(writer, expr.variable, expr.keys), is_signed(kind), natural=_is_natural(kind))


def read_string(writer: Writer, expr: Read[Linux]) -> str:
    return place(writer, expr.variable, expr.keys)


def place(writer: Writer, variable: Variable, keys: Sequence[Expr[Linux]], *, written: bool = False) -> str:
    """Where a variable stands."""
    _check(writer, variable)
    if variable.scope == "this" and variable.keys is None:
        return writer.local(variable)
    name = writer.script.map_name(variable)
    if written:
        writer.script.written.setdefault(name, variable)
    else:
        writer.script.read.setdefault(name, variable)
        if name not in writer.script.written:
            writer.script.early.setdefault(name, variable)
    parts = [writer.tid] if variable.scope == "self" else []
    parts += [key_text(writer, key) for key in keys]
    return f"{name}[{', '.join(parts)}]" if parts else name


def key_text(writer: Writer, key: Expr[Linux]) -> str:
    """An element of a tuple."""
    if isinstance(key.type, StringType):
        return writer.string(key)
    if isinstance(key.type, StructRef):
        raise writer.refuse("a structure as a key", "its keys are numbers, strings and stacks")
    return writer.number(key).whole.text


def assign(writer: Writer, expr: Assign[Linux], *, value_used: bool = True) -> Value:
    """Adds an assignment; its value."""
    variable = expr.variable
    if isinstance(variable.type, StringType):
        text = writer.string(expr.value)
        target = place(writer, variable, expr.keys, written=True)
        _put(writer, target, text, forgets=isinstance(expr.value, Const))
        return Value("0", natural=True)
    if not expr.op:
        value = writer.number(expr.value).whole
        target = place(writer, variable, expr.keys, written=True)
        forgets = isinstance(expr.value, Const) and expr.value.value == 0
        text = _stored(value, expr.value.type, variable.type)
        _put(writer, target, text, forgets=forgets)
        size = copied_size(writer, expr.value) if variable.scope == "this" else ""
        if size:
            writer.copied[variable] = f"{target}_size"
            writer.locals[f"{target}_size"] = "0"
            writer.add(f"{target}_size = {size};")
        return value if forgets or value.is_literal or not value_used else read(writer, Read(variable, expr.keys))
    return _operated(writer, expr, value_used=value_used)


def _operated(writer: Writer, expr: Assign[Linux], *, value_used: bool) -> Value:
    """``variable op= value``."""
    variable = expr.variable
    operand = writer.number(expr.value).whole
    target = place(writer, variable, expr.keys, written=True)
    current = Value(target, is_signed(variable.type), natural=_is_natural(variable.type))
    old = writer.temporary(Value(target, current.signed)) if value_used and expr.old else None
    size = variable.type.size if isinstance(variable.type, Int | EnumRef) else 8
    if expr.op in "+-" and operand.text == "1" and size == 8:
        writer.add(f"{target}{expr.op * 2};")
    elif expr.op in "+-&|^*" and size == 8:
        writer.add(f"{target} {expr.op}= {operand.under(signed=current.signed)};")
    else:
        made = writer.operation(expr.op, current, operand, signed=current.signed)
        writer.add(f"{target} = {_stored(made, Int('', 8, current.signed), variable.type)};")
    return current if old is None else old


def _put(writer: Writer, target: str, text: str, *, forgets: bool) -> None:
    """An element that is set to 0 is none, in D and here."""
    if forgets and "[" in target:
        writer.add(f"delete({target});")
    else:
        writer.add(f"{target} = {text};")


def _stored(value: Value, have: Type, want: Type) -> str:
    """A value as a variable of a type holds it: always under one sign, since bpftrace knows a map by its first use."""
    made = fitted(value, have, want)
    return made.exact(signed=is_signed(want))


def _check(writer: Writer, variable: Variable) -> None:
    match variable.type:
        case StructRef() | Array():
            raise writer.refuse(
                "a structure or array in a variable", "its variables are numbers and strings", word=variable.name
            )
        case Addresses():
            raise writer.refuse("a stack in a variable", "dtrans stores stacks only itself", word=variable.name)


def _is_natural(kind: Type) -> bool:
    return isinstance(kind, Int) and not kind.signed and kind.size < 8 and not isinstance(kind, Pointer)
