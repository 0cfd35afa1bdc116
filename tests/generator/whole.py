"""Whole programs whose output is known: clauses of several probes with predicates, `if`, variables of every scope and
kind, aggregations with keys, speculation, and faults, run by a small interpreter of their own.

BEGIN and END fire once in the tracer, getppid(2)'s entry and return `FIRINGS` times each in one thread of the target.

A part of a program has its text and what it does to a `World`: Expression("(gi + 1)", lambda world: ...).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from hypothesis import strategies as st

from tests.generator.arithmetic import EDGES, INT, OPS, WIDE, Kind, Number, binary, number
from tests.generator.subroutines import STRSIZE, lltostr, substr
from tests.generator.tables import MAKERS, Shown, Table, add

FIRINGS = 3
#: What ERROR has in args[4] (sys/dtrace.h, DTRACEFLT_*).
BAD_ADDRESS, DIVIDED_BY_ZERO = 1, 4
ENTRY, RETURN = "syscall::getppid:entry", "syscall::getppid:return"


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


@dataclass(frozen=True)
class Statement:
    """Text without its semicolon, and what it does."""

    text: str
    run: Callable[[World], None]


@dataclass(frozen=True)
class Clause:
    probes: tuple[str, ...]
    predicate: Expression | None
    body: tuple[Statement, ...]

    @property
    def text(self) -> str:
        target = "pid == $target" if self.probes != ("BEGIN",) else ""
        tests = " && ".join(filter(None, (target, self.predicate.text if self.predicate else "")))
        lines = "".join(f"\t{statement.text};\n" for statement in self.body)
        return f"{', '.join(self.probes)}{f' /{tests}/' if tests else ''}\n{{\n{lines}}}\n"


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
_STRUCTURES = {"gr": ("", False), "this->t": ("", False), "self->r": ("", True), "mr[{}]": ("i", True)}
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
for _name, (_keys, _made) in _STRUCTURES.items():
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


def _place(draw: st.DrawFn, variable: Variable, depth: int) -> tuple[str, Place]:
    """The text of a variable or element, and where the model keeps it."""
    parts = [draw(small(depth)) if key == "i" else draw(names()) for key in variable.keys]
    scoped = variable.form
    return variable.form.format(*(part.text for part in parts)), lambda world: (
        world.scope(scoped),
        *(part.value(world) for part in parts),
    )


def _owner(variable: Variable, key: tuple[object, ...]) -> tuple[object, ...]:
    return key[: 1 + variable.outer]


def _read(world: World, variable: Variable, key: tuple[object, ...]) -> object:
    """Raises FaultError for a member of a structure that nobody has made."""
    if variable.made and _owner(variable, key) not in world.variables.get(variable.made, {}):
        raise FaultError(BAD_ADDRESS)
    empty = variable.memory or variable.form in ("gs", "this->s")
    default = ("" if empty else None) if variable.string else 0
    return world.variables.get(variable.form, {}).get(key, default)


def _write(world: World, variable: Variable, key: tuple[object, ...], value: object) -> None:
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
    text, place = _place(draw, variable, depth)
    return Expression(text, variable.kind, lambda world: int(str(_read(world, variable, place(world)))))


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
            return _conditional(draw(_tests(depth - 1)), draw(numbers(depth - 1)), draw(numbers(depth - 1)))
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
    left = draw(_tests(depth - 1) if op in ("&&", "||") else numbers(depth - 1))
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
def _tests(draw: st.DrawFn, depth: int) -> Expression:
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
                lambda world: (one.characters(world) + two.characters(world))[: STRSIZE - 1],
            )
        case "inline":
            inner = draw(texts(depth - 1))
            return Text(
                f"paren[{inner.text}]",
                lambda world: f"({(inner.characters(world) + ')')[: STRSIZE - 1]}"[: STRSIZE - 1],
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
    test, then, other = draw(_tests(depth - 1)), draw(texts(depth - 1)), draw(texts(depth - 1))
    return Text(
        f"({test.text} ? {then.text} : {other.text})",
        lambda world: (then if test.value(world) else other).value(world),
    )


@st.composite
def _string_variables(draw: st.DrawFn, depth: int) -> Text:
    variable = STRINGS[draw(st.sampled_from(sorted(STRINGS)))]
    text, place = _place(draw, variable, depth)

    def value(world: World) -> str | None:
        found = _read(world, variable, place(world))
        return found if found is None else str(found)

    return Text(text, value)


# --- statements ------------------------------------------------------------------------------------------------------


@st.composite
def statements(draw: st.DrawFn, tables: dict[str, Table], depth: int, *, aggregates: bool) -> Statement:
    kinds = ["set", "set", "step", "name", "copy", "print", "print"] + ["add"] * 3 * aggregates + ["if"] * (depth > 0)
    match draw(st.sampled_from(kinds)):
        case "set" | "step" as kind:
            return _set_number(draw, stepped=kind == "step")
        case "name":
            return _set_string(draw)
        case "copy":
            return _copy(draw)
        case "add":
            return _add(draw, tables)
        case "if":
            return _if(draw, tables, depth, aggregates=aggregates)
    return _print(draw)


def _set_number(draw: st.DrawFn, *, stepped: bool) -> Statement:
    variable = NUMBERS[draw(st.sampled_from(sorted(NUMBERS)))]
    text, place = _place(draw, variable, 1)
    new = Expression("1", INT, lambda _: 1) if stepped else draw(numbers(3))
    op = draw(st.sampled_from("+-")) if stepped else draw(st.sampled_from(("", "", "+", "*", "^", "|")))

    def run(world: World) -> None:
        key = place(world)
        old = Number("", variable.kind, int(str(world.variables.get(variable.form, {}).get(key, 0))))
        value = Number("", new.kind, new.value(world))
        made = binary(op, old, value) if op else value
        assert made is not None
        _write(world, variable, key, variable.kind.cut(made.value))

    return Statement(f"{text}{op}{op}" if stepped else f"{text} {op}= {new.text}", run)


def _set_string(draw: st.DrawFn) -> Statement:
    variable = STRINGS[draw(st.sampled_from(sorted(STRINGS)))]
    text, place = _place(draw, variable, 1)
    new = draw(texts(2))

    def run(world: World) -> None:
        key = place(world)
        _write(world, variable, key, new.value(world))

    return Statement(f"{text} = {new.text}", run)


def _copy(draw: st.DrawFn) -> Statement:
    """A structure's members, all of them."""
    sides = [draw(st.sampled_from(sorted(_STRUCTURES))) for _ in range(2)]
    (text, place), (other_text, other) = (_place(draw, NUMBERS[f"{side}.n"], 1) for side in sides)

    def run(world: World) -> None:
        key, source = place(world), other(world)
        found = [_read(world, NUMBERS[f"{sides[1]}.n"], source)]
        found += [_read(world, NUMBERS[f"{sides[1]}.a"], (*source, index)) for index in range(3)]
        text = _read(world, STRINGS[f"{sides[1]}.s"], source)
        _write(world, NUMBERS[f"{sides[0]}.n"], key, found[0])
        for index in range(3):
            _write(world, NUMBERS[f"{sides[0]}.a"], (*key, index), found[index + 1])
        _write(world, STRINGS[f"{sides[0]}.s"], key, text)

    return Statement(f"{text.removesuffix('.n')} = {other_text.removesuffix('.n')}", run)


OF_NUMBERS = ("%d", "%d", "%x", "%5d|", "%-6d|", "%05d", "%+d", "%o", "%08x")
OF_STRINGS = ("%s", "%s", "%5s|", "%-5s|", "%.2s", "%6.1s")


def _print(draw: st.DrawFn) -> Statement:
    parts = [draw(st.one_of(numbers(3), texts(2))) for _ in range(draw(st.integers(1, 3)))]
    words = [draw(st.sampled_from(OF_STRINGS if isinstance(part, Text) else OF_NUMBERS)) for part in parts]

    def run(world: World) -> None:
        shown = []
        for part, word in zip(parts, words, strict=True):
            if isinstance(part, Text):
                shown.append(word % part.characters(world))
                continue
            value = part.kind.cut(part.value(world))
            shown.append(word % (value & 2 ** (8 * part.kind.size) - 1 if word[-1] in "xo" else value))
        world.record.append(" ".join(shown) + "\n")

    return Statement(f'printf("{" ".join(words)}\\n", {", ".join(part.text for part in parts)})', run)


def _add(draw: st.DrawFn, tables: dict[str, Table]) -> Statement:
    name = draw(st.sampled_from(sorted(MAKERS)))
    table = tables.setdefault(name, MAKERS[name]())
    parts = [draw(small(2)) if key == "i" else draw(names()) for key in table.keys]
    number_ = draw(numbers(2))
    # Buckets are few.
    value = (
        number_ if table.wide else Expression(f"({number_.text} & 63)", number_.kind, lambda w: number_.value(w) & 63)
    )
    keys = f"[{', '.join(part.text for part in parts)}]" if parts else ""
    argument = "" if table.function == "count" else f"(int64_t){value.text}"

    def run(world: World) -> None:
        key = tuple(part.characters(world) if isinstance(part, Text) else part.value(world) for part in parts)
        add(world.tables.setdefault(name, MAKERS[name]()), key, WIDE[True].cut(value.value(world)) if argument else 0)

    return Statement(f"@{name}{keys} = {table.function}({', '.join(filter(None, (argument, table.bounds)))})", run)


def _if(draw: st.DrawFn, tables: dict[str, Table], depth: int, *, aggregates: bool) -> Statement:
    test = draw(_tests(2))
    inner = st.lists(statements(tables, depth - 1, aggregates=aggregates), min_size=1, max_size=2)
    then, other = draw(inner), draw(st.one_of(st.just([]), inner))

    def run(world: World) -> None:
        for statement in then if test.value(world) else other:
            statement.run(world)

    blocks = [" ".join(f"{statement.text};" for statement in block) for block in (then, other)]
    return Statement(f"if ({test.text}) {{ {blocks[0]} }}" + (f" else {{ {blocks[1]} }}" if other else ""), run)


# --- speculation -----------------------------------------------------------------------------------------------------


def _number_of_speculation(world: World) -> object:
    return world.variables.get("spec", {}).get("", 0)


def _begin(world: World) -> None:
    world.variables["spec"] = {"": int(world.speculated is None)}
    if world.speculated is None:
        world.speculated = []


def _speculate(world: World) -> None:
    if world.speculated is None or not _number_of_speculation(world):
        raise _EndError
    world.speculating = True


def _commit(world: World) -> None:
    if _number_of_speculation(world) and world.speculated is not None:
        world.record += world.speculated
        world.speculated = None


def _discard(world: World) -> None:
    if _number_of_speculation(world):
        world.speculated = None


class _EndError(Exception):
    """The clause ends without a word."""


SPECULATION = {
    "spec = speculation()": _begin,
    "speculate(spec)": _speculate,
    "commit(spec)": _commit,
    "discard(spec)": _discard,
}


# --- programs --------------------------------------------------------------------------------------------------------


@st.composite
def clauses(draw: st.DrawFn, tables: dict[str, Table]) -> Clause:
    probes = draw(st.sampled_from((("BEGIN",), (ENTRY,), (RETURN,), (ENTRY, RETURN))))
    predicate = draw(st.one_of(st.none(), _tests(2)))
    if draw(st.integers(0, 4)) == 0:
        word = draw(st.sampled_from(sorted(SPECULATION)))
        first = Statement(word, SPECULATION[word])
        more = st.lists(statements(tables, 1, aggregates=False), min_size=1, max_size=2)
        rest = draw(more) if word.startswith("speculate") else []
        return Clause(probes, predicate, (first, *rest))
    body = draw(st.lists(statements(tables, 2, aggregates=True), min_size=1, max_size=4))
    return Clause(probes, predicate, tuple(body))


def _fires(world: World, clause: Clause) -> None:
    """One clause of a firing: what it recorded is printed, unless it faulted."""
    world.record, world.speculating = [], False
    try:
        if clause.predicate is not None and not clause.predicate.value(world):
            return
        for statement in clause.body:
            statement.run(world)
    except _EndError:
        return
    except FaultError as fault:
        world.printed.append(f"fault {fault.args[0]}\n")
        return
    if world.speculating and world.speculated is not None:
        world.speculated += world.record
    else:
        world.printed += world.record


def _run(world: World, program: list[Clause]) -> None:
    firings = [("BEGIN", "tracer"), *[(ENTRY, "target"), (RETURN, "target")] * FIRINGS]
    for world.this, (world.probe, world.thread) in enumerate(firings):
        for clause in program:
            if world.probe in clause.probes:
                _fires(world, clause)


def _ends(draw: st.DrawFn, tables: dict[str, Table]) -> Iterator[tuple[str, Callable[[Shown], str]]]:
    """What END does to the aggregations, action by action, with what that prints."""
    for name in sorted(tables):
        yield from tables[name].endings(draw, name)
    joined = [name for name in sorted(tables) if tables[name].keys == "i" and tables[name].wide]
    if len(joined) > 1:
        order = tuple(draw(st.permutations(joined)))
        words = ", ".join(f"@{name}" for name in order)
        yield f'printa("%d{" %@d" * len(order)}\\n", {words})', lambda shown: shown.joined(order)


def _start(draw: st.DrawFn, probe: str) -> Clause:
    """Gives variables values, and those of the firing always: what they hold otherwise nobody says."""
    made = []
    for variable in (*NUMBERS.values(), *STRINGS.values()):
        fresh = variable.form.startswith("this->")
        if not fresh and (draw(st.integers(0, 5)) == 0 or (variable.keys and variable.form != "mr[{}].n")):
            continue
        for index in range(3) if variable.keys else (None,):
            value: int | str = draw(st.sampled_from(("x", "yz"))) if variable.string else draw(st.integers(1, 9))
            keys = () if index is None else (index,)

            def run(
                world: World,
                variable: Variable = variable,
                keys: tuple[int, ...] = keys,
                value: int | str = value,
            ) -> None:
                _write(world, variable, (world.scope(variable.form), *keys), value)

            shown = f'"{value}"' if variable.string else value
            made.append(Statement(f"{variable.form.format(*keys)} = {shown}", run))
    return Clause((probe,), None, tuple(made))


#: What makes no difference to what a program prints.
OPTIONS: tuple[Mapping[str, str], ...] = (
    {}, {"bufsize": "64k"}, {"bufpolicy": "fill"}, {"bufpolicy": "ring"}, {"switchrate": "1000hz"},
    {"aggrate": "1000hz"}, {"dynvarsize": "64m"}, {"scratchsize": "1k"},
)  # fmt: skip


@st.composite
def wholes(draw: st.DrawFn, most: int = 9) -> tuple[str, str]:
    """A program of up to `most` clauses, and what it must print."""
    tables: dict[str, Table] = {}
    program = draw(st.lists(clauses(tables), min_size=most // 2, max_size=most))
    program = [_start(draw, probe) for probe in ("BEGIN", ENTRY, RETURN)] + program
    world = World()
    _run(world, program)
    options = draw(st.sets(st.sampled_from(("aggsortkey", "aggsortrev"))))
    endings = list(_ends(draw, tables))
    made = {name: world.tables.get(name, MAKERS[name]()) for name in tables}
    shown = Shown(made, by_key="aggsortkey" in options, reverse="aggsortrev" in options)
    text = "".join(
        [
            *(f"#pragma D option {option}\n" for option in sorted(options)),
            DECLARATIONS,
            *(clause.text for clause in program),
            'ERROR { printf("fault %d\\n", arg4); }\n',
            *(f"END {{ {ending}; }}\n" for ending, _ in endings),
        ]
    )
    return text, "".join(world.printed) + "".join(act(shown) for _, act in endings)
