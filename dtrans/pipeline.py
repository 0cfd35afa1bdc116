"""All stages in order: D text to artifact. One page that names every pass.

pipeline = Pipeline(Request((Source("x.d", text),)), facts, knowledge)
pipeline.ast -> pipeline.typed -> pipeline.plan -> pipeline.artifact
"""

from __future__ import annotations

import pprint
from dataclasses import dataclass, replace
from functools import cached_property

from dtrans.artifact import Artifact
from dtrans.check.macros import Macros
from dtrans.check.program import ProgramChecker, TypedProgram, program_options
from dtrans.check.stability import Stability, check_minimum, described, program_stability
from dtrans.check.subroutines import stack_depths
from dtrans.check.typenames import TypeNames
from dtrans.check.universe import Universe
from dtrans.emit.program import emitted
from dtrans.errors import fail
from dtrans.facts import KernelFacts
from dtrans.knowledge.inlines import standard_inlines
from dtrans.knowledge.rows import Knowledge
from dtrans.knowledge.stability import Attributes
from dtrans.options import Options
from dtrans.plan.build import Planner
from dtrans.plan.plan import Plan
from dtrans.request import Request, own_macros
from dtrans.source import Source, Span
from dtrans.syntax import parse
from dtrans.syntax.ast import Expr, ProbeDescription, Program, VariableDecl


@dataclass(frozen=True)
class Explanation:
    """What one probe, member or built-in variable became."""

    subject: str
    became: str
    fidelity: str
    differs: str
    source_needs: tuple[str, ...] = ()
    span: Span | None = None


class Pipeline:
    """One program on its way. Each stage is made when it is first asked for, and raises DtransError."""

    def __init__(self, request: Request, facts: KernelFacts, knowledge: Knowledge) -> None:
        self.request = request
        self.facts = facts
        self.knowledge = knowledge
        self._types: set[str] = set()

    @cached_property
    def ast(self) -> tuple[Program, ...]:
        """Syntax trees, one for each source."""
        if not self.request.sources and not self.request.libraries:
            raise fail("D_EMPTY", "there is no program")
        _ = self.libraries
        return tuple(map(self._parsed, self.request.sources))

    @cached_property
    def libraries(self) -> tuple[Program, ...]:
        """The syntax trees of the D libraries, after those of the standard inlines that the program names."""
        texts = [source.text for source in (*self.request.libraries, *self.request.sources)]
        return tuple(map(self._parsed, (*standard_inlines(texts), *self.request.libraries)))

    def _parsed(self, source: Source) -> Program:
        """One tree. The types that it names are types in those that follow."""
        program = parse(source, self._is_type)
        self._types |= {
            item.name for item in program.items if isinstance(item, VariableDecl) and item.storage == "typedef"
        }
        return program

    @cached_property
    def options(self) -> Options:
        return program_options(self.ast, self.request.options)

    @cached_property
    def universe(self) -> Universe:
        """The kernel's probes, in the reading that the options ask for."""
        return Universe(self.facts, self.knowledge, solaris=self.options.text("compat") == "solaris")

    @cached_property
    def types(self) -> TypeNames:
        strsize, depths = self.options.size("strsize"), stack_depths(self.options)
        return TypeNames(self.facts, self.knowledge, strsize, _no_constant, depths)

    @cached_property
    def typed(self) -> TypedProgram:
        """Every name resolved and every expression typed."""
        request = self.request
        macros = Macros(
            request.script,
            request.args,
            own_macros() if request.macros is None else request.macros,
            request.target,
            self.options.flag("defaultargs"),
        )
        checker = ProgramChecker(self.universe, macros, self.options, self.types, request.zero_matches)
        typed = checker.check(self.ast, self.libraries)
        if self.options.text("amin"):
            self._insist_on(self.options.text("amin"))
        return typed

    def _insist_on(self, minimum: str) -> None:
        """Raises D_ATTR_MIN for what is less stable than the option amin asks for."""
        wanted = Attributes.parse(minimum)
        for program in self.ast:
            check_minimum(program, self.knowledge, self.types, wanted)

    @cached_property
    def plan(self) -> Plan:
        """Probes bound to Linux attach points."""
        return Planner(self.typed, self.universe).plan()

    @cached_property
    def artifact(self) -> Artifact:
        """C text and manifest."""
        made = emitted(self.plan, self.types)
        double = {name for name, row in self.knowledge.providers.items() if row.double_arrows}
        return replace(made, double_arrows=tuple(sorted(double & {probe.provider for probe in made.probes.values()})))

    def bpftrace(self, title: str) -> str:
        """The plan as a bpftrace script, of the program that is called `title`."""
        from dtrans.emit.bpftrace.script import bpftrace_text

        return bpftrace_text(self.plan, self.types, title)

    @property
    def c_text(self) -> str:
        return self.artifact.c_text

    @property
    def explanations(self) -> tuple[Explanation, ...]:
        """What each probe and member became, and what was lost."""
        made = tuple(Explanation(one.subject, one.became, one.fidelity, one.differs) for one in self.plan.became)
        lost = tuple(Explanation(subject, "", "none", reason) for subject, reason in self.plan.lost)
        return made + lost

    @cached_property
    def stability(self) -> tuple[Stability, ...]:
        """What ``-v`` reports of each source."""
        _ = self.typed
        return tuple(program_stability(program, self.knowledge, self.types) for program in self.ast)

    def described(self, written: ProbeDescription) -> tuple[Attributes, Attributes]:
        """The stability attributes of a probe description and of its arguments."""
        return described(written, self.knowledge)

    def dump(self, stage: str) -> str:
        """A stage as text: ast, typed, plan or c. Raises D_USAGE for another."""
        match stage:
            case "ast":
                from dtrans.syntax.printer import show

                return "\n".join(show(program) for program in self.ast)
            case "typed":
                return "\n".join(
                    pprint.pformat(
                        (clause.number, list(map(str, clause.probes)), clause.predicate, clause.body), width=120
                    )
                    for clause in self.typed.clauses
                )
            case "plan":
                return pprint.pformat((self.plan.points, self.plan.error), width=120)
            case "c":
                return self.c_text
        raise fail("D_USAGE", f"there is no stage '{stage}': there are ast, typed, plan and c")

    def _is_type(self, name: str) -> bool:
        """Whether a name is a type to the parser: asked before the program's options are known."""
        names = TypeNames(self.facts, self.knowledge, 256, _no_constant)
        return name in self._types or names.is_type(name)


def _no_constant(node: Expr) -> int:
    raise fail("D_SYNTAX", "an integer constant is expected here", node.span)
