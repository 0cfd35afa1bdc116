"""Integer expressions whose values are known.

The model of D's arithmetic: registers of 64 bits; the operand of the higher rank decides the type, and so whether an
operation is signed; a variable keeps all 64 bits; a cast or a record cuts to the type's size.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st


@dataclass(frozen=True)
class Kind:
    name: str
    size: int
    signed: bool

    def cut(self, value: int) -> int:
        value &= (1 << self.size * 8) - 1
        return value - (1 << self.size * 8) if self.signed and value >> (self.size * 8 - 1) else value


KINDS = [
    Kind(f"{'' if signed else 'u'}int{8 * size}_t", size, signed) for size in (1, 2, 4, 8) for signed in (True, False)
]
INT = KINDS[4]
WIDE = {True: KINDS[6], False: KINDS[7]}


@dataclass(frozen=True)
class Number:
    """An expression's text, its type and its value as a register holds it."""

    text: str
    kind: Kind
    value: int


def common(one: Kind, two: Kind) -> Kind:
    if one.size != two.size:
        return one if one.size > two.size else two
    return two if one.signed else one


def number(text: str, kind: Kind, value: int) -> Number:
    return Number(text, kind, WIDE[kind.signed].cut(value))


def binary(op: str, left: Number, right: Number) -> Number | None:
    """None for a division by zero."""
    kind = common(left.kind, right.kind)
    wide = WIDE[kind.signed]
    one, two = wide.cut(left.value), wide.cut(right.value)
    text = f"({left.text} {op} {right.text})"
    match op:
        case "+" | "-" | "*" | "&" | "|" | "^":
            value = {"+": one + two, "-": one - two, "*": one * two, "&": one & two, "|": one | two, "^": one ^ two}[op]
            return number(text, kind, value)
        case "/" | "%":
            if not two:
                return None
            quotient = abs(one) // abs(two) * (1 if (one < 0) == (two < 0) else -1)
            return number(text, kind, quotient if op == "/" else one - quotient * two)
        case "<<" | ">>":
            kind = left.kind
            one, count = WIDE[kind.signed].cut(left.value), right.value & 63
            return number(text, kind, one << count if op == "<<" else one >> count)
        case "==" | "!=" | "<" | "<=" | ">" | ">=":
            holds = {
                "==": one == two,
                "!=": one != two,
                "<": one < two,
                "<=": one <= two,
                ">": one > two,
                ">=": one >= two,
            }
            return number(text, INT, holds[op])
        case "&&":
            return number(text, INT, bool(one) and bool(two))
        case "||":
            return number(text, INT, bool(one) or bool(two))
    return number(text, INT, bool(one) != bool(two))


OPS = ("+", "-", "*", "/", "%", "<<", ">>", "&", "|", "^", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "^^")
EDGES = [
    0,
    1,
    -1,
    2,
    7,
    -8,
    63,
    64,
    127,
    128,
    255,
    -129,
    32768,
    65535,
    2**31 - 1,
    2**31,
    -(2**31),
    2**32 - 1,
    2**63 - 1,
    -(2**63),
]
VALUES = st.one_of(st.sampled_from(EDGES), st.integers(-(2**63), 2**63 - 1))
VARIABLES = {f"v{index}": kind for index, kind in enumerate(KINDS)}


@st.composite
def numbers(draw: st.DrawFn, values: dict[str, int], depth: int) -> Number:
    """An expression over variables of all integer types and casts of constants. What it assigns is then in `values`:
    operands are drawn in the order in which D calculates them."""
    if not depth or draw(st.integers(0, 4)) == 0:
        name = draw(st.sampled_from(sorted(values)))
        if draw(st.booleans()):
            return number(name, VARIABLES[name], values[name])
        kind, value = draw(st.sampled_from(KINDS)), draw(VALUES)
        return number(f"({kind.name}){value & 2**64 - 1:#x}", kind, kind.cut(value))
    inner = numbers(values, depth - 1)
    match draw(st.sampled_from(("binary", "binary", "binary", "unary", "cast", "conditional", "assignment"))):
        case "unary":
            operand = draw(inner)
            op = draw(st.sampled_from("-~!"))
            value = {"-": -operand.value, "~": ~operand.value, "!": not operand.value}[op]
            return number(f"({op}({operand.text}))", INT if op == "!" else operand.kind, value)
        case "cast":
            operand, kind = draw(inner), draw(st.sampled_from(KINDS))
            return number(f"(({kind.name}){operand.text})", kind, kind.cut(operand.value))
        case "conditional":
            test = _variable(draw(inner), values)
            then = _taken(draw, inner, values, taken=bool(test.value))
            other = _taken(draw, inner, values, taken=not test.value)
            kind = common(then.kind, other.kind)
            return number(
                f"({test.text} ? {then.text} : {other.text})", kind, then.value if test.value else other.value
            )
        case "assignment":
            return _assignment(draw, inner, values)
    left, op = draw(inner), draw(st.sampled_from(OPS))
    if op in ("&&", "||"):
        left = _variable(left, values)
        right = _taken(draw, inner, values, taken=bool(left.value) == (op == "&&"))
    else:
        right = draw(inner)
    # Division by zero has no value; the assignments of both sides are made all the same.
    return binary(op, left, right) or binary("|", left, right) or left


def _variable(one: Number, values: dict[str, int]) -> Number:
    """The same value, not known to the compiler: a constant test would leave nothing of the other side, not even its
    type."""
    return binary("|", one, number("(v6 - v6)", WIDE[True], 0)) or one


def _taken(draw: st.DrawFn, inner: st.SearchStrategy[Number], values: dict[str, int], *, taken: bool) -> Number:
    """A side of an expression, which assigns nothing unless it is `taken`."""
    before = dict(values)
    made = draw(inner)
    if not taken:
        values.update(before)
    return made


def _assignment(draw: st.DrawFn, inner: st.SearchStrategy[Number], values: dict[str, int]) -> Number:
    """An assignment of any kind: the variable keeps all bits of the value."""
    name = draw(st.sampled_from(sorted(values)))
    kind, old = VARIABLES[name], values[name]
    one = number("1", INT, 1)
    match draw(st.sampled_from(("=", "=", "++", "--", "+=", "-=", "*=", "&=", "|=", "^=", "<<=", ">>="))):
        case "=":
            new = _variable(draw(inner), values)
            text, value, result = f"({name} = {new.text})", new.value, new.value
        case ("++" | "--") as op:
            stepped = binary(op[0], number(name, kind, old), one)
            assert stepped is not None
            first = draw(st.booleans())
            text = f"({op}{name})" if first else f"({name}{op})"
            value, result = stepped.value, stepped.value if first else old
        case op:
            operand = draw(inner)
            made = binary(op.removesuffix("="), number(name, kind, old), operand)
            assert made is not None
            text, value, result = f"({name} {op} {operand.text})", made.value, made.value
    values[name] = WIDE[kind.signed].cut(value)
    return number(text, kind, result)


@st.composite
def sums(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A program that prints twenty expressions, and what it must print."""
    values = {name: kind.cut(draw(VALUES)) for name, kind in VARIABLES.items()}
    lines = [f"{kind.name} {name};" for name, kind in VARIABLES.items()]
    sets = " ".join(f"{name} = ({VARIABLES[name].name}){value & 2**64 - 1:#x};" for name, value in values.items())
    lines.append(f"BEGIN {{ {sets} }}")
    shown = [draw(numbers(values, 4)) for _ in range(20)]
    lines += [f'BEGIN {{ printf("%d\\n", {one.text}); }}' for one in shown]
    lines.append("BEGIN { exit(0); }")
    return "\n".join(lines), [str(one.kind.cut(one.value)) for one in shown]
