"""D's subroutines: what arguments they take and what they give (Guide, "Actions and Subroutines").

Before: ``ast.Call("strjoin", (a, b))``  After: ``Call("strjoin", (a, b), string)`` with both arguments made strings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from dtrans.check.checker import Checker
from dtrans.check.conversions import is_integer, is_scalar, string_address
from dtrans.check.tree import Call, Const, Expr, L
from dtrans.errors import fail
from dtrans.options import Options
from dtrans.syntax import ast
from dtrans.types import (
    INT,
    INT64,
    UINT16,
    UINT32,
    UINT64,
    ULONG,
    VOID,
    Addresses,
    Pointer,
    StringType,
    Type,
)
from dtrans.values import dataclass

#: "memory" is a pointer to anything, which a string is too: to its characters.
Kind = Literal["string", "int", "pointer", "memory", "user", "constant"]

SCRATCH = Pointer(VOID, "scratch")


@dataclass(frozen=True, slots=True)
class Prototype:
    """`params` in order, the last `optional` of them may be left out. `result` "string" is a string of strsize."""

    params: tuple[Kind, ...]
    result: Type | Literal["string"]
    optional: int = 0


_TEXT: tuple[Kind, ...] = ("string",)
PROTOTYPES: Mapping[str, Prototype] = {
    "alloca": Prototype(("int",), SCRATCH),
    "basename": Prototype(_TEXT, "string"),
    "bcopy": Prototype(("memory", "pointer", "int"), VOID),
    "cleanpath": Prototype(_TEXT, "string"),
    "copyin": Prototype(("user", "int"), SCRATCH),
    "copyinstr": Prototype(("user", "int"), "string", 1),
    "copyinto": Prototype(("user", "int", "pointer"), VOID),
    "dirname": Prototype(_TEXT, "string"),
    "getmajor": Prototype(("int",), UINT32),
    "getminor": Prototype(("int",), UINT32),
    "htonl": Prototype(("int",), UINT32),
    "htonll": Prototype(("int",), UINT64),
    "htons": Prototype(("int",), UINT16),
    "index": Prototype(("string", "string", "int"), INT, 1),
    "inet_ntoa": Prototype(("pointer",), "string"),
    "inet_ntoa6": Prototype(("pointer",), "string"),
    "inet_ntop": Prototype(("int", "memory"), "string"),
    "json": Prototype(("string", "string"), "string"),
    "link_ntop": Prototype(("int", "memory"), "string"),
    "lltostr": Prototype(("int", "int"), "string", 1),
    "memstr": Prototype(("memory", "int", "int"), "string"),
    "ntohl": Prototype(("int",), UINT32),
    "ntohll": Prototype(("int",), UINT64),
    "ntohs": Prototype(("int",), UINT16),
    "progenyof": Prototype(("int",), INT),
    "rand": Prototype((), INT),
    "rindex": Prototype(("string", "string", "int"), INT, 1),
    "speculation": Prototype((), INT),
    "strchr": Prototype(("string", "int"), "string"),
    "strjoin": Prototype(("string", "string"), "string"),
    "strlen": Prototype(_TEXT, ULONG),
    "strrchr": Prototype(("string", "int"), "string"),
    "strstr": Prototype(("string", "string"), "string"),
    "strtok": Prototype(("string", "string"), "string"),
    "strtoll": Prototype(("string", "int"), INT64, 1),
    "substr": Prototype(("string", "int", "int"), "string", 1),
    "tolower": Prototype(_TEXT, "string"),
    "toupper": Prototype(_TEXT, "string"),
}

#: Functions whose value the reader makes from an address.
ADDRESS_FUNCTIONS = ("sym", "func", "mod", "usym", "ufunc", "umod", "uaddr")
STACK_FUNCTIONS = ("stack", "ustack", "jstack")
#: Frames where neither a call nor an option says how many, and the most that the kernel gives (perf_event_max_stack).
_USUAL_FRAMES, _MOST_FRAMES = 20, 127

#: Subroutines of D that this version refuses, and why.
REFUSED: Mapping[str, str] = {
    "msgsize": "Linux has no STREAMS messages",
    "msgdsize": "Linux has no STREAMS messages",
    "ddi_pathname": "Linux has no Solaris device tree",
    **dict.fromkeys(("kdebug_trace", "kdebug_trace_string", "livedump"), "Linux has no such trace or dump of macOS'"),
    "kvtophys": "Linux tells no program where memory of its kernel lies in the machine's",
    **dict.fromkeys(
        ("sx_isexclusive", "sx_shared_held", "sx_exclusive_held"), "Linux has no locks of FreeBSD's kind: see lockstat"
    ),
    **dict.fromkeys(("memref", "typeref", "printm", "printt"), "tracemem() and print() show memory here"),
}

#: Functions of macOS that give back what they are given: the number of their arguments. Linux's addresses carry no
#: signature, and its times are nanoseconds.
SAME: Mapping[str, int] = {"strip": 2, "mtons": 1}

#: What only makes sense as a statement of its own.
STATEMENT_ONLY = (
    "printf", "printa", "trace", "tracemem", "print", "exit", "clear", "trunc", "normalize", "denormalize", "system",
    "freopen", "setopt", "raise", "stop", "speculate", "commit", "discard", "copyout", "copyoutstr", "chill", "panic",
    "breakpoint", "ftruncate", "pcap",
)  # fmt: skip
AGGREGATING = ("count", "sum", "avg", "min", "max", "stddev", "quantize", "lquantize", "llquantize")


def is_function(name: str) -> bool:
    """Whether a name is that of a subroutine, an action or an aggregating function."""
    known = (PROTOTYPES, SAME, REFUSED, ADDRESS_FUNCTIONS, STACK_FUNCTIONS, STATEMENT_ONLY, AGGREGATING)
    return any(name in names for names in known)


def check_call(checker: Checker[L], node: ast.Call) -> Expr[L]:
    """A call of a subroutine. Raises D_FUNC_UNDEF, D_PROTO_LEN, D_PROTO_ARG."""
    name = node.name
    if name in ADDRESS_FUNCTIONS:
        return _address(checker, node)
    if name in STACK_FUNCTIONS:
        return _stack(checker, node)
    if name in REFUSED:
        raise fail("D_FUNC_UNDEF", f"{name}(): {REFUSED[name]}", node.span)
    if name in STATEMENT_ONLY:
        # Where nothing minds that it is void, it is refused when the program is planned.
        return Call(name, (), VOID, node.span)
    if name in AGGREGATING:
        raise fail("D_AGG_FUNC", f"{name}() aggregates: assign it to an aggregation, as in @ = {name}(...)", node.span)
    if name in SAME:
        check_count(node, SAME[name], SAME[name])
        return checker.integer(node.args[0])
    prototype = PROTOTYPES.get(name)
    if prototype is None:
        if name in checker.types.knowledge.builtins or checker.names.variable(ast.Name(name, node.span)) is not None:
            raise fail("D_FUNC_IDKIND", f"'{name}' is a variable and cannot be called", node.span)
        from dtrans.knowledge.lookup import nearest

        close = nearest(name, [*PROTOTYPES, *STATEMENT_ONLY, *ADDRESS_FUNCTIONS, *STACK_FUNCTIONS])
        raise fail(
            "D_FUNC_UNDEF",
            f"undefined function name: {name}",
            node.span,
            hint=f"did you mean {' or '.join(close)}?" if close else "",
        )
    args = check_arguments(checker, node, prototype)
    return Call(name, args, _result(checker, node, prototype, args), node.span)


def check_arguments(checker: Checker[L], node: ast.Call, prototype: Prototype) -> tuple[Expr[L], ...]:
    """The arguments of a call, typed. Raises D_PROTO_LEN, D_PROTO_ARG."""
    check_count(node, len(prototype.params) - prototype.optional, len(prototype.params))
    return tuple(
        _argument(checker, kind, written, number, node)
        for number, (kind, written) in enumerate(zip(prototype.params, node.args, strict=False), 1)
    )


def check_count(node: ast.Call, least: int, most: int) -> None:
    """Raises D_PROTO_LEN when a call has too few or too many arguments."""
    given = len(node.args)
    if least <= given <= most:
        return
    wanted = str(least) if least == most else f"{least} to {most}"
    raise fail(
        "D_PROTO_LEN",
        f"{node.name}( ) prototype mismatch: {given} argument{'s' if given != 1 else ''} passed, {wanted} expected",
        node.span,
    )


def _argument(checker: Checker[L], kind: Kind, written: ast.Expr, number: int, node: ast.Call) -> Expr[L]:
    value = checker.check(written)
    match kind:
        case "string":
            if node.name == "strtok" and number == 1 and isinstance(value, Const) and value.value == 0:
                return value
            if isinstance(value.type, StringType) or _string_like(value):
                return checker.string(value, written.span)
        case "memory" if isinstance(value.type, StringType):
            return string_address(value)
        case "pointer" | "user" | "memory":
            value = checker.decayed(value)
            if isinstance(value.type, Pointer) or is_integer(value.type):
                return value
        case "int" | "constant":
            if is_scalar(value.type):
                return value
    raise fail(
        "D_PROTO_ARG",
        f"{node.name}( ) argument #{number} is incompatible with prototype: "
        f"a {_WORDS[kind]} is expected, not '{value.type}'",
        written.span,
    )


_WORDS = {
    "string": "string",
    "int": "number",
    "pointer": "pointer",
    "memory": "pointer",
    "user": "user address",
    "constant": "constant",
}


def _string_like(value: Expr[L]) -> bool:
    from dtrans.check.conversions import is_string_like

    return is_string_like(value.type)


def _result(checker: Checker[L], node: ast.Call, prototype: Prototype, args: tuple[Expr[L], ...]) -> Type:
    """The result's type; a string's bound follows from the arguments where it can."""
    if prototype.result != "string":
        return prototype.result
    strsize = checker.types.strsize
    bounds = [arg.type.bound for arg in args if isinstance(arg.type, StringType)]
    match node.name:
        case "inet_ntoa":
            return StringType(16)
        case "inet_ntoa6" | "inet_ntop":
            return StringType(48)
        case "link_ntop":
            return StringType(64)
        case "lltostr":
            return StringType(72 if len(args) > 1 else 24)
        case "strjoin":
            return StringType(min(strsize, sum(bounds) - 1))
        case (
            "basename"
            | "dirname"
            | "cleanpath"
            | "json"
            | "strchr"
            | "strrchr"
            | "strstr"
            | "substr"
            | "tolower"
            | "toupper"
        ):
            return StringType(min(strsize, max(bounds[0], 2)))
        case "copyinstr" if len(args) > 1 and isinstance(args[1], Const) and args[1].value > 0:
            return StringType(min(strsize, args[1].value + 1))
    return StringType(strsize)


def _address(checker: Checker[L], node: ast.Call) -> Expr[L]:
    check_count(node, 1, 1)
    value = checker.decayed(checker.check(node.args[0]))
    if not is_scalar(value.type):
        raise fail("D_PROTO_ARG", f"{node.name}( ) needs an address, not '{value.type}'", node.args[0].span)
    return Call(node.name, (value,), Addresses(node.name), node.span)


def _stack(checker: Checker[L], node: ast.Call) -> Expr[L]:
    """``stack([frames])``, ``ustack([frames[, strsize]])``, ``jstack([frames[, strsize]])``: constants."""
    proto, size = ("D_STACK_PROTO", "D_STACK_SIZE") if node.name == "stack" else ("D_USTACK_PROTO", "D_USTACK_FRAMES")
    if len(node.args) > (1 if node.name == "stack" else 2):
        raise fail(proto, f"{node.name}( ) prototype mismatch: too many arguments", node.span)
    frames = 0
    if node.args:
        frames = _frames(checker, node, 0, size)
        if frames <= 0:
            raise fail(size, f"{node.name}( ) needs a positive number of frames", node.args[0].span)
    if len(node.args) > 1 and _frames(checker, node, 1, "D_USTACK_STRSIZE") < 0:
        raise fail("D_USTACK_STRSIZE", f"{node.name}( ) size must be positive", node.args[1].span)
    depths = checker.types.depths
    frames = min(frames or depths.get(node.name, _USUAL_FRAMES), depths.get("", _MOST_FRAMES))
    return Call(node.name, (), Addresses(node.name, frames), node.span)


def _frames(checker: Checker[L], node: ast.Call, index: int, tag: str) -> int:
    value = checker.check(node.args[index])
    if not isinstance(value, Const):
        raise fail(tag, f"{node.name}( ) argument #{index + 1} must be an integer constant", node.args[index].span)
    return value.value


def stack_depths(options: Options) -> Mapping[str, int]:
    """The `TypeNames.depths` that the options ask for."""
    return {"": options.count("maxframes") or _MOST_FRAMES} | {
        name: options.count(f"{name}frames") or _USUAL_FRAMES for name in STACK_FUNCTIONS
    }
