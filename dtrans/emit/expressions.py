"""Expressions of a plan as C: integers become C expressions, strings become memory.

Before: ``Binary(">", CallArg(2), Const(100))``  After: ``a2 > 100``, with ``s64 a2 = dt_call_arg(ctx, 2);`` before it.

What a C expression cannot hold (a read of kernel memory that can fail, a helper call, a string) becomes statements
that are appended to the current lines, and the value the name of a temporary. A value that later statements
could change is put into a temporary first.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from dtrans.check.conversions import common
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
    Late,
    Load,
    Offset,
    Place,
    Read,
    Store,
    StringOf,
    Text,
    Unary,
    assigns,
)
from dtrans.emit import access, strings
from dtrans.emit.addresses import any_address, assign_addresses, put_addresses
from dtrans.emit.leaves import lasts, leaf_value, probe_part, string_intrinsic, trace_text
from dtrans.emit.memory import (
    address_of,
    load,
    own_place,
    put_structure,
    store,
    string_at,
)
from dtrans.emit.nulls import may_be_null, nullable
from dtrans.emit.storage import Slot
from dtrans.emit.subroutines import integer_call, string_call
from dtrans.emit.text import c_type, is_signed, is_stable, number
from dtrans.emit.values import Values
from dtrans.emit.writer import BAD_ADDRESS, DIVIDE_BY_ZERO
from dtrans.plan.leaves import (
    Intrinsic,
    Linux,
    ProbePart,
    TraceText,
)
from dtrans.types import Addresses, Array, Int, Pointer, StringType, StructRef, Type, align_up

#: Left operands that wait for their right ones in C variables, at most; more of them wait in scratch memory.
_MOST_WAITING = 8


class Expressions(Values):
    """The expressions of a program."""

    #: Left operands that wait for the one at hand.
    _waiting = 0

    def _pair(self, left: Expr[Linux], right: Expr[Linux], emit: Callable[[Expr[Linux]], str]) -> tuple[str, str]:
        """Two operands, the left one's value taken before the right one's statements run."""
        one = emit(left)
        at = len(self.frame.lines.lines)
        self._waiting += 1
        two = emit(right)
        self._waiting -= 1
        if len(self.frame.lines.lines) > at and not isinstance(left, Const):
            kind = "s64" if is_signed(left.type) else "u64"
            if self._waiting >= _MOST_WAITING:
                place = f"*({kind} *)({self.slot(8).address})"
                self.frame.lines.insert(at, f"{place} = {one};")
                one = place
            elif not is_stable(one):
                one = self.temporary(kind, one, at=at)
        return one, two

    # --- integers -------------------------------------------------------------------------------------

    def integer(self, expr: Expr[Linux]) -> str:
        """A scalar as a C expression of 64 bits, signed as its type is."""
        match expr:
            case Const(value, kind):
                return number(value, signed=is_signed(kind))
            case Late():
                return (
                    f"(s32){self.shared.late_constant(expr)}"
                    if expr.what != "wall"
                    else self.shared.late_constant(expr)
                )
            case Offset():
                return f"(u64){self.shared.offset(expr)}"
            case Read():
                return access.read(self, expr)
            case Assign():
                return self._assign(expr)
            case Load():
                return load(self, expr)
            case Place():
                return address_of(self, expr)
            case Store():
                return store(self, expr)
            case Unary(op, operand, kind):
                return self._unary(op, operand, kind)
            case Binary(op, left, right, _):
                return self._binary(expr)
            case Compare(op, left, right):
                return self._compare(op, left, right)
            case Cond():
                return self._conditional(expr)
            case Comma(left, right):
                self.effect(left)
                return self.integer(right)
            case Cast(operand, kind):
                return self._cast(operand, kind)
            case Call():
                return integer_call(self, expr)
            case Text() | StringOf() | TraceText() | ProbePart():
                raise AssertionError(f"no number: {expr}")
            case _:
                return leaf_value(self, expr)

    def truth(self, expr: Expr[Linux]) -> str:
        """A C condition: whether a value is not zero. NULL is compared as "" (dtrace.c, DIF_OP_SCMP)."""
        if isinstance(expr.type, StringType):
            return f"*(u8 *)({self.string(expr).address})"
        if isinstance(expr.type, Addresses):
            return any_address(self, expr)
        return self.integer(expr)

    def effect(self, expr: Expr[Linux]) -> None:
        """An expression for its effect only."""
        match expr:
            case Store():
                store(self, expr)
                return
            case Comma(left, right):
                self.effect(left)
                self.effect(right)
                return
            case Load(address) if isinstance(expr.type, StructRef):
                # The original takes its address, which needs no place that is there.
                if own_place(address) is None:
                    self.effect(address)
                return
        if isinstance(expr.type, StringType) and not isinstance(expr, Assign):
            self.string(expr)
            return
        if isinstance(expr.type, Addresses) and not isinstance(expr, Assign):
            return
        if isinstance(expr, Assign):
            self._assign(expr, value_used=False)
            return
        value = self.integer(expr)
        if not is_stable(value) and "(" in value:
            self.add(f"(void)({value});")

    def _assign(self, expr: Assign[Linux], *, value_used: bool = True) -> str:
        """Emits an assignment to a variable; its value, when it is a number."""
        if isinstance(expr.variable.type, Addresses):
            assign_addresses(self, expr)
            return "0"
        return access.assign(self, expr, value_used=value_used)

    def _cast(self, operand: Expr[Linux], kind: Type) -> str:
        if isinstance(operand.type, StringType | Addresses):
            return self.truth(operand)
        if isinstance(kind, Int | Pointer) or hasattr(kind, "size"):
            value = self.integer(operand)
            c = c_type(kind)
            size = int(c[1:]) // 8
            if size == 8:
                return f"({c}){_wrapped(value)}" if is_signed(operand.type) != is_signed(kind) else value
            return f"({c}){_wrapped(value)}"
        self.effect(operand)
        return "0"

    def _unary(self, op: str, operand: Expr[Linux], kind: Type) -> str:
        if op == "!":
            return f"!{_wrapped(self.truth(operand))}"
        value = self.integer(operand)
        # Promotion may have made the operand signed: what it is compared with later must find the result's sign.
        sign = "s64" if is_signed(kind) else "u64"
        return f"(({sign})~{_wrapped(value)})" if op == "~" else f"(({sign})(0 - (u64){_wrapped(value)}))"

    def _binary(self, expr: Binary[Linux]) -> str:
        op, left, right = expr.op, expr.left, expr.right
        if op in ("&&", "||"):
            return self._logical(op, left, right)
        if op == "^^":
            return f"(!{_wrapped(self.truth(left))} != !{_wrapped(self.truth(right))})"
        one, two = self._pair(left, right, self.integer)
        if op in ("==", "!=", "<", "<=", ">", ">="):
            kind = common(left.type, right.type)
            return f"({_as(one, left.type, kind)} {op} {_as(two, right.type, kind)})"
        signed = is_signed(expr.type)
        if op in ("/", "%"):
            return self.divide(op, one, two, right, signed)
        if op in ("<<", ">>"):
            count = two if isinstance(right, Const) and 0 <= right.value < 64 else f"({two} & 63)"
            if op == ">>":
                # A comparison is an int of 32 bits in C.
                return f"(({'s64' if signed else 'u64'}){_wrapped(one)} >> {count})"
            return f"({'(s64)' if signed else ''}((u64){_wrapped(one)} << {count}))"
        if op in ("&", "|", "^"):
            return f"({_as(one, left.type, expr.type)} {op} {_as(two, right.type, expr.type)})"
        text = f"((u64){_wrapped(one)} {op} (u64){_wrapped(two)})"
        return f"(s64){text}" if signed else text

    def divide(self, op: str, one: str, two: str, right: Expr[Linux], signed: bool) -> str:
        if not isinstance(right, Const) or right.value == 0:
            two = self.temporary("s64" if signed else "u64", two)
            self.fault(f"!{two}", DIVIDE_BY_ZERO)
        if signed:
            self.shared.uses.add("divide")
            return f"dt_{'divide' if op == '/' else 'modulo'}({one}, {two})"
        return f"((u64){_wrapped(one)} {op} (u64){_wrapped(two)})"

    def _logical(self, op: str, left: Expr[Linux], right: Expr[Linux]) -> str:
        one = self.truth(left)
        with self.captured() as lines:
            two = self.truth(right)
        if not lines:
            return f"({one} {op} {two})"
        # The right side needs statements, which must run only when the left side lets them.
        result = self.temporary("s64", f"!!{_wrapped(one)}")
        self.add(f"if ({result if op == '&&' else '!' + result}) {{")
        self.frame.lines.lines += lines
        self.add(f"\t{result} = !!{_wrapped(two)};")
        self.add("}")
        return result

    def _conditional(self, expr: Cond[Linux]) -> str:
        # What a row says of an object by its kind stands many times in what other rows say of it.
        kept = lasts(expr)
        known = self.frame.read(expr) if kept else None
        if known is not None:
            return known
        condition = self.truth(expr.test)
        with self.captured() as first:
            one = self.integer(expr.then)
        with self.captured() as second:
            two = self.integer(expr.other)
        if not first and not second:
            return f"({condition} ? {_as(one, expr.then.type, expr.type)} : {_as(two, expr.other.type, expr.type)})"
        result = self.temporary("s64" if is_signed(expr.type) else "u64", "0")
        self.add(f"if ({condition}) {{")
        self.frame.lines.lines += first
        self.add(f"\t{result} = {one};")
        self.add("} else {")
        self.frame.lines.lines += second
        self.add(f"\t{result} = {two};")
        self.add("}")
        if kept:
            self.frame.keep(expr, result)
        return result

    # --- memory ---------------------------------------------------------------------------------------

    # --- strings --------------------------------------------------------------------------------------

    def string(self, expr: Expr[Linux], *, read: bool = False) -> Slot:
        """A string in memory: where it stands. One that is NULL is so there too, unless it is `read`."""
        if isinstance(expr, Read):
            return access.place(self, expr)
        slot = self.slot(_bound(expr.type) if isinstance(expr.type, StringType) else 8)
        self.string_into(expr, slot, read=read)
        return slot

    def text(self, expr: Expr[Linux], *later: Expr[Linux]) -> Slot:
        """A string whose characters are needed: NULL has none, at the address 0. A variable is copied where what is
        calculated `later` may assign it."""
        slot = self.string(expr, read=True)
        if nullable(expr):
            self.fault(f"!*(u16 *)({slot.address})", BAD_ADDRESS)
        return self._kept(slot) if isinstance(expr, Read) and any(map(assigns, later)) else slot

    def _kept(self, slot: Slot) -> Slot:
        kept = self.slot(slot.size)
        strings.copy(self, kept, slot)
        return kept

    def string_into(self, expr: Expr[Linux], slot: Slot, *, key: bool = False, read: bool = False) -> None:
        """Puts a string at a place. A `key` has zeros behind its end, up to the slot's size. Where the string is
        `read`, a NULL pointer may be a fault at once."""
        match expr:
            case Text(value):
                strings.literal(self, value, slot, key=key)
            case Const():
                self.add(f"*(u64 *)({slot.address}) = 0;")
                if key:
                    strings.clear(self, slot)
            case StringOf(address, space, kind):
                bound = min(slot.size, _bound(kind))
                if key:
                    strings.clear(self, slot)
                if string_at(self, expr, slot, bound):
                    return
                where = self.integer(address)
                if space == "user":
                    self.user_string(slot, str(bound), where)
                    return
                if not read and may_be_null(expr):
                    where = self.temporary("u64", where)
                    self.add(f"*(u16 *)({slot.address}) = 0;")
                    self.add(f"if ({where}) {{")
                self.add(f"STRING({slot.address}, {bound}, {where}, {self.frame.fault}, {self.frame.action});")
                if not read and may_be_null(expr):
                    self.add(f"MARK_SET({slot.address}); }}")
            case Cond(test, then, other, _):
                with self.block(f"if ({self.truth(test)})"):
                    self._branch(then, slot, expr, key=key, read=read)
                with self.block("else"):
                    self._branch(other, slot, expr, key=key, read=read)
            case Comma(left, right):
                self.effect(left)
                self.string_into(right, slot, key=key, read=read)
            case Call():
                string_call(self, expr, slot, key=key)
                strings.cut(self, slot)
            case Store(address, kind, _, _, _):
                store(self, expr)
                self.string_into(StringOf(address, "own", kind), slot, key=key)
            case Read() | Assign():
                source = self.string(expr) if isinstance(expr, Read) else self._assigned(expr)
                strings.copy(self, slot, source, key=key)
            case TraceText():
                trace_text(self, expr, slot, key=key)
            case Intrinsic(name, args, _):
                string_intrinsic(self, name, args, slot, key=key)
                strings.cut(self, slot)
            case ProbePart(part, _):
                probe_part(self, part, slot, key=key)
                strings.cut(self, slot)
            case _:
                raise AssertionError(f"no string: {expr}")

    def _branch(self, expr: Expr[Linux], slot: Slot, whole: Expr[Linux], *, key: bool, read: bool) -> None:
        """A branch of a string that may be NULL in the other one."""
        self.string_into(expr, slot, key=key, read=read)
        if nullable(whole, read=read) and not nullable(expr, read=read):
            self.add(f"MARK_SET({slot.address});")

    def _assigned(self, expr: Assign[Linux]) -> Slot:
        self._assign(expr, value_used=False)
        return access.place(self, Read(expr.variable, expr.keys))

    def _compare(self, op: str, left: Expr[Linux], right: Expr[Linux]) -> str:
        if op in ("==", "!=") and (isinstance(left, Text) or isinstance(right, Text)):
            text, other = (left, right) if isinstance(left, Text) else (right, left)
            assert isinstance(text, Text)
            test = strings.equals(self.string(other), text.value)
            return test if op == "==" else f"!{test}"
        one = self.string(left)
        if isinstance(left, Read) and assigns(right):
            one = self._kept(one)
        two = self.string(right)
        if op in ("==", "!="):
            call = self.calls.expression(self, "streq", one, two)
            return call if op == "==" else f"!{call}"
        result = self.temporary("s64", self.calls.expression(self, "strcmp", one, two))
        return f"({result} {op} 0)"

    # --- members of structures ------------------------------------------------------------------------

    def put(self, target: str, expr: Expr[Linux], kind: Type, *, key: bool = False) -> None:
        """Stores a value in a member of a type made for it."""
        match kind:
            case StringType(bound):
                slot = Slot(target, align_up(bound, 8))
                if nullable(expr):
                    strings.copy(self, slot, self.text(expr), key=key)
                else:
                    self.put_string(slot, expr, key=key, read=True)
            case Addresses():
                put_addresses(self, target, expr, key=key)
            case StructRef() | Array():
                assert isinstance(expr, Load)
                put_structure(self, target, expr)
            case _:
                self.add(f"{target} = {self.integer(expr)};")

    def put_string(self, slot: Slot, expr: Expr[Linux], *, key: bool = False, read: bool = False) -> None:
        """A string at a place that need not be scratch memory."""
        if isinstance(expr, Cond) and not nullable(expr, read=read):
            # One branch may come from the process, and need no room.
            with self.block(f"if ({self.truth(expr.test)})"):
                self.put_string(slot, expr.then, key=key, read=read)
            with self.block("else"):
                self.put_string(slot, expr.other, key=key, read=read)
        elif _needs_room(expr):
            strings.copy(self, slot, self.string(expr, read=read), key=key)
        else:
            self.string_into(expr, slot, key=key, read=read)


def _needs_room(expr: Expr[Linux]) -> bool:
    """Whether a string is made by a function of `templates/c` whose bounds the verifier sees only in scratch memory."""
    match expr:
        case Call(name, _, _, _):
            return name not in ("copyin", "copyinstr")
        case Intrinsic(name, _, _):
            return name != "__comm"
        case Cond(_, then, other, _):
            return _needs_room(then) or _needs_room(other)
        case Comma(_, right):
            return _needs_room(right)
    return False


def _wrapped(text: str) -> str:
    """Parentheses where a C expression needs them as an operand."""
    if re.fullmatch(r"[\w.]+|[\w>-]+", text) or (text.startswith("(") and _closes(text)):
        return text
    return f"({text})"


def _closes(text: str) -> bool:
    """Whether the parenthesis that opens a text is the one that ends it."""
    depth = 0
    for index, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth == 0:
            return index == len(text) - 1
    return False


def _as(text: str, have: Type, want: Type) -> str:
    """A 64-bit value under the sign of another type."""
    if is_signed(have) == is_signed(want) or re.fullmatch(r"\d+", text):
        return text
    return f"({'s64' if is_signed(want) else 'u64'}){_wrapped(text)}"


def _bound(kind: Type) -> int:
    assert isinstance(kind, StringType)
    return kind.bound
