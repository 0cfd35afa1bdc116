"""The runner's modules as one text that needs only the standard library.

    dtrans/source.py                        import os, ...              one import block, sorted
    dtrans/errors.py                        # --- source ---
      from dtrans.source import Span   ->   class Span: ...
    dtrans/run/session.py                   # --- errors ---
      ...                                   def fail(...): ...

Modules stand in the order of their imports. What the program cannot reach is left out:

* a function, class or constant whose name nothing that stays mentions;
* a method whose name no attribute, and no string that could be one, mentions; a private one counts in its module only;
* an import within a function, and one under ``TYPE_CHECKING``: in one file there is nothing to put off;
* a ``case`` for classes of values that the program does not have (an action that it never takes);
* the body of a function that the program is known never to call.

Statements keep their text and their comments. That no two modules give one name to different things is checked when
the bundle is made, and by tests/run/test_modules.py.
"""

from __future__ import annotations

import ast
import builtins
import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from dtrans.values import dataclass

_PACKAGE = "dtrans"
#: Modules of ours that only start sooner than one of the standard library: that one takes its place.
_STANDARD = {"dtrans.values": "dataclasses", "dtrans.typed": "typing"}
_ROOT = Path(__file__).resolve().parents[1]
_WIDTH = 120
#: Base classes whose subclasses have no methods that the standard library calls by name.
_PLAIN_BASES = frozenset({"Protocol", "Exception", "NamedTuple"})
_DOTTED_NAME = re.compile(r"[A-Za-z_][\w.]*")
_BANNER = re.compile(r"\s*# -{3} .* -{3,}$")
#: Comments for the tools that check dtrans itself.
_TOOL_COMMENT = re.compile(r"# (?:noqa|type: ignore)")


@dataclass(frozen=True, slots=True)
class Bundle:
    """`imports`: the import block; `runtime`: the statements of all modules, in order; both end with a newline."""

    imports: str
    runtime: str


@cache
def bundle(
    root: str, names: frozenset[str], absent: frozenset[str] = frozenset(), uncalled: frozenset[str] = frozenset()
) -> Bundle:
    """What `names` need of module `root` and of those that it imports.

    `absent` are names of classes that no value of the program has, `uncalled` functions (``f``) and methods
    (``Class.f``) that it never calls. Raises ValueError when the modules cannot stand in one file, and for names of
    `uncalled` that are not there.
    """
    modules = _closure(root)
    kept = _Kept(modules, names, absent, uncalled)
    sections = [text for module in modules if (text := kept.section(module))]
    needed = {bound: source for module in modules for bound, source in kept.imports(module)}
    _check_names(modules, kept)
    return Bundle(_import_block(needed), "\n\n".join(sections))


# --- modules and their statements ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Statement:
    """A statement of a module, or a method of a class. `first` and `last` count lines from 0, `last` is excluded."""

    node: ast.stmt
    first: int
    last: int
    defines: frozenset[str]
    methods: tuple[_Statement, ...] = ()

    @property
    def is_definition(self) -> bool:
        return isinstance(self.node, ast.FunctionDef | ast.ClassDef)


@dataclass(frozen=True, slots=True, eq=False)
class _Module:
    name: str
    summary: str
    lines: tuple[str, ...]
    statements: tuple[_Statement, ...]
    #: Bound name -> (module, name in it or "" for the module itself), of the standard library.
    imports: dict[str, tuple[str, str]]
    needs: tuple[str, ...]


def _closure(root: str) -> list[_Module]:
    """The modules that `root` imports in any number of steps, each after those that it imports."""
    order: dict[str, _Module] = {}

    def visit(name: str) -> None:
        module = _read(name)
        for needed in module.needs:
            if needed not in order:
                visit(needed)
        order[name] = module

    visit(root)
    return list(order.values())


@cache
def _read(name: str) -> _Module:
    path = _ROOT.joinpath(*name.split(".")[1:]).with_suffix(".py")
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text, str(path))
    lines = _without_tool_comments(text)
    summary = (ast.get_docstring(tree) or "").partition("\n")[0]
    imports: dict[str, tuple[str, str]] = {}
    needs, statements = [], []
    for node in tree.body:
        match node:
            case ast.ImportFrom(module="__future__") | ast.Expr(value=ast.Constant()):
                pass
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                pass
            case ast.ImportFrom(module=str(module), names=aliases) if module in _STANDARD:
                imports.update((alias.name, (_STANDARD[module], alias.name)) for alias in aliases)
            case ast.ImportFrom() if _is_own_import(node):
                pass
            case ast.ImportFrom(module=str(module), names=aliases):
                imports.update((alias.asname or alias.name, (module, alias.name)) for alias in aliases)
            case ast.Import(names=aliases):
                imports.update((alias.asname or alias.name.partition(".")[0], (alias.name, "")) for alias in aliases)
            case _:
                statements.append(_statement(node, lines))
    for own in filter(_is_own_import, ast.walk(tree)):
        assert isinstance(own, ast.ImportFrom)
        if any(alias.asname for alias in own.names):
            raise ValueError(f"{path}:{own.lineno}: an import of the project under another name")
        needs.append(str(own.module))
    return _Module(name, summary, tuple(lines), tuple(statements), imports, tuple(dict.fromkeys(needs)))


def _is_own_import(node: ast.AST) -> bool:
    """Whether a module of the project is imported that is to stand in the bundle."""
    return (
        isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == _PACKAGE and node.module not in _STANDARD
    )


def _without_tool_comments(text: str) -> list[str]:
    lines = text.split("\n")
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and _TOOL_COMMENT.match(token.string):
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip()
    return lines


def _statement(node: ast.stmt, lines: Sequence[str]) -> _Statement:
    methods: tuple[_Statement, ...] = ()
    match node:
        case ast.FunctionDef(name=name):
            defines = {name}
        case ast.ClassDef(name=name, body=body):
            defines = {name}
            methods = tuple(_statement(part, lines) for part in body if isinstance(part, ast.FunctionDef))
        case ast.Assign(targets=targets):
            defines = {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name)):
            defines = {name}
        case _:
            raise ValueError(f"line {node.lineno}: a {type(node).__name__} cannot be bundled")
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(part.lineno for part in decorators)]) - 1
    while lines[first - 1].lstrip().startswith("#") and not _BANNER.match(lines[first - 1]):
        first -= 1
    assert node.end_lineno is not None
    return _Statement(node, first, node.end_lineno, frozenset(defines), methods)


# --- what is reached ----------------------------------------------------------------------------------------


class _Kept:
    """The statements that some names need, found by following mentions until nothing new is found."""

    def __init__(
        self, modules: Sequence[_Module], names: frozenset[str], absent: frozenset[str], uncalled: frozenset[str]
    ) -> None:
        self._absent = absent
        self._hollow = dict(_functions(modules, uncalled))
        self._names = set(names)
        self._attributes: set[tuple[str, str]] = set()
        self._mentions: dict[_Statement, frozenset[str]] = {}
        statements = [(module, statement) for module in modules for statement in module.statements]
        grown = -1
        while grown < len(self._mentions):
            grown = len(self._mentions)
            for module, statement in statements:
                self._take(module, statement)

    def __contains__(self, statement: _Statement) -> bool:
        return statement in self._mentions

    def _take(self, module: _Module, statement: _Statement) -> None:
        """Keeps what is needed of a statement, by what is known so far."""
        if statement not in self and statement.defines & self._names:
            self._keep(module, statement)
        if statement in self and statement.methods:
            every = _has_foreign_base(statement.node)
            for method in statement.methods:
                if method not in self and (every or _is_special(method) or self._is_mentioned(module, method)):
                    self._keep(module, method)

    def _is_mentioned(self, module: _Module, method: _Statement) -> bool:
        return any(_attribute(module, name) in self._attributes for name in method.defines)

    def _keep(self, module: _Module, statement: _Statement) -> None:
        without: set[ast.AST] = {method.node for method in statement.methods}
        without.update(_dead_cases(statement.node, self._absent))
        if statement in self._hollow and isinstance(statement.node, ast.FunctionDef):
            without.update(statement.node.body)
        names = set()
        attributes: list[str] = []
        for node in _walk(statement.node, without):
            match node:
                case ast.Name(id=name):
                    names.add(name)
                case ast.Attribute(attr=name):
                    attributes.append(name)
                case ast.MatchClass(kwd_attrs=members):
                    attributes += members
                case ast.Constant(value=str(text)) if _DOTTED_NAME.fullmatch(text):
                    attributes += text.split(".")
        self._names |= names
        self._attributes.update(_attribute(module, name) for name in attributes)
        self._mentions[statement] = frozenset(names)

    def imports(self, module: _Module) -> Iterator[tuple[str, tuple[str, str]]]:
        """The imports from the standard library that a module's kept statements use."""
        for statement in module.statements:
            for part in (statement, *statement.methods):
                for name in sorted(self._mentions.get(part, ())):
                    if name in module.imports:
                        yield name, module.imports[name]

    def section(self, module: _Module) -> str:
        """A module's kept statements under a title; "" when there are none."""
        kept = [statement for statement in module.statements if statement in self]
        if not kept:
            return ""
        parts = ["\n"] if kept[0].is_definition else []
        for before, statement in zip([None, *kept], kept, strict=False):
            if before is not None:
                parts.append(_gap(before, statement))
            parts.append(self._text(module, statement))
        title = f"# --- {module.name.removeprefix(_PACKAGE + '.').replace('.', '/')} "
        return f"{title:-<{_WIDTH - 1}}\n# {module.summary}\n\n" + "".join(parts)

    def _text(self, module: _Module, statement: _Statement) -> str:
        gone: set[int] = set()
        for method in statement.methods:
            if method not in self:
                first = method.first - (not module.lines[method.first - 1].strip())
                gone.update(range(first, method.last))
        for node in ast.walk(statement.node):
            if isinstance(node, ast.ImportFrom) and _is_own_import(node):
                gone.update(_import_lines(node, module.lines))
        instead: dict[int, str] = {}
        for part in (statement, *statement.methods):
            if part in self._hollow and part in self:
                body = self._hollow[part]
                gone.update(range(body.start + 1, body.stop))
                margin = module.lines[body.start][: -len(module.lines[body.start].lstrip())]
                instead[body.start] = f'{margin}raise AssertionError("left out: this program never comes here")'
            elif part in self:
                for case in _dead_cases(part.node, self._absent):
                    gone.update(_case_lines(case, module.lines))
        rows = (row for row in range(statement.first, statement.last) if row not in gone)
        lines = [instead.get(row, module.lines[row]) for row in rows]
        return "".join(f"{line}\n" for line in _without_empty_sections(lines))


def _import_lines(node: ast.ImportFrom, lines: Sequence[str]) -> range:
    """The lines of an import within a function, with the empty line behind the last of them."""
    assert node.end_lineno is not None
    return range(node.lineno - 1, node.end_lineno + (not lines[node.end_lineno].strip()))


def _attribute(module: _Module, name: str) -> tuple[str, str]:
    """A name of an attribute, with the module that alone may use it when it is private."""
    return (module.name if name.startswith("_") else ""), name


def _functions(modules: Sequence[_Module], names: frozenset[str]) -> Iterator[tuple[_Statement, range]]:
    """Functions and methods by name, each with the lines of its body after the docstring."""
    missing = set(names)
    for module in modules:
        for statement in module.statements:
            owner = "".join(statement.defines)
            for name, part in (
                *((name, statement) for name in statement.defines),
                *((f"{owner}.{name}", method) for method in statement.methods for name in method.defines),
            ):
                if name in names and isinstance(part.node, ast.FunctionDef):
                    missing.remove(name)
                    body = part.node.body[ast.get_docstring(part.node) is not None :]
                    yield part, range(body[0].lineno - 1, part.last)
    if missing:
        raise ValueError(f"no functions {', '.join(sorted(missing))}")


def _walk(node: ast.AST, without: set[ast.AST]) -> Iterator[ast.AST]:
    yield node
    for part in ast.iter_child_nodes(node):
        if part not in without:
            yield from _walk(part, without)


def _has_foreign_base(node: ast.stmt) -> bool:
    """Whether a class inherits from the standard library, which may call any of its methods."""
    assert isinstance(node, ast.ClassDef)
    bases = {base.id if isinstance(base, ast.Name) else ast.unparse(base) for base in node.bases}
    return bool(bases - _PLAIN_BASES)


def _is_special(method: _Statement) -> bool:
    return any(name.startswith("__") and name.endswith("__") for name in method.defines)


def _dead_cases(node: ast.AST, absent: frozenset[str]) -> Iterator[ast.match_case]:
    """The cases of a function that only values of absent classes take. A match keeps at least one case, and any that
    sets a name that is used outside of the match."""
    if not absent or not isinstance(node, ast.FunctionDef):
        return
    for match in (part for part in ast.walk(node) if isinstance(part, ast.Match)):
        dead = [case for case in match.cases if _only_takes(case.pattern, absent)]
        if not dead or len(dead) == len(match.cases):
            continue
        inside = set(ast.walk(match))
        outside = {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and part not in inside}
        yield from (case for case in dead if not _binds(case) & outside)


def _only_takes(pattern: ast.pattern, absent: frozenset[str]) -> bool:
    match pattern:
        case ast.MatchClass(cls=ast.Name(id=name)):
            return name in absent
        case ast.MatchOr(patterns=patterns):
            return all(_only_takes(part, absent) for part in patterns)
    return False


def _binds(case: ast.match_case) -> set[str]:
    found = {part.name for part in ast.walk(case) if isinstance(part, ast.MatchAs | ast.FunctionDef) and part.name}
    return found | {
        part.id for part in ast.walk(case) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    }


def _case_lines(case: ast.match_case, lines: Sequence[str]) -> range:
    first, last = case.pattern.lineno - 1, case.body[-1].end_lineno
    assert last is not None
    margin = re.match(r"\s*", lines[first])
    assert margin is not None
    while lines[first - 1].startswith(f"{margin[0]}#"):
        first -= 1
    return range(first, last)


def _without_empty_sections(lines: Sequence[str]) -> Iterator[str]:
    """Lines of a class without the titles of sections whose methods are all gone."""
    for row, line in enumerate(lines):
        if _BANNER.match(line):
            after = next((other for other in lines[row + 1 :] if other.strip()), "")
            if not after or _BANNER.match(after):
                continue
        before = lines[row - 1] if row else ""
        if not (line == "" and before == ""):
            yield line


def _gap(before: _Statement, after: _Statement) -> str:
    if before.is_definition or after.is_definition:
        return "\n\n"
    return "" if after.first == before.last else "\n"


# --- one namespace ------------------------------------------------------------------------------------------


def _check_names(modules: Sequence[_Module], kept: _Kept) -> None:
    """Raises ValueError for a name that means two things in the one file, or hides one of Python's own."""
    owners: dict[str, str] = {name: "builtins" for name in dir(builtins) if not name.startswith("__")}
    for module in modules:
        for statement in module.statements:
            for name in statement.defines if statement in kept else ():
                if owners.setdefault(name, module.name) != module.name:
                    raise ValueError(f"'{name}' stands in {owners[name]} and in {module.name}")
    for module in modules:
        for name, (source, member) in kept.imports(module):
            origin = f"{source}:{member}"
            if owners.setdefault(name, origin) != origin:
                raise ValueError(f"'{name}' of {origin} in {module.name} is also {owners[name]}")


def _import_block(needed: dict[str, tuple[str, str]]) -> str:
    plain, members = [], dict[str, list[str]]()
    for bound, (module, member) in needed.items():
        if not member:
            plain.append(f"import {module}\n" if bound == module.partition(".")[0] else f"import {module} as {bound}\n")
        else:
            members.setdefault(module, []).append(member if bound == member else f"{member} as {bound}")
    return "".join(sorted(plain)) + "".join(
        _import_from(module, sorted(names, key=_import_order)) for module, names in sorted(members.items())
    )


def _import_order(name: str) -> tuple[int, str]:
    """CONSTANTS, then Classes, then functions."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2), name


def _import_from(module: str, names: Sequence[str]) -> str:
    line = f"from {module} import {', '.join(names)}\n"
    if len(line) <= _WIDTH + 1:
        return line
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")\n"
