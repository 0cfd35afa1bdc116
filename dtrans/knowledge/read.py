"""Reads the files of `translators/` into rows, strictly: an unknown key, a missing one or a repeated name is an error
that names the file and the row.

    [[probe]]
    name = "exec-success"
    fidelity = "exact"
    [[probe.source]]                  ->  ProbeRow("exec-success", Note("exact"), (), (SourceRow((Point(...),)),))
    [[probe.source.point]]
    at = "rawtp:sched_process_exec"

Only used when the files have changed since the last start (see `dtrans.knowledge.load`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from dtrans.errors import DtransError, fail
from dtrans.knowledge.rows import (
    BuiltinRow,
    CallRow,
    ConstantRow,
    Knowledge,
    Lets,
    LinuxCall,
    MemberRow,
    Note,
    Point,
    ProbeRow,
    ProviderRow,
    SiteRow,
    SourceRow,
    StructureRow,
    TranslatorRow,
)
from dtrans.knowledge.stability import Attributes

T = TypeVar("T")
_FIDELITIES = ("exact", "close", "partial", "none")
_FAMILIES = (
    "rows", "syscalls", "tracepoints", "raw-tracepoints", "functions", "user-functions", "user-sites", "user-rows",
)  # fmt: skip
#: What `Point.at` may begin with, and whether more must follow the colon.
_POINTS = {
    "rawtp": True,
    "tracepoint": True,
    "syscall-entry": False,
    "syscall-return": False,
    "function-entry": True,
    "function-return": True,
    "user-entry": True,
    "user-return": True,
    "user-site": True,
    "perf": True,
    "clock": True,
    "begin": False,
    "end": False,
    "error": False,
}
#: A name in an expression that is no member and no structure's tag.
_NAME = re.compile(r"(?<![>.\w])(?<!struct )[A-Za-z_]\w*")
_CONTEXT = re.compile(r"\bctx->(\w+)")
_ARGUMENT = re.compile(r"arg\d+")
#: A type of D and a name, as in ``char *file``.
_DECLARED = re.compile(r"(.*[ *])(\w+)")
_STABILITY_PARTS = ("provider", "module", "function", "name", "arguments")
_NEEDS = ("feature", "rawtp", "tracepoint", "member", "function", "enumerator")
#: Points whose place is two names.
_PAIRED = frozenset({"tracepoint", "user-entry", "user-return", "user-site"})


def read_knowledge(root: Path) -> Knowledge:
    """All rows of a `translators/` folder. Raises D_KNOWLEDGE for the first mistake found."""
    providers = _named(_tables(root, "providers/*.toml"), _provider, "provider")
    structures = _named(_tables(root, "structures/*.toml"), _structure, "structure")
    variables = _table(root, "variables.toml")
    arguments = dict(_each(root, "syscalls/arguments.toml", _texts))
    return Knowledge(
        providers=providers,
        structures=structures,
        builtins=dict(_each(root, "builtins.toml", _builtin)) | _variables(variables.get("solaris", {})),
        constants=_constants(_table(root, "constants.toml")),
        types={name: _string(text, f"types.toml: {name}") for name, text in _table(root, "types.toml").items()},
        absent=_absent(_table(root, "absent.toml")),
        calls=_calls(root),
        symbols={name: _string(text, f"variables.toml: {name}") for name, text in variables.get("linux", {}).items()},
        numbers={
            path.stem.removeprefix("numbers-"): _numbers(root, path)
            for path in sorted((root / "syscalls").glob("numbers-*.toml"))
        },
        stability={
            name: _attributes(text, f"stability.toml: {name}") for name, text in _table(root, "stability.toml").items()
        },
        call_functions=arguments["functions"],
        call_types=arguments["types"],
    )


@dataclass
class _Table:
    """One TOML table while it is read: every key must be taken, each with the type asked for."""

    place: str
    values: dict[str, Any]
    taken: set[str] = field(default_factory=set)

    def wrong(self, what: str) -> DtransError:
        return fail("D_KNOWLEDGE", f"translators/{self.place}: {what}")

    def text(self, key: str, default: str | None = None) -> str:
        return str(self._take(key, str, default))

    def flag(self, key: str, default: bool) -> bool:
        return bool(self._take(key, bool, default))

    def choice(self, key: str, choices: tuple[str, ...]) -> Any:
        value = self.text(key)
        if value not in choices:
            raise self.wrong(f"'{key}' is '{value}', not one of {', '.join(choices)}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings; one string alone stands for a list of it."""
        value = self._take(key, (list, str), [])
        return _strings(value, f"{self.place}: {key}")

    def mapping(self, key: str) -> dict[str, Any]:
        return dict(self._take(key, dict, {}))

    def lets(self) -> Lets:
        """Names for parts of expressions."""
        return {name: _strings(value, f"{self.place}: {name}") for name, value in self.mapping("let").items()}

    def tables(self, key: str) -> Iterator[_Table]:
        """The tables of an array, each placed by its name or number."""
        for number, values in enumerate(self._take(key, list, []), 1):
            if not isinstance(values, dict):
                raise self.wrong(f"'{key}' holds something that is no table")
            yield _Table(f"{self.place}: {key} {values.get('name') or values.get('origin') or number}", values)

    def note(self) -> Note:
        """The row's fidelity. Anything but exact says in a sentence what differs."""
        fidelity, differs = self.choice("fidelity", _FIDELITIES), self.text("differs", "")
        if (fidelity == "exact") != (differs == ""):
            raise self.wrong("'differs' must say what differs, unless the fidelity is exact")
        return Note(fidelity, differs)

    def done(self) -> None:
        unknown = sorted(set(self.values) - self.taken)
        if unknown:
            raise self.wrong(f"unknown key '{unknown[0]}'")

    def _take(self, key: str, kind: type | tuple[type, ...], default: Any) -> Any:
        self.taken.add(key)
        if key not in self.values:
            if default is None:
                raise self.wrong(f"'{key}' is missing")
            return default
        value = self.values[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.wrong(f"'{key}' has the wrong type")
        return value


# --- rows -------------------------------------------------------------------------------------------


def _provider(table: _Table) -> ProviderRow:
    shared = table.lets()
    row = ProviderRow(
        name=table.text("name"),
        summary=table.text("summary"),
        guide=table.text("guide"),
        family=table.choice("family", _FAMILIES),
        probes=tuple(probe for one in table.tables("probe") for probe in _probes(one, shared)),
        sites=tuple(site for one in table.tables("site") for site in _sites(one)),
        any_location=table.flag("any_location", True),
        files=table.texts("files"),
        loaded_later=table.flag("loaded_later", False),
        reason=table.text("reason", ""),
        without=table.texts("without"),
        stability=_stability(table),
        double_arrows=table.flag("double_arrows", False),
        prefixes=table.texts("prefixes"),
    )
    seen: set[tuple[str, str, str]] = set()
    for probe in row.probes:
        if (probe.name, probe.module, probe.function) in seen:
            raise table.wrong(f"two rows for probe '{probe.name}'")
        seen.add((probe.name, probe.module, probe.function))
    return row


def _sites(table: _Table) -> Iterator[SiteRow]:
    """What is known of the probe of a table, or of the probes: several may share all but the name."""
    given = table.texts("args")
    declared = [found for text in given if (found := _DECLARED.fullmatch(text))]
    if len(declared) < len(given):
        raise table.wrong("'args' holds something that is no type with a name")
    note = table.note() if "fidelity" in table.values else Note("exact")
    types, words = tuple(one[1].strip() for one in declared), tuple(one[2] for one in declared)
    names = table.texts("name")
    table.done()
    yield from (SiteRow(name, types, words, note) for name in names)


def _stability(table: _Table) -> tuple[str, ...]:
    """A provider's attributes, part by part."""
    given = table.mapping("stability")
    if given and set(given) != set(_STABILITY_PARTS):
        raise table.wrong(f"'stability' has not exactly {', '.join(_STABILITY_PARTS)}")
    return tuple(_attributes(given[part], f"{table.place}: stability") for part in _STABILITY_PARTS if given)


def _attributes(value: Any, place: str) -> str:
    """Attributes as text, checked."""
    try:
        return str(Attributes.parse(_string(value, place)))
    except ValueError:
        raise fail("D_KNOWLEDGE", f"translators/{place}: '{value}' is not like Stable/Stable/Common") from None


def _probes(table: _Table, shared: Lets) -> Iterator[ProbeRow]:
    """The probe of a table, or the probes: several names and functions may share all else. A function of another
    module is named as D names it, ``module`function``."""
    names = table.texts("name") or (table.text("name"),)
    functions = [text.rpartition("`") for text in table.texts("function") or ("",)]
    row = _probe(table, shared)
    for module, _, function in functions:
        yield from (replace(row, name=name, module=module or row.module, function=function) for name in names)


def _probe(table: _Table, shared: Lets) -> ProbeRow:
    row = ProbeRow(
        name="",
        note=table.note(),
        args=table.texts("args"),
        sources=tuple(_source(one, shared) for one in table.tables("source")),
        module=table.text("module", ""),
        rates=table.texts("rates"),
    )
    table.done()
    if (row.note.fidelity == "none") == bool(row.sources):
        raise table.wrong("fidelity is none when there is no source, and only then")
    for source in row.sources:
        for point in (point for point in source.points if not point.save):
            if len(point.args) != len(row.args):
                raise table.wrong(f"{point.at} gives {len(point.args)} of {len(row.args)} args")
    return row


def _source(table: _Table, shared: Lets) -> SourceRow:
    points = tuple(_point(one, shared) for one in table.tables("point"))
    needs = table.texts("needs")
    note = table.note() if "fidelity" in table.values else None
    table.done()
    if all(point.save for point in points):
        raise table.wrong("a source has at least one point that fires")
    names = [name for point in points for name in dict(point.save)]
    if len(set(names)) < len(names):
        raise table.wrong("two points save a value of the same name")
    for need in needs:
        if need.partition(":")[0] not in _NEEDS or not need.partition(":")[2]:
            raise table.wrong(f"'{need}' is no known kind of need")
    return SourceRow(points, needs, note)


def _point(table: _Table, shared: Lets) -> Point:
    own, when, thread = table.lets(), table.text("when", ""), table.text("thread", "")
    args, arg, key = table.texts("args"), table.texts("arg"), table.texts("key")
    save = {name: _string(text, f"{table.place}: {name}") for name, text in table.mapping("save").items()}
    let = _used_lets(own, shared, (when, thread, *args, *arg, *save.values(), *key))
    at = table.text("at")
    texts = (when, *args, *arg, *save.values(), *key, *(one for some in let.values() for one in some))
    variables = _file_variables(texts) if at.startswith("user-entry:") else ()
    row = Point(at, when, let, thread, args, arg, save, key, variables, table.flag("keep", False))
    table.done()
    if row.save and (row.args or row.arg):
        raise table.wrong("a point that saves does not fire: it has no arguments")
    kind, colon, rest = row.at.partition(":")
    if kind not in _POINTS or (_POINTS[kind] and not rest) or (kind in _PAIRED and ":" not in rest):
        raise table.wrong(f"'{row.at}' is no attach point")
    if kind in ("begin", "end", "error") and colon:
        raise table.wrong(f"'{row.at}' is no attach point")
    return row


def _file_variables(texts: Iterable[str]) -> tuple[str, ...]:
    """What expressions at a function's entry use of its file: ``ctx->NAME`` of all names but those of arguments."""
    names = {name for text in texts for name in _CONTEXT.findall(text)}
    return tuple(sorted(name for name in names if not _ARGUMENT.fullmatch(name)))


def _used_lets(own: Lets, shared: Lets, texts: Iterable[str]) -> Lets:
    """All of a point's own lets, and those of its provider that it uses; each after the ones that it names itself."""
    known, used = {**shared, **own}, dict[str, tuple[str, ...]]()

    def take(text: str, inside: tuple[str, ...]) -> None:
        for name in _NAME.findall(text):
            if name in known and name not in used and name not in inside:
                for one in known[name]:
                    take(one, (*inside, name))
                used[name] = known[name]

    for text in (*own, *texts):
        take(text, ())
    return used


def _structure(table: _Table) -> StructureRow:
    members = {name: _member(one) for name, one in _rows(table, "member")}
    row = StructureRow(
        table.text("name"),
        table.text("guide"),
        members,
        tuple(_translator(one, members) for one in table.tables("translator")),
        table.text("tag", ""),
        table.texts("extends"),
        table.flag("kernel", False),
    )
    for name, member in members.items():
        made = any(name in translator.members for translator in row.translators)
        if made == (member.note.fidelity == "none"):
            raise table.wrong(f"member '{name}' has no translation, or it has one and its fidelity is none")
    return row


def _member(table: _Table) -> MemberRow:
    row = MemberRow(table.place.rpartition(" ")[2], table.text("type"), table.note())
    table.done()
    return row


def _translator(table: _Table, members: Mapping[str, MemberRow]) -> TranslatorRow:
    origin, param = table.text("origin"), table.text("param")
    made = {name: _strings(value, f"{table.place}: {name}") for name, value in table.mapping("members").items()}
    let = table.lets()
    table.done()
    for name in made:
        if name not in members:
            raise table.wrong(f"'{name}' is no member")
    return TranslatorRow(origin, param, made, let)


def _variables(values: dict[str, Any]) -> dict[str, BuiltinRow]:
    """Variables of Solaris' kernel, by their names with a grave accent."""
    rows = {}
    for name, body in values.items():
        table = _sub("variables.toml", name, body)
        row = _builtin(f"`{name}", table)
        rows[row.name] = replace(row, thread=row.current)
        table.done()
    return rows


def _builtin(name: str, table: _Table) -> BuiltinRow:
    texts = table.texts("current"), table.texts("thread")
    row = BuiltinRow(name, table.text("type"), table.note(), *texts, table.text("kept", ""))
    if (row.note.fidelity == "none") == bool(row.current or row.thread):
        raise table.wrong("fidelity is none when there is no expression, and only then")
    return row


def _calls(root: Path) -> dict[str, CallRow]:
    """The system calls of Solaris, then those that only FreeBSD and macOS have."""
    calls: dict[str, CallRow] = {}
    for place, spare in (("syscalls/solaris.toml", False), ("syscalls/bsd.toml", True)):
        for name, body in _table(root, place).items():
            table = _sub(place, name, body)
            row = _call(name, table, calls, spare=spare)
            for one in (name, *table.texts("also")):
                if one in calls:
                    raise table.wrong(f"'{one}' is a row already")
                calls[one] = replace(row, name=one)
            table.done()
    return calls


def _call(name: str, table: _Table, known: Mapping[str, CallRow], *, spare: bool) -> CallRow:
    """One row; ``as = "open"`` gives it the Linux calls of a row above it, or the Linux call of that name."""
    linux = tuple(_linux_call(one) for one in table.tables("linux"))
    same = table.text("as", "")
    if same and linux:
        raise table.wrong("it is the same as another, but Linux calls are given")
    if same:
        linux = known[same].linux if same in known else (LinuxCall(same),)
    row = CallRow(name, table.note(), linux, spare or bool(same))
    if row.note.fidelity == "none" and linux:
        raise table.wrong("fidelity is none, but Linux calls are given")
    return row


def _linux_call(table: _Table) -> LinuxCall:
    row = LinuxCall(table.text("name"), table.texts("args"), table.text("when", ""))
    table.done()
    return row


def _constants(values: dict[str, Any]) -> dict[str, ConstantRow]:
    rows: dict[str, ConstantRow] = {}
    for name, body in values.items():
        table = _sub("constants.toml", name, body)
        note = table.note()
        for constant, value in table.mapping("values").items():
            if constant in rows:
                raise table.wrong(f"'{constant}' is already a constant")
            if not isinstance(value, int) or isinstance(value, bool):
                raise table.wrong(f"'{constant}' is no number")
            rows[constant] = ConstantRow(constant, value, note)
        table.done()
    return rows


def _absent(values: dict[str, Any]) -> dict[str, str]:
    """The names of all groups, each with its group's reason."""
    reasons: dict[str, str] = {}
    for group, body in values.items():
        table = _sub("absent.toml", group, body)
        reason = table.text("differs")
        for name in table.texts("names"):
            if name in reasons:
                raise table.wrong(f"'{name}' is there already")
            reasons[name] = reason
        table.done()
    return reasons


def _texts(_: str, table: _Table) -> dict[str, str]:
    """A table of texts alone."""
    return {name: table.text(name) for name in table.values}


def _numbers(root: Path, path: Path) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for name, number in _table(root, str(path.relative_to(root))).items():
        if not isinstance(number, int) or isinstance(number, bool):
            raise fail("D_KNOWLEDGE", f"translators/syscalls/{path.name}: '{name}' is no number")
        numbers[name] = number
    if len(set(numbers.values())) != len(numbers):
        raise fail("D_KNOWLEDGE", f"translators/syscalls/{path.name}: two calls have one number")
    return numbers


# --- files and tables -------------------------------------------------------------------------------


def _tables(root: Path, pattern: str) -> Iterator[_Table]:
    for path in sorted(root.glob(pattern)):
        place = str(path.relative_to(root))
        yield _Table(place, _table(root, place))


def _table(root: Path, place: str) -> dict[str, Any]:
    try:
        with (root / place).open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise fail("D_KNOWLEDGE", f"translators/{place}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise fail("D_KNOWLEDGE", f"translators/{place}: {error}") from None


def _named(tables: Iterator[_Table], make: Callable[[_Table], T], what: str) -> dict[str, T]:
    """The rows of files that hold one each, by name: the file is called after its row."""
    rows: dict[str, T] = {}
    for table in tables:
        name = table.text("name")
        if Path(table.place).stem != name:
            raise table.wrong(f"{what} '{name}' belongs into a file of that name")
        rows[name] = make(table)
        table.done()
    return rows


def _each(root: Path, place: str, make: Callable[[str, _Table], T]) -> Iterator[tuple[str, T]]:
    """The rows of a file that holds many, each a table under its name."""
    for name, body in _table(root, place).items():
        table = _sub(place, name, body)
        yield name, make(name, table)
        table.done()


def _rows(table: _Table, key: str) -> Iterator[tuple[str, _Table]]:
    for name, body in table.mapping(key).items():
        yield name, _sub(table.place, name, body)


def _sub(place: str, name: str, body: Any) -> _Table:
    if not isinstance(body, dict):
        raise fail("D_KNOWLEDGE", f"translators/{place}: '{name}' is no table")
    return _Table(f"{place}: {name}", body)


def _strings(value: Any, place: str) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise fail("D_KNOWLEDGE", f"translators/{place} is not a list of strings")
    return tuple(value)


def _string(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise fail("D_KNOWLEDGE", f"translators/{place} is no string")
    return value
