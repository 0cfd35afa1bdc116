"""D's subroutines as bpftrace's functions, where it has them.

Before: ``copyinstr(arg0)``, ``inet_ntoa(a)``  After: ``str(uptr(arg0))``, ``ntop(*(uint32 *)(a))``
"""

from __future__ import annotations

from dtrans.check.tree import Binary, Call, Cast, Const, Expr, Load, Read, Store, Text
from dtrans.emit.bpftrace.memory import load, pointer_text
from dtrans.emit.bpftrace.text import Value
from dtrans.emit.bpftrace.writer import Writer
from dtrans.plan.leaves import Linux
from dtrans.types import UINT32, StringType

_AF_INET, _AF_INET6 = 2, 10  # include/linux/socket.h
_NO_STRINGS = "it makes no strings out of others"


def number_call(writer: Writer, call: Call[Linux]) -> Value:
    """A subroutine whose value is a number or an address."""
    args = call.args
    match call.name:
        case "strlen":
            if isinstance(args[0], Text):
                return Value(str(len(args[0].value)), natural=True)
            raise writer.refuse("strlen()", "it does not count the characters of a string before 0.22", call.span)
        case "getmajor":
            return Value(f"{_uint32(writer, args[0])} >> 20", rank="operation", natural=True)
        case "getminor":
            return Value(f"{_uint32(writer, args[0])} & 0xfffff", rank="operation", natural=True)
        case "htons" | "ntohs":
            value = writer.temporary(Value(f"(uint16){writer.number(args[0]).whole.operand}", False, "operation", True))
            return Value(f"(({value.text} & 0xff) << 8) | ({value.text} >> 8)", rank="operation", natural=True)
        case "htonl" | "ntohl":
            value = writer.temporary(Value(_uint32(writer, args[0]), False, "operation", True))
            swapped = " | ".join(
                (f"(({value.text} & 0xff) << 24)", f"(({value.text} & 0xff00) << 8)",
                 f"(({value.text} >> 8) & 0xff00)", f"({value.text} >> 24)")
            )  # fmt: skip
            return Value(swapped, rank="operation", natural=True)
        case "copyin":
            # Nothing is copied: what is read of it is read of the process.
            return writer.number(args[0]).whole
        case "rand":
            return Value("rand & 0x7fffffff", rank="operation", natural=True)
    raise writer.refuse(f"{call.name}()", "it has nothing like it", call.span)


def copied_size(writer: Writer, value: Expr[Linux]) -> str:
    """How many bytes a value points to that is a copyin(); "" for another."""
    while isinstance(value, Cast):
        value = value.operand
    match value:
        case Call("copyin", (_, size)):
            return writer.number(size).exact(signed=True)
    return ""


def end_copied(writer: Writer, store: Store[Linux]) -> bool:
    """Takes ``this->s[n] = 0`` for the end of the text that a copyin() gave; whether it is that."""
    match store:
        case Store(Binary("+", Read(variable, ()), at), _, "", Const(0)) if variable in writer.copied:
            writer.add(f"{writer.copied[variable]} = {writer.number(at).exact(signed=True)};")
            return True
    return False


def _uint32(writer: Writer, expr: Expr[Linux]) -> str:
    return f"(uint32){writer.number(expr).whole.operand}"


#: Functions that make a string of another, of which bpftrace has the whole one only, and what it is not.
_PARTS = {"basename": "the last part of the path", "cleanpath": "cleaned of . and .."}


def string_call(writer: Writer, call: Call[Linux]) -> str:
    """A subroutine whose value is a string."""
    args = call.args
    match call.name:
        case "copyinstr" | "copyin":
            return _copied(writer, call)
        case "inet_ntoa":
            return f"ntop({load(writer, Load(args[0], UINT32, 'kernel')).text})"
        case "inet_ntop" if isinstance(args[0], Const) and args[0].value == _AF_INET:
            return f"ntop({load(writer, Load(args[1], UINT32, 'kernel')).text})"
        case "inet_ntoa6":
            return _ntop6(writer, args[0])
        case "inet_ntop" if isinstance(args[0], Const) and args[0].value == _AF_INET6:
            return _ntop6(writer, args[1])
        case "basename" | "cleanpath":
            writer.note(f"The whole text, not {_PARTS[call.name]}: bpftrace makes no strings out of others.")
            return writer.string(args[0])
        case "strjoin" | "lltostr":
            raise writer.refuse(f"{call.name}()", f"{_NO_STRINGS}; printf() does it", call.span)
    raise writer.refuse(f"{call.name}()", _NO_STRINGS, call.span)


def _ntop6(writer: Writer, address: Expr[Linux]) -> str:
    where = pointer_text(writer, address, "kernel")
    return f"ntop(((struct in6_addr *)({where}))->in6_u.u6_addr8)"


def _copied(writer: Writer, call: Call[Linux]) -> str:
    writer.remark("strings")
    writer.remark("faults")
    assert isinstance(call.type, StringType)
    address = pointer_text(writer, call.args[0], "user")
    if len(call.args) > 1:
        most = call.args[1]
        if isinstance(most, Const):
            return f"str({address}, {most.value + 1})"
        return f"str({address}, {writer.number(most).whole.operand} + 1)"
    return f"str({address})"
