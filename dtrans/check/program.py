"""The checker's door: programs, macros and options in, a typed program out.

Before: the items of each source in order  After: `TypedProgram`: clauses with their probes, variables, aggregations.
The declarations of a source hold for all its clauses; variables that clauses make hold from there on, as in dtrace.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from dtrans.check.actions import Body, StatementChecker
from dtrans.check.functions import ENTRY, RETURN
from dtrans.check.libraries import is_met, needed, sorted_libraries
from dtrans.check.macros import Macros
from dtrans.check.names import ClauseContext, ScriptNames
from dtrans.check.processes import USER_FAMILIES, process_hint
from dtrans.check.tree import AggregationInfo, Assign, Do, Expr, Solaris, Variable
from dtrans.check.typenames import TypeNames
from dtrans.check.universe import CallProbe, ProbeRef, RowProbe, Universe, in_process, parameter_hint
from dtrans.errors import DtransError, fail
from dtrans.globs import is_glob, pattern
from dtrans.knowledge.stability import Attributes
from dtrans.options import OPTIONS, Options, check_option
from dtrans.source import Source, Span
from dtrans.syntax import ast, parse

#: What a clause can lack whose probes are not here (-Z): the types of arguments, and variables that such clauses make.
_OF_ABSENT = frozenset({"D_ARGS_NONE", "D_ARGS_IDX", "D_ARGS_MULTI", "D_ARGS_TYPE", "D_VAR_UNDEF"})
#: Said of a name that nothing made yet.
#: A version of D, in up to three parts (libdtrace dt_subr.c, dt_version_str2num).
_VERSION = re.compile(r"\d{1,3}(\.\d{1,4}){0,2}")
_UNDEFINED = frozenset({"D_IDENT_UNDEF", "D_VAR_UNDEF"})
#: Said of a probe that some kernel has.
_MODULE = "a module that is not loaded may have it; "
#: Said of a kernel function where the kernel lets none be traced.
_NO_FUNCTIONS = "trace none of its functions, since it was built without CONFIG_KPROBES or CONFIG_FTRACE"
#: A macro in a probe description.
_MACRO = re.compile(r"\$\$?([A-Za-z_0-9]+)")


@dataclass(frozen=True)
class TypedClause:
    """One clause. `number` from 1. `body` () with `default` means dtrace's default action."""

    number: int
    probes: tuple[ProbeRef, ...]
    predicate: Expr[Solaris] | None
    body: Body
    default: bool
    node: ast.Clause
    #: The number of the source that it stands in.
    source: int = 0


@dataclass(frozen=True)
class TypedProgram:
    clauses: tuple[TypedClause, ...]
    aggregations: tuple[AggregationInfo, ...]
    variables: tuple[Variable, ...]
    options: Options
    #: What each source matched: (name of the source, probes).
    matched: tuple[tuple[str, int], ...]
    #: Probes that a description named and this kernel lacks, with the reason.
    lost: tuple[tuple[str, str], ...]
    #: Descriptions that this kernel has no probe for, beside others in their clauses that it has, with the reason.
    idle: tuple[tuple[str, str], ...]
    types: TypeNames
    #: Descriptions may match nothing.
    zero_matches: bool = False


@dataclass
class ProgramChecker:
    """Checks the sources of one run. `zero_matches` is ``-Z``."""

    universe: Universe
    macros: Macros
    options: Options
    types: TypeNames
    zero_matches: bool = False

    def check(self, programs: Sequence[ast.Program], libraries: Sequence[ast.Program] = ()) -> TypedProgram:
        names = ScriptNames(types=self.types, macros=self.macros)
        self.types.constant = names.checker.constant
        for library in sorted_libraries(libraries, self.universe):
            for item in library.items:
                self._declare(item, names, in_library=True)
                if isinstance(item, ast.Clause):
                    # It must be right, and is of no account, as in dtrace.
                    self._clause(item, 0, names, StatementChecker(names, self.options), [], {})
        statements = StatementChecker(names, self.options)
        clauses: list[TypedClause] = []
        matched: list[tuple[str, int]] = []
        lost: list[tuple[str, str]] = []
        idle: dict[str, str] = {}
        for number, program in enumerate(programs):
            if not self.options.flag("empty") and all(isinstance(item, ast.Pragma) for item in program.items):
                raise fail("D_EMPTY", "empty D program translation unit", program.span)
            count, names.program = 0, number
            for item in program.items:
                self._declare(item, names)
            for item in program.items:
                if isinstance(item, ast.Clause):
                    clause = self._clause(item, len(clauses) + 1, names, statements, lost, idle)
                    count += sum(not in_process(probe) for probe in clause.probes)
                    clauses.append(replace(clause, source=number))
            matched.append((program.span.source.name, count))
        statements.check_allowed()
        # Before the others: one of theirs that is also at other probes reads at these what is kept now.
        clauses = [self._keeping(names, name, len(clauses) + at) for at, name in enumerate(names.kept, 1)] + clauses
        statements.aggregations.settle()
        self._check_unused_macros(programs)
        self._check_pragmas(names)
        return TypedProgram(
            tuple(clauses),
            tuple(statements.aggregations.found),
            tuple(names.variables.values()),
            self.options,
            tuple(matched),
            tuple(lost),
            tuple(idle.items()),
            self.types,
            self._may_miss,
        )

    def _keeping(self, names: ScriptNames, name: str, number: int) -> TypedClause:
        """A clause that keeps a built-in variable for the probes where it is not to be had."""
        (node,) = parse(Source("<translators>", f"{names.kept[name]} {{ }}")).items
        assert isinstance(node, ast.Clause)
        found = self.universe.match(node.probes[0])
        names.clause = ClauseContext(found, self.universe.shared_args, node.probes)
        value = names.checker.check(ast.Name(name, node.span))
        kept = names.kept_variable(name, names.kept[name], value.type)
        return TypedClause(number, found, None, (Do(Assign(kept, (), "", value, old=False)),), default=False, node=node)

    @property
    def _may_miss(self) -> bool:
        return self.zero_matches or self.options.flag("zdefs")

    def _declare(self, item: ast.Item, names: ScriptNames, *, in_library: bool = False) -> None:
        """What is no clause."""
        match item:
            case ast.VariableDecl():
                names.declare(item)
            case ast.Inline():
                names.declare_inline(item)
            case ast.Translator():
                names.declare_translator(item)
            case ast.Provider():
                names.declare_provider(item)
            case ast.Pragma("error", words, span):
                raise fail("D_PRAGERR", f"#error: {' '.join(words)}", span)
            case ast.Pragma("depends_on", _, span) if not in_library:
                kind, name = needed(item)
                if kind == "library":
                    raise fail(
                        "D_PRAGMA_DEPEND",
                        "a program may not depend on a library by itself",
                        span,
                        hint="libraries are those of -L folders: all of them are read",
                    )
                if not is_met(self.universe, item):
                    raise fail("D_PRAGMA_DEPEND", f"this program requires {kind} {name}, which is not here", span)
            case ast.Pragma("attributes" | "binding" as kind, words, span):
                if not _is_valid(kind, words[0]):
                    told = "attributes" if kind == "attributes" else "version string"
                    raise fail("D_PRAGMA_INVAL", f"invalid {told} specified by #pragma {kind}: {words[0]}", span)
                self._concerned(words, span, names)
            case ast.Pragma() | ast.Clause():
                pass

    def _concerned(self, words: tuple[str, ...], span: Span, names: ScriptNames) -> None:
        """Notes which name a pragma is about. Raises D_PRAGMA_SCOPE for one that the program does not define."""
        name = words[2] if words[1] == "provider" and len(words) > 2 else words[1]
        known = self.universe.knowledge
        if name in known.builtins or name in known.constants or name in known.structures:
            raise fail("D_PRAGMA_SCOPE", f"#pragma cannot modify '{name}', which this program does not define", span)
        names.pragmas[name] = span

    def _check_pragmas(self, names: ScriptNames) -> None:
        """Raises D_PRAGMA_UNUSED for a pragma about a name that nothing defines."""
        types = names.types
        defined = {*names.inlines, *names.providers, *types.typedefs, *(tag for _, tag in types.structs), *types.enums}
        defined |= {*types.enumerators, *(name for _, name in names.variables)} | {*self.universe.knowledge.providers}
        defined |= {"translator"} if names.translators else set()
        for name, span in names.pragmas.items():
            if name not in defined:
                raise fail("D_PRAGMA_UNUSED", f"#pragma is about '{name}', which the program does not define", span)

    def _clause(
        self,
        node: ast.Clause,
        number: int,
        names: ScriptNames,
        statements: StatementChecker,
        lost: list[tuple[str, str]],
        idle: dict[str, str],
    ) -> TypedClause:
        probes: dict[int, ProbeRef] = {}
        refused: list[tuple[ast.ProbeDescription, str]] = []
        for written in node.probes:
            description = self._expanded(written)
            matched, reason = self._matched(description, lost)
            probes |= {probe.id: probe for probe in matched if probe.id not in probes}
            refused += [(description, reason)] if reason else []
        if refused and not probes:
            raise self._not_served(*refused[0])
        idle |= {_shown(description): reason for description, reason in refused}
        found = tuple(probes.values())
        names.clause = ClauseContext(found, self.universe.shared_args, node.probes)
        try:
            predicate, body = self._parts(node, statements)
        except DtransError as error:
            if found or not (statements.left_out or error.diagnostic.tag in _OF_ABSENT):
                raise
            statements.leave_out(node.body or ())
            predicate, body = None, ()
        return TypedClause(number, found, predicate, body, not node.body, node)

    def _parts(self, node: ast.Clause, statements: StatementChecker) -> tuple[Expr[Solaris] | None, Body]:
        """A clause's predicate and body. The body comes first, for a predicate may name a variable that its own clause
        makes; where the body names one that the predicate makes, it comes second (libdtrace dt_cook_clause)."""
        if node.predicate is None:
            return None, statements.body(node.body or ())
        try:
            body = statements.body(node.body or ())
        except DtransError as error:
            if error.diagnostic.tag not in _UNDEFINED:
                raise
            predicate = statements.predicate(node.predicate)
            return predicate, statements.body(node.body or ())
        return statements.predicate(node.predicate), body

    def _matched(
        self, description: ast.ProbeDescription, lost: list[tuple[str, str]]
    ) -> tuple[tuple[ProbeRef, ...], str]:
        """The probes that a description means; where there are none, why, as far as that is known of what it names.

        Raises D_PDESC_ZERO for one that means nothing known, unless that is allowed (-Z); D_PDESC_INVAL, D_MACRO_UNDEF.
        """
        found = self.universe.match(description)
        missing = self.universe.unavailable(description)
        lost += [(str(probe), _reason(self.universe, probe)) for probe in missing]
        if "$target" in description.provider and not self.macros.target:
            hint = "use -c COMMAND or -p PID"
            raise fail("D_MACRO_UNDEF", "macro variable $target is not defined", description.span, hint=hint)
        if not found and description.id is not None:
            message = f"invalid probe identifier {description.id}: Unknown probe identifier"
            raise fail(
                "D_PDESC_INVAL", message, description.span, hint="'dtrace -l' lists the probes with their numbers"
            )
        if found or self._may_miss:
            return found, ""
        if missing:
            return (), _reason(self.universe, missing[0])
        reason = self._untraced(description)
        if reason:
            lost.append((_shown(description), reason))
            return (), reason
        raise fail(
            "D_PDESC_ZERO",
            f"probe description {_shown(description)} does not match any probes",
            description.span,
            hint=self._hint(description),
        )

    def _not_served(self, description: ast.ProbeDescription, reason: str) -> DtransError:
        """The refusal of a clause that nothing can fire."""
        missing = self.universe.unavailable(description)
        hint = "-Z lets the rest of the script run"
        if not missing:
            hint = f"the providers sdt and rawtp have its tracepoints; {hint}"
        elif not _is_nowhere(missing[0]):
            hint = f"{_MODULE}{hint}"
        message = f"probe description {_shown(description)} is not served on this kernel: {reason}"
        return fail("D_PDESC_ZERO", message, description.span, hint=hint)

    def _untraced(self, description: ast.ProbeDescription) -> str:
        """Why a kernel that can trace no functions does not serve one; "" where nothing says that one is meant."""
        row = self.universe.knowledge.providers.get(description.provider)
        name = description.function
        known = not name or is_glob(name) or self.universe.facts.function(name) is not None
        meant = row.family == "functions" if row else not description.provider and known and bool(name)
        if not meant or self.universe.functions.names or (row is None and description.name not in (ENTRY, RETURN)):
            return ""
        return f"it can {_NO_FUNCTIONS}" if known else f"it has no function {name}, and can {_NO_FUNCTIONS}"

    def _expanded(self, written: ast.ProbeDescription) -> ast.ProbeDescription:
        def put(text: str) -> str:
            return _MACRO.sub(lambda found: self._macro_text(found[1], written), text)

        return replace(
            written,
            provider=put(written.provider),
            module=put(written.module),
            function=put(written.function),
            name=put(written.name),
        )

    def _macro_text(self, name: str, written: ast.ProbeDescription) -> str:
        if name in ("target", "pid"):
            return f"${name}"
        return self.macros.text(name, written.span)

    def _hint(self, description: ast.ProbeDescription) -> str:
        from dtrans.knowledge.lookup import nearest

        providers = self.universe.knowledge.providers
        for provider in providers.values():
            for row in provider.probes if pattern(description.provider)(provider.name) else ():
                if parameter_hint(row, description):
                    return parameter_hint(row, description)
        first = description.module or description.function
        if not description.provider and first in providers:
            # Parts that are left out are those on the left.
            rest = description.function if description.module else ""
            written = replace(description, provider=first, module=rest, function="")
            if self.universe.match(written):
                return f"a description is provider:module:function:name; did you mean {_shown(written)}?"
        of_process = process_hint(providers, description.provider)
        if of_process:
            return of_process
        known = providers.get(description.provider)
        if known is not None and known.family == "rows" and known.reason:
            return known.reason
        if known is not None and known.family == "functions":
            return self.universe.functions.hint(description.function)
        events = [row.name.split("-{")[0] for row in known.probes if "{mode}" in row.name] if known else []
        if events:
            close = nearest(description.name.replace("_", "-").rsplit("-", 2)[0], events)
            return f"did you mean {' or '.join(f'{event}-all-COUNT' for event in close)}?" if close else ""
        if description.provider and not any(self.universe.match(replace(description, module="", function="", name=""))):
            meant = [
                f"{name}$target" if providers[name].family in USER_FAMILIES else name
                for name in nearest(description.provider, providers)
            ]
            return (
                f"there is no provider '{description.provider}'; did you mean {' or '.join(meant)}?"
                if meant
                else f"there is no provider '{description.provider}': 'dtrans list' shows what there is"
            )
        part = description.function or description.name
        choices = {probe.function if description.function else probe.name for probe in self.universe.probes}
        close = nearest(part, sorted(choices))
        return f"did you mean {' or '.join(close)}?" if close else "'dtrans list' shows what there is"

    def _check_unused_macros(self, programs: Sequence[ast.Program]) -> None:
        unused = None if self.options.flag("argref") else self.macros.unused()
        if unused is not None:
            number, text = unused
            # Nothing asks for it: the place is where the program begins, behind what the preprocessor wrote.
            items = programs[-1].items if programs else ()
            place = replace(items[0].span, end=items[0].span.start) if items else None
            raise fail(
                "D_MACRO_UNUSED",
                f"extraneous argument '{text}' (${number} is not referenced)",
                place,
                hint="a script beside other programs is given with -s; the option argref permits unused words",
            )


def program_options(programs: Sequence[ast.Program], given: Mapping[str, str]) -> Options:
    """The options of a run: the programs' pragmas, then those given outside, which win."""
    options: dict[str, str] = {}
    places: dict[str, Span] = {}
    for pragma in _pragmas(programs):
        for word in pragma.words:
            name, _, value = word.partition("=")
            places[name] = pragma.span
            options[name] = _checked_option(name, value or None, pragma.span)
            if OPTIONS[name].outside:
                raise fail("D_PRAGMA_OPTSET", f"option '{name}' is given on the command line only", pragma.span)
    for name, value in given.items():
        options[name] = _checked_option(name, value)
    made = Options(options)
    for name, size in made.lowered().items() if made.text("bufresize") == "manual" else ():
        told = f"could not enable tracing: Not enough space: {name} is {size} bytes at most"
        raise fail("D_PRAGMA_OPTSET", told, places.get("bufresize"))
    return made


def _is_valid(kind: str, text: str) -> bool:
    """Whether a text is what ``#pragma D attributes`` or ``binding`` gives a name: attributes, or a version."""
    if kind == "binding":
        return _VERSION.fullmatch(text) is not None
    try:
        Attributes.parse(text)
    except ValueError:
        return False
    return True


def _checked_option(name: str, value: str | None, span: Span | None = None) -> str:
    """The value of an option; that of amin must be stability attributes."""
    checked = check_option(name, value, span)
    if name == "amin" and not _is_valid("attributes", checked):
        raise fail("D_PRAGMA_OPTSET", "option 'amin' takes attributes such as Evolving/Evolving/Common", span)
    return checked


def _pragmas(programs: Sequence[ast.Program]) -> Iterator[ast.Pragma]:
    for program in programs:
        for item in program.items:
            if isinstance(item, ast.Pragma) and item.kind == "option":
                yield item


def _is_nowhere(probe: ProbeRef) -> bool:
    """Whether no kernel of Linux has a probe."""
    match probe.served:
        case RowProbe(_, row):
            return row.note.fidelity == "none"
    return isinstance(probe.served, CallProbe)


def _reason(universe: Universe, probe: ProbeRef) -> str:
    match probe.served:
        case RowProbe(_, row) if row.note.fidelity == "none":
            return row.note.differs
        case CallProbe(call, _, _) if call is not None:
            return call.note.differs
        case RowProbe(_, row) if row.sources:
            wanted = dict.fromkeys(map(_in_words, universe.first_missing(row)))
            return f"this kernel, or the machine, has no {' and no '.join(wanted)}"
    return "this kernel has no source for it"


def _in_words(need: str) -> str:
    """``feature:hardware_counters`` as ``hardware counters``, ``rawtp:NAME`` as it stands."""
    kind, _, name = need.partition(":")
    return name.replace("_", " ") if kind == "feature" else need


def _shown(description: ast.ProbeDescription) -> str:
    return f"{description.provider}:{description.module}:{description.function}:{description.name}"
