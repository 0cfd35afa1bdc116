"""Whole programs whose output is known: clauses of several probes with predicates, `if`, variables of every scope and
kind, aggregations with keys, speculation, and faults, run by a small interpreter of their own.

BEGIN and END fire once in the tracer, getppid(2)'s entry and return `FIRINGS` times each in one thread of the target;
around them, in some programs, those of the C library's function that makes the call.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from hypothesis import strategies as st

from tests.generator.arithmetic import INT, WIDE, Number, binary
from tests.generator.subroutines import STRSIZE
from tests.generator.tables import MAKERS, Shown, Table, add, words_of
from tests.generator.world import (
    DECLARATIONS,
    NUMBERS,
    STRINGS,
    STRUCTURES,
    Expression,
    FaultError,
    Text,
    Variable,
    World,
    names,
    numbers,
    place,
    read,
    small,
    tests,
    texts,
    write,
)

FIRINGS = 3
ENTRY, RETURN = "syscall::getppid:entry", "syscall::getppid:return"
CALL, CALLED = "pid$target:libc.so*:getppid:entry", "pid$target:libc.so*:getppid:return"


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
        test = " && ".join(filter(None, (target, self.predicate.text if self.predicate else "")))
        lines = "".join(f"\t{statement.text};\n" for statement in self.body)
        return f"{', '.join(self.probes)}{f' /{test}/' if test else ''}\n{{\n{lines}}}\n"


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
    text, where = place(draw, variable, 1)
    new = Expression("1", INT, lambda _: 1) if stepped else draw(numbers(3))
    op = draw(st.sampled_from("+-")) if stepped else draw(st.sampled_from(("", "", "+", "*", "^", "|")))

    def run(world: World) -> None:
        key = where(world)
        old = Number("", variable.kind, int(str(world.variables.get(variable.form, {}).get(key, 0))))
        value = Number("", new.kind, new.value(world))
        made = binary(op, old, value) if op else value
        assert made is not None
        write(world, variable, key, variable.kind.cut(made.value))

    return Statement(f"{text}{op}{op}" if stepped else f"{text} {op}= {new.text}", run)


def _set_string(draw: st.DrawFn) -> Statement:
    variable = STRINGS[draw(st.sampled_from(sorted(STRINGS)))]
    text, where = place(draw, variable, 1)
    new = draw(texts(2))

    def run(world: World) -> None:
        key = where(world)
        write(world, variable, key, new.value(world))

    return Statement(f"{text} = {new.text}", run)


def _copy(draw: st.DrawFn) -> Statement:
    """A structure's members, all of them."""
    sides = [draw(st.sampled_from(sorted(STRUCTURES))) for _ in range(2)]
    (text, where), (other_text, other) = (place(draw, NUMBERS[f"{side}.n"], 1) for side in sides)

    def run(world: World) -> None:
        key, source = where(world), other(world)
        found = [read(world, NUMBERS[f"{sides[1]}.n"], source)]
        found += [read(world, NUMBERS[f"{sides[1]}.a"], (*source, index)) for index in range(3)]
        text = read(world, STRINGS[f"{sides[1]}.s"], source)
        write(world, NUMBERS[f"{sides[0]}.n"], key, found[0])
        for index in range(3):
            write(world, NUMBERS[f"{sides[0]}.a"], (*key, index), found[index + 1])
        write(world, STRINGS[f"{sides[0]}.s"], key, text)

    return Statement(f"{text.removesuffix('.n')} = {other_text.removesuffix('.n')}", run)


OF_NUMBERS = (
    "%d",
    "%d",
    "%x",
    "%5d|",
    "%-6d|",
    "%05d",
    "%+d",
    "%o",
    "%08x",
    "%i",
    "% d",
    "%X",
    "%.3d",
    "%-+7.2d|",
    "%*d",
)
OF_STRINGS = ("%s", "%s", "%5s|", "%-5s|", "%.2s", "%6.1s", "%*s", "%-*.*s|")
#: What a word's stars stand for.
STARS = (7, 2)


def _print(draw: st.DrawFn) -> Statement:
    parts = [draw(st.one_of(numbers(3), texts(2))) for _ in range(draw(st.integers(1, 3)))]
    words = [draw(st.sampled_from(OF_STRINGS if isinstance(part, Text) else OF_NUMBERS)) for part in parts]

    def run(world: World) -> None:
        shown = []
        for part, word in zip(parts, words, strict=True):
            stars = STARS[: word.count("*")]
            if isinstance(part, Text):
                shown.append(word % (*stars, part.characters(world)))
                continue
            value = part.kind.cut(part.value(world))
            if word[-1] in "xXo":
                value &= 2 ** (8 * part.kind.size) - 1
            # What has no sign shows none (C's %u).
            signed = word if part.kind.signed else word.replace("+", "").replace("% ", "%")
            shown.append(signed % (*stars, value))
        world.record.append(" ".join(shown) + "\n")

    values = [
        str(value) for word, part in zip(words, parts, strict=True) for value in (*STARS[: word.count("*")], part.text)
    ]
    return Statement(f'printf("{" ".join(words)}\\n", {", ".join(values)})', run)


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
    test = draw(tests(2))
    inner = st.lists(statements(tables, depth - 1, aggregates=aggregates), min_size=1, max_size=2)
    then, other = draw(inner), draw(st.one_of(st.just([]), inner))

    def run(world: World) -> None:
        for statement in then if test.value(world) else other:
            statement.run(world)

    blocks = [" ".join(f"{statement.text};" for statement in block) for block in (then, other)]
    # One `if` alone may follow `else` at once.
    bare = len(other) == 1 and other[0].text.startswith("if ")
    rest = f" else {blocks[1].removesuffix(';')}" if bare else f" else {{ {blocks[1]} }}" if other else ""
    return Statement(f"if ({test.text}) {{ {blocks[0]} }}{rest}", run)


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


PLACES = (("BEGIN",), (ENTRY,), (RETURN,), (ENTRY, RETURN))
#: With those of the C library.
MORE_PLACES = (*PLACES, (CALL,), (CALLED,), (CALL, RETURN))


@st.composite
def clauses(draw: st.DrawFn, tables: dict[str, Table], places: tuple[tuple[str, ...], ...]) -> Clause:
    probes = draw(st.sampled_from(places))
    predicate = draw(st.one_of(st.none(), tests(2)))
    if draw(st.integers(0, 4)) == 0:
        word = draw(st.sampled_from(sorted(SPECULATION)))
        first = Statement(word, SPECULATION[word])
        more = st.lists(statements(tables, 1, aggregates=False), min_size=1, max_size=2)
        rest = draw(more) if word.startswith("speculate") else []
        return Clause(probes, predicate, (first, *rest))
    body = draw(st.lists(statements(tables, 2, aggregates=True), min_size=1, max_size=4))
    return Clause(probes, predicate, tuple(body))


@st.composite
def _many(draw: st.DrawFn, tables: dict[str, Table]) -> list[Clause]:
    """Fifty clauses of one probe."""
    probes = draw(st.sampled_from(PLACES))
    bodies = [(draw(statements(tables, 0, aggregates=True)),) for _ in range(50)]
    return [Clause(probes, draw(st.one_of(st.none(), st.none(), tests(0))), body) for body in bodies]


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
    of_target = [(probe, "target") for probe in (CALL, ENTRY, RETURN, CALLED)]
    firings = [("BEGIN", "tracer"), *of_target * FIRINGS]
    for world.this, (world.probe, world.thread) in enumerate(firings):
        for clause in program:
            if world.probe in clause.probes:
                _fires(world, clause)


def _ends(draw: st.DrawFn, tables: dict[str, Table]) -> Iterator[tuple[str, Callable[[Shown], str]]]:
    """What END does to the aggregations, action by action, with what that prints."""
    for name in sorted(tables):
        yield from tables[name].endings(draw, name)
    for keys in ("i", "is"):
        joined = [name for name in sorted(tables) if tables[name].keys == keys and tables[name].wide]
        if len(joined) > 1:
            order = tuple(draw(st.permutations(joined)))
            words = ", ".join(f"@{name}" for name in order)
            form = f"{words_of(keys)}{' %@d' * len(order)}"
            yield f'printa("{form}\\n", {words})', partial(Shown.joined, names=order)


def _start(draw: st.DrawFn, probe: str, used: str) -> Clause:
    """Gives the variables that a program uses values, and those of the firing always: what they hold otherwise nobody
    says."""
    made = []
    for variable in (*NUMBERS.values(), *STRINGS.values()):
        if re.split(r"[.\[]", variable.form)[0] not in used:
            continue
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
                write(world, variable, (world.scope(variable.form), *keys), value)

            shown = f'"{value}"' if variable.string else value
            made.append(Statement(f"{variable.form.format(*keys)} = {shown}", run))
    return Clause((probe,), None, tuple(made))


#: What makes no difference to what a program prints.
OPTIONS: tuple[Mapping[str, str], ...] = (
    {}, {"bufsize": "64k"}, {"bufpolicy": "fill"}, {"bufpolicy": "ring"}, {"switchrate": "1000hz"},
    {"aggrate": "1000hz"}, {"dynvarsize": "64m"}, {"scratchsize": "1k"},
)  # fmt: skip


@st.composite
def _programs(draw: st.DrawFn, tables: dict[str, Table], *, processes: bool) -> list[Clause]:
    shape = draw(st.integers(0, 15))
    if shape == 0:
        return draw(_many(tables))
    places = MORE_PLACES if processes and shape < 4 else PLACES
    return draw(st.lists(clauses(tables, places), min_size=4, max_size=9))


@st.composite
def wholes(draw: st.DrawFn, *, processes: bool = True) -> tuple[str, str]:
    """A program, and what it must print. `processes`: whether the kernel can trace the functions of processes."""
    tables: dict[str, Table] = {}
    program = draw(_programs(tables, processes=processes))
    used = "".join(clause.text for clause in program)
    probes = ["BEGIN", ENTRY, RETURN, *(probe for probe in (CALL, CALLED) if probe in used)]
    program = [_start(draw, probe, used) for probe in probes] + program
    world = World(strsize=draw(st.sampled_from((STRSIZE, STRSIZE, 24, 33))))
    _run(world, program)
    options = draw(st.sets(st.sampled_from(("aggsortkey", "aggsortrev", "aggsortkeypos=1", "aggsortpos=1"))))
    endings = list(_ends(draw, tables))
    made = {name: world.tables.get(name, MAKERS[name]()) for name in tables}
    shown = Shown(
        made,
        by_key="aggsortkey" in options,
        reverse="aggsortrev" in options,
        key_place=int("aggsortkeypos=1" in options),
        place=int("aggsortpos=1" in options),
    )
    text = "".join(
        [
            *(f"#pragma D option {option}\n" for option in sorted(options)),
            f"#pragma D option strsize={world.strsize}\n" if world.strsize != STRSIZE else "",
            DECLARATIONS,
            *(clause.text for clause in program),
            'ERROR { printf("fault %d\\n", arg4); }\n',
            *(f"END {{ {ending}; }}\n" for ending, _ in endings),
        ]
    )
    return text, "".join(world.printed) + "".join(act(shown) for _, act in endings)
