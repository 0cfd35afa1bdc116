"""What a small interpreter of D knows: variables of every scope and kind, and expressions over them.

A part of a program has its text and what it does to a `World`: Expression("(gi + 1)", lambda world: ...).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import strategies as st

from tests.generator.arithmetic import EDGES, INT, OPS, WIDE, Kind, Number, binary, number
from tests.generator.subroutines import STRSIZE, lltostr, substr
from tests.generator.tables import Table

#: What ERROR has in args[4] (sys/dtrace.h, DTRACEFLT_*).
BAD_ADDRESS, DIVIDED_BY_ZERO = 1, 4


class FaultError(Exception):
    """The clause ends here, and what it recorded is lost."""


@dataclass
class World:
    """All that a program can see and change. `thread` is the scope of ``self->``, `this` that of one firing."""

    variables: dict[str, dict[object, object]] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    thread: str = ""
    probe: str = ""
    this: int = 0
    printed: list[str] = field(default_factory=list)
    #: What the running clause has printed.
    record: list[str] = field(default_factory=list)
    #: What was speculated; None while there is no speculation.
    speculated: list[str] | None = None
    #: Whether the running clause speculates.
    speculating: bool = False
    #: Bytes of a string with its NUL.
    strsize: int = STRSIZE

    def scope(self, name: str) -> object:
        return self.thread if name.startswith("self->") else self.this if name.startswith("this->") else ""


@dataclass(frozen=True)
class Expression:
    text: str
    kind: Kind
    value: Callable[[World], int]


@dataclass(frozen=True)
class Text:
    text: str
    value: Callable[[World], str | None]

    def characters(self, world: World) -> str:
        value = self.value(world)
        if value is None:
            raise FaultError(BAD_ADDRESS)
        return value


# --- variables -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Variable:
    """Its text with a hole for each key, and the kinds of these ("i" a number, "s" a string).

    A member of a structure has the name of that in `made`, and how many of the keys are the structure's, if it comes
    into being when a member is first written: before, there is nothing to read. A string of `memory` is copied there.
    """

    form: str
    keys: str = ""
    kind: Kind = WIDE[True]
    made: str = ""
    outer: int = 0
    memory: bool = False

    @property
    def string(self) -> bool:
        return self.form in STRING_FORMS


#: Kinds of structures, by what a hole stands for.
STRUCTURES = {"gr": ("", False), "this->t": ("", False), "self->r": ("", True), "mr[{}]": ("i", True)}
NUMBERS = {
    "gi": Variable("gi"),
    "gu": Variable("gu", kind=WIDE[False]),
    "self->i": Variable("self->i"),
    "this->i": Variable("this->i"),
    "ai": Variable("ai[{}]", "i"),
    "ak": Variable("ak[{}, {}]", "is"),
    "self->a": Variable("self->a[{}]", "i"),
    "ga": Variable("ga[{}]", "i"),
}
STRINGS = {
    "gs": Variable("gs"),
    "self->s": Variable("self->s"),
    "this->s": Variable("this->s"),
    "as_": Variable("as_[{}]", "s"),
    "at": Variable("at[{}, {}]", "ii"),
}
for _name, (_keys, _made) in STRUCTURES.items():
    _whole = _name if _made else ""
    NUMBERS[f"{_name}.n"] = Variable(f"{_name}.n", _keys, made=_whole, outer=len(_keys))
    NUMBERS[f"{_name}.a"] = Variable(f"{_name}.a[{{}}]", f"{_keys}i", made=_whole, outer=len(_keys))
    STRINGS[f"{_name}.s"] = Variable(f"{_name}.s", _keys, made=_whole, outer=len(_keys), memory=True)
STRING_FORMS = frozenset(variable.form for variable in STRINGS.values())
DECLARATIONS = """\
struct rec { int64_t n; int64_t a[3]; string s; };
int64_t gi; uint64_t gu; self int64_t i; this int64_t i; int64_t ai[int64_t]; int64_t ak[int64_t, string];
self int64_t a[int64_t]; int64_t ga[3]; string gs; self string s; this string s; string as_[string];
string at[int64_t, int64_t]; struct rec gr; this struct rec t; self struct rec r; struct rec mr[int64_t]; int64_t spec;
inline int64_t twice[int64_t n] = n + n;
inline string paren[string s] = strjoin("(", strjoin(s, ")"));
"""
Place = Callable[["World"], tuple[object, ...]]


def place(draw: st.DrawFn, variable: Variable, depth: int) -> tuple[str, Place]:
    """The text of a variable or element, and where the model keeps it."""
    parts = [draw(small(depth)) if key == "i" else draw(names()) for key in variable.keys]
    scoped = variable.form
    return variable.form.format(*(part.text for part in parts)), lambda world: (
        world.scope(scoped),
        *(part.value(world) for part in parts),
    )


def _owner(variable: Variable, key: tuple[object, ...]) -> tuple[object, ...]:
    return key[: 1 + variable.outer]


def read(world: World, variable: Variable, key: tuple[object, ...]) -> object:
    """Raises FaultError for a member of a structure that nobody has made."""
    if variable.made and _owner(variable, key) not in world.variables.get(variable.made, {}):
        raise FaultError(BAD_ADDRESS)
    empty = variable.memory or variable.form in ("gs", "this->s")
    default = ("" if empty else None) if variable.string else 0
    return world.variables.get(variable.form, {}).get(key, default)


def write(world: World, variable: Variable, key: tuple[object, ...], value: object) -> None:
    if variable.memory and value is None:
        raise FaultError(BAD_ADDRESS)
    if variable.made:
        world.variables.setdefault(variable.made, {})[_owner(variable, key)] = True
    world.variables.setdefault(variable.form, {})[key] = value


@st.composite
def small(draw: st.DrawFn, depth: int) -> Expression:
    """A number of which there are few: a key."""
    if depth <= 0 or draw(st.booleans()):
        value = draw(st.integers(0, 2))
        return Expression(f"(int64_t){value}", WIDE[True], lambda _: value)
    inner = draw(numbers(depth - 1))
    return Expression(f"(int64_t)({inner.text} & 1)", WIDE[True], lambda world: inner.value(world) & 1)


@st.composite
def names(draw: st.DrawFn) -> Text:
    """A string of which there are few, and that is never NULL: a key."""
    if draw(st.integers(0, 3)) == 0:
        return Text("probename", lambda world: world.probe.rpartition(":")[2])
    value = draw(st.sampled_from(("", "a", "b", "ab")))
    return Text(f'"{value}"', lambda _: value)


# --- expressions -----------------------------------------------------------------------------------------------------


@st.composite
def variables(draw: st.DrawFn, depth: int) -> Expression:
    variable = NUMBERS[draw(st.sampled_from(sorted(NUMBERS)))]
    text, where = place(draw, variable, depth)
    return Expression(text, variable.kind, lambda world: int(str(read(world, variable, where(world)))))


@st.composite
def numbers(draw: st.DrawFn, depth: int) -> Expression:
    if depth <= 0 or draw(st.integers(0, 4)) == 0:
        if draw(st.booleans()):
            return draw(variables(depth))
        kind, value = WIDE[draw(st.booleans())], draw(st.one_of(st.integers(-3, 9), st.sampled_from(EDGES)))
        known = kind.cut(value)
        return Expression(f"({kind.name}){known & 2**64 - 1:#x}", kind, lambda _: known)
    match draw(st.sampled_from(("binary", "binary", "binary", "unary", "conditional", "length", "compared", "inline"))):
        case "unary":
            return _unary(draw(st.sampled_from("-~!")), draw(numbers(depth - 1)))
        case "conditional":
            return _conditional(draw(tests(depth - 1)), draw(numbers(depth - 1)), draw(numbers(depth - 1)))
        case "inline":
            of_number = draw(numbers(depth - 1))
            twice = _binary("+", of_number, of_number)
            return Expression(
                f"twice[(int64_t){of_number.text}]", WIDE[True], lambda world: WIDE[True].cut(twice.value(world))
            )
        case "length":
            of = draw(texts(depth - 1))
            return Expression(f"(int64_t)strlen({of.text})", WIDE[True], lambda world: len(of.characters(world)))
        case "compared":
            return _compared(draw(st.sampled_from(("==", "!=", "<", ">="))), draw(texts(depth - 1)), draw(texts(depth)))
    op = draw(st.sampled_from(OPS))
    left = draw(tests(depth - 1) if op in ("&&", "||") else numbers(depth - 1))
    # A constant divisor of 0 is no program.
    right = draw(variables(depth - 1) if op in "/%" else numbers(depth - 1))
    return _binary(op, left, right)


def _binary(op: str, left: Expression, right: Expression) -> Expression:
    def value(world: World) -> int:
        one = left.value(world)
        if (op == "&&" and not one) or (op == "||" and one):
            return int(op == "||")
        made = binary(op, Number("", left.kind, one), Number("", right.kind, right.value(world)))
        if made is None:
            raise FaultError(DIVIDED_BY_ZERO)
        return made.value

    kind = binary(op, number("", left.kind, 1), number("", right.kind, 1))
    assert kind is not None
    return Expression(f"({left.text} {op} {right.text})", kind.kind, value)


def _unary(op: str, operand: Expression) -> Expression:
    kind = INT if op == "!" else operand.kind

    def value(world: World) -> int:
        one = operand.value(world)
        return number("", kind, {"-": -one, "~": ~one, "!": int(not one)}[op]).value

    return Expression(f"({op}({operand.text}))", kind, value)


def _conditional(test: Expression, then: Expression, other: Expression) -> Expression:
    kind = _binary("+", then, other).kind
    return Expression(
        f"({test.text} ? {then.text} : {other.text})",
        kind,
        lambda world: number("", kind, (then if test.value(world) else other).value(world)).value,
    )


@st.composite
def tests(draw: st.DrawFn, depth: int) -> Expression:
    """A number that the compiler does not know: a constant test would leave nothing of the other side."""
    return _binary("|", draw(variables(depth)), draw(numbers(depth)))


def _compared(op: str, one: Text, two: Text) -> Expression:
    """NULL is compared as an empty string."""

    def value(world: World) -> int:
        left, right = one.value(world) or "", two.value(world) or ""
        return int({"==": left == right, "!=": left != right, "<": left < right, ">=": left >= right}[op])

    return Expression(f"({one.text} {op} {two.text})", INT, value)


@st.composite
def texts(draw: st.DrawFn, depth: int) -> Text:
    if depth <= 0 or draw(st.integers(0, 3)) == 0:
        return draw(st.one_of(names(), names(), _string_variables(depth)))
    match draw(st.sampled_from(("joined", "number", "part", "conditional", "inline"))):
        case "joined":
            one, two = draw(texts(depth - 1)), draw(texts(depth - 1))
            return Text(
                f"strjoin({one.text}, {two.text})",
                lambda world: (one.characters(world) + two.characters(world))[: world.strsize - 1],
            )
        case "inline":
            inner = draw(texts(depth - 1))
            return Text(
                f"paren[{inner.text}]",
                lambda world: f"({(inner.characters(world) + ')')[: world.strsize - 1]}"[: world.strsize - 1],
            )
        case "number":
            of = draw(numbers(depth - 1))
            return Text(f"lltostr({of.text})", lambda world: lltostr(WIDE[True].cut(of.value(world)), 10))
        case "part":
            of_text, start, length = draw(texts(depth - 1)), draw(st.integers(-3, 5)), draw(st.integers(0, 4))
            return Text(
                f"substr({of_text.text}, {start}, {length})",
                lambda world: substr(of_text.characters(world).encode(), start, length).decode(),
            )
    test, then, other = draw(tests(depth - 1)), draw(texts(depth - 1)), draw(texts(depth - 1))
    return Text(
        f"({test.text} ? {then.text} : {other.text})",
        lambda world: (then if test.value(world) else other).value(world),
    )


@st.composite
def _string_variables(draw: st.DrawFn, depth: int) -> Text:
    variable = STRINGS[draw(st.sampled_from(sorted(STRINGS)))]
    text, where = place(draw, variable, depth)

    def value(world: World) -> str | None:
        found = read(world, variable, where(world))
        return found if found is None else str(found)

    return Text(text, value)
