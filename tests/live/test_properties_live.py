"""Random well-typed programs on the real kernel: the verifier refuses none, and numbers are those of D's arithmetic.

The model of D's arithmetic: registers of 64 bits; the operand of the higher rank decides the type, and so whether an
operation is signed; a variable keeps all 64 bits; a cast or a record cuts to the type's size.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import Phase, given, reject, settings
from hypothesis import strategies as st

from dtrans.errors import DtransError
from dtrans.run.programs.load import load
from tests.programs import host, pipeline, printed

#: A failing example is shown as it is: to shrink it would take hundreds of compilations.
PHASES = (Phase.explicit, Phase.generate)

# --- arithmetic ------------------------------------------------------------------------------------------------------


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
    """An expression over variables of all integer types, whose values are known, and casts of constants."""
    if not depth or draw(st.integers(0, 4)) == 0:
        name = draw(st.sampled_from(sorted(values)))
        if draw(st.booleans()):
            return number(name, VARIABLES[name], values[name])
        kind, value = draw(st.sampled_from(KINDS)), draw(VALUES)
        return number(f"({kind.name}){value & 2**64 - 1:#x}", kind, kind.cut(value))
    inner = numbers(values, depth - 1)
    match draw(st.sampled_from(("binary", "binary", "binary", "unary", "cast", "conditional"))):
        case "unary":
            operand = draw(inner)
            op = draw(st.sampled_from("-~!"))
            value = {"-": -operand.value, "~": ~operand.value, "!": not operand.value}[op]
            return number(f"({op}({operand.text}))", INT if op == "!" else operand.kind, value)
        case "cast":
            operand, kind = draw(inner), draw(st.sampled_from(KINDS))
            return number(f"(({kind.name}){operand.text})", kind, kind.cut(operand.value))
        case "conditional":
            test, then, other = draw(inner), draw(inner), draw(inner)
            # A constant test would leave nothing of the other branch, not even its type.
            test = binary("|", test, number("(v6 - v6)", WIDE[True], 0)) or test
            kind = common(then.kind, other.kind)
            return number(
                f"({test.text} ? {then.text} : {other.text})", kind, then.value if test.value else other.value
            )
    left, right = draw(inner), draw(inner)
    return binary(draw(st.sampled_from(OPS)), left, right) or left


@st.composite
def sums(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A program that prints twenty expressions, and what it must print."""
    values = {name: kind.cut(draw(VALUES)) for name, kind in VARIABLES.items()}
    shown = [draw(numbers(values, 4)) for _ in range(20)]
    lines = [f"{kind.name} {name};" for name, kind in VARIABLES.items()]
    sets = " ".join(f"{name} = ({VARIABLES[name].name}){value & 2**64 - 1:#x};" for name, value in values.items())
    lines.append(f"BEGIN {{ {sets} }}")
    lines += [f'BEGIN {{ printf("%d\\n", {one.text}); }}' for one in shown]
    lines.append("BEGIN { exit(0); }")
    return "\n".join(lines), [str(one.kind.cut(one.value)) for one in shown]


@settings(max_examples=20, phases=PHASES)
@given(sums())
def test_numbers_are_those_of_its_arithmetic(made: tuple[str, list[str]]) -> None:
    text, expected = made
    assert printed(text).split() == expected


# --- whole programs --------------------------------------------------------------------------------------------------

INTEGERS = (
    "gi",
    "gu",
    "this->i",
    "self->i",
    'ai[1, "k"]',
    "ai[gi, gs]",
    "self->a[gu]",
    "pid",
    "timestamp",
    "arg1",
    "cpu",
    "42",
    "(-7)",
    "uid",
    "gr.a",
    "gr.bits",
    "this->r.wide",
    "self->r.in.y",
    "self->r.bits",
    "mr[gi, gs].wide",
    "self->mr[gu].in.x",
    "garr[gi]",
    "garr[3]",
    "this->tarr[gu & 3]",
    "gr.ten[gi]",
    "this->r.ten[1]",
    "two[gi][1]",
    "gs[gi]",
    "this->s[2]",
    "twice[gi]",
    "xlate <struct rec>(gi).wide",
)
STRINGS = (
    "gs",
    "this->s",
    "self->s",
    "as_[gi]",
    "self->b[gs]",
    "execname",
    "probefunc",
    '"text"',
    '"a longer constant"',
    "curpsinfo->pr_psargs",
    "gr.name",
    "this->r.name",
    "self->r.name",
    "mr[gu, gs].name",
    "(gs + 1)",
    "(self->s + gi)",
    "paren[gs]",
    "names[gi]",
)
WRITTEN_INTEGERS = [one for one in INTEGERS if one.startswith(("g", "this", "self", "ai", "mr", "two"))]
WRITTEN_STRINGS = [one for one in STRINGS if one.startswith(("gs", "gr", "this", "self", "as_", "mr", "names"))]
STRUCTURES = ("gr", "this->r", "self->r", "mr[gi, gs]", "mr[gu, self->s]", "self->mr[gi]", "recs[gi]")
INNER = tuple(f"{one}.in" for one in STRUCTURES)

DECLARATIONS = """
int64_t gi; uint64_t gu; string gs; int64_t ai[int64_t, string]; string as_[int64_t];
struct inner { int16_t x; uint8_t y; };
struct rec {
	int8_t a; uint64_t wide; int32_t bits:7; uint32_t more:9; struct inner in; int32_t ten[4]; string name;
	union { uint32_t word; uint8_t bytes[4]; };
};
translator struct rec < int64_t I > { wide = I * 2; bits = I; name = "made"; };
inline int64_t twice[int64_t n] = n + n;
inline string paren[string s] = strjoin("(", s);
struct rec gr; this struct rec r; self struct rec r; struct rec mr[int64_t, string]; self struct rec mr[int64_t];
struct rec recs[3]; int64_t garr[8]; this uint16_t tarr[4]; int32_t two[3][2]; string names[4];
self int64_t i; self string s; self int64_t a[uint64_t]; self string b[string]; this int64_t i; this string s;
"""


@st.composite
def integer(draw: st.DrawFn, depth: int = 2) -> str:
    if not depth or draw(st.integers(0, 3)) == 0:
        return draw(st.sampled_from(INTEGERS))
    inner, text = integer(depth - 1), string(depth - 1)
    match draw(
        st.sampled_from(
            ("binary", "binary", "compare", "conditional", "strlen", "index", "cast", "step", "unary", "number")
        )
    ):
        case "binary":
            return f"({draw(inner)} {draw(st.sampled_from(OPS))} {draw(inner)})"
        case "compare":
            return f"({draw(text)} {draw(st.sampled_from(('==', '!=', '<', '>=')))} {draw(text)})"
        case "conditional":
            return f"({draw(inner)} ? {draw(inner)} : {draw(inner)})"
        case "strlen":
            return f"strlen({draw(text)})"
        case "index":
            return f"{draw(st.sampled_from(('index', 'rindex')))}({draw(text)}, {draw(text)})"
        case "cast":
            return f"(({draw(st.sampled_from(KINDS)).name}){draw(inner)})"
        case "step":
            return f"{draw(st.sampled_from(WRITTEN_INTEGERS))}{draw(st.sampled_from(('++', '--')))}"
        case "unary":
            return f"({draw(st.sampled_from('-~!'))}({draw(inner)}))"
    return f"strtoll({draw(text)})"


@st.composite
def string(draw: st.DrawFn, depth: int = 2) -> str:
    if not depth or draw(st.integers(0, 2)) == 0:
        return draw(st.sampled_from(STRINGS))
    inner, value = string(depth - 1), integer(depth - 1)
    match draw(st.sampled_from(("strjoin", "substr", "conditional", "one", "search", "lltostr"))):
        case "strjoin":
            return f"strjoin({draw(inner)}, {draw(inner)})"
        case "substr":
            return f"substr({draw(inner)}, {draw(value)}, {draw(value)})"
        case "conditional":
            return f"({draw(value)} ? {draw(inner)} : {draw(inner)})"
        case "one":
            name = draw(st.sampled_from(("basename", "dirname", "cleanpath", "toupper", "tolower")))
            return f"{name}({draw(inner)})"
        case "search":
            return f"{draw(st.sampled_from(('strstr', 'strtok')))}({draw(inner)}, {draw(inner)})"
    return f"lltostr({draw(value)})"


@st.composite
def statement(draw: st.DrawFn) -> str:
    match draw(
        st.sampled_from(
            ("integer", "string", "structure", "printf", "trace", "aggregate", "if", "conditional", "stack", "memory")
        )
    ):
        case "integer":
            target, op = (
                draw(st.sampled_from(WRITTEN_INTEGERS)),
                draw(st.sampled_from(("=", "=", "+=", "-=", "*=", "/=", "<<=", "^="))),
            )
            return f"{target} {op} {draw(integer())};"
        case "string":
            return f"{draw(st.sampled_from(WRITTEN_STRINGS))} = {draw(string())};"
        case "structure":
            kinds = draw(st.sampled_from((STRUCTURES, INNER)))
            one, two = draw(st.sampled_from(kinds)), draw(st.sampled_from(kinds))
            made = f"{one} = xlate <struct rec>({draw(integer())});" if kinds is STRUCTURES else f"{one} = {two};"
            return draw(st.sampled_from((f"{one} = {two};", made, f"print({one});", f"trace({two});")))
        case "memory":
            size = draw(st.integers(1, 64))
            return draw(
                st.sampled_from(
                    (
                        f"this->p = (char *)alloca({size}); this->p[{draw(integer())}] = {draw(integer())};",
                        f"this->q = (struct rec *)alloca(sizeof (gr)); *this->q = {draw(st.sampled_from(STRUCTURES))};",
                        f"this->q = (struct rec *)copyin({draw(integer())}, {size}); gr = *this->q; gr.a = gr.bits;",
                        f"this->q = (struct rec *){draw(integer())}; this->q->in.x += {draw(integer())};",
                        f"gs = copyinstr({draw(integer())}, {draw(integer())});",
                        f"gs = stringof((char *){draw(integer())});",
                    )
                )
            )
        case "printf":
            return f'printf("%d %s %x\\n", {draw(integer())}, {draw(string())}, {draw(integer())});'
        case "trace":
            return f"trace({draw(st.one_of(integer(), string()))});"
        case "aggregate":
            name, value = draw(
                st.sampled_from(
                    (("c", "count()"), ("s", "sum({})"), ("q", "quantize({})"), ("m", "max({})"), ("d", "stddev({})"))
                )
            )
            return f"@{name}[{draw(integer())}, {draw(string())}] = {value.format(draw(integer()))};"
        case "if":
            return f"if ({draw(integer())}) {{ {draw(statement())} }} else {{ {draw(statement())} }}"
        case "conditional":
            return f'{draw(integer())} ? printf("%s", {draw(string())}) : trace({draw(integer())});'
    return draw(
        st.sampled_from(("stack();", "ustack(5);", "@k[stack(4)] = count();", "@u[ustack(), execname] = count();"))
    )


@st.composite
def programs(draw: st.DrawFn) -> str:
    probes = ("BEGIN", "syscall::read:entry", "syscall::open*:entry, syscall::close:entry", "profile-97", "END")
    clauses = []
    for _ in range(draw(st.integers(1, 3))):
        probe = draw(st.sampled_from(probes))
        predicate = f"/{draw(integer())}/ " if draw(st.booleans()) else ""
        body = " ".join(draw(st.lists(statement(), min_size=1, max_size=4)))
        text = f"{probe} {predicate}{{ {body} }}"
        clauses.append(text if probe.startswith("syscall") else text.replace("arg1", "gi"))
    return DECLARATIONS + "\n".join(clauses)


@settings(max_examples=30, phases=PHASES)
@given(programs())
def test_the_verifier_refuses_no_program(text: str) -> None:
    try:
        artifact = pipeline(text).artifact
    except DtransError as error:
        if error.diagnostic.tag != "D_DIV_ZERO":  # What folds to a division by the constant 0 is no program.
            raise
        reject()
    load(artifact, host()).close()
