"""What a program has defined so far: its variables, inlines, translators and providers.

`dtrans.check.names` says what a name means among them; `translators` and `providers` check and use what they define.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from dtrans.check.checker import Checker
from dtrans.check.tree import Const, Expr, Scope, Solaris, Text, Variable
from dtrans.check.typenames import TypeNames
from dtrans.errors import fail
from dtrans.knowledge.lookup import nearest
from dtrans.source import Source, Span
from dtrans.syntax import ast, parse_type
from dtrans.types import StringType, StructRef, Type
from dtrans.values import replace


@dataclass(frozen=True)
class OwnTranslator:
    """A translator of the script: from a value of type `origin` to the structure `target`."""

    target: StructRef
    origin: Type
    param: str
    members: Mapping[str, ast.Expr]


@dataclass(frozen=True)
class DeclaredArg:
    """One of ``args[]``: its type, and the argument of the probe that it is made from, of type `origin`."""

    type: Type
    index: int
    origin: Type


Declared = Mapping[str, tuple[DeclaredArg, ...]]


@dataclass(kw_only=True)
class Definitions(ABC):
    """The variables, inlines, translators and providers of a program."""

    types: TypeNames
    variables: dict[tuple[Scope, str], Variable] = field(default_factory=dict)
    inlines: dict[str, ast.Inline] = field(default_factory=dict)
    translators: list[OwnTranslator] = field(default_factory=list)
    #: The providers that the program declares, by name.
    providers: dict[str, Declared] = field(default_factory=dict)
    #: The inlines that are being expanded, and how many the outermost one has had so far.
    expanding: list[str] = field(default_factory=list)
    expanded: int = 0
    #: Inlines without parameters that are constants.
    constants: dict[str, Const | Text] = field(default_factory=dict)
    #: What names stand for in the definition that is being expanded.
    bound: Mapping[str, Expr[Solaris]] = field(default_factory=dict)
    _hidden: int = 0

    @property
    @abstractmethod
    def checker(self) -> Checker[Solaris]:
        """Types expressions in which these names mean something."""

    @abstractmethod
    def translate(self, to: Type, operand: Expr[Solaris], span: Span) -> Expr[Solaris]:
        """``xlate <to>(operand)``. Raises D_XLATE_SOU and D_XLATE_NONE."""

    def with_bound(self, bound: Mapping[str, Expr[Solaris]], body: ast.Expr) -> Expr[Solaris]:
        """An expression in which some names stand for values, and those of where it is used mean nothing."""
        outer = self.bound
        self.bound = bound
        try:
            return self.checker.check(body)
        finally:
            self.bound = outer

    def hidden(self, name: str, kind: Type) -> Variable:
        """A new clause-local variable that no script can name."""
        self._hidden += 1
        return self.variables.setdefault(
            ("this", f"{name}.{self._hidden}"), Variable("this", f"{name}.{self._hidden}", kind)
        )

    def structure_member(self, ref: StructRef, name: str, span: Span) -> Type:
        """The type of a member of a structure of `translators/`. Raises D_TYPE_MEMBER."""
        structure = self.types.knowledge.structures[ref.tag]
        member = structure.members.get(name)
        if member is None:
            close = nearest(name, structure.members)
            raise fail(
                "D_TYPE_MEMBER",
                f"{structure.name} has no member '{name}'",
                span,
                hint=f"did you mean {' or '.join(close)}?" if close else "",
            )
        if member.type == "char *":
            return StringType(self.types.strsize, pointer=True)
        kind = self.row_type(member.type)
        # Which of them were char arrays on Solaris is not told.
        return replace(kind, array=True) if isinstance(kind, StringType) else kind

    def row_type(self, text: str) -> Type:
        """A type that a row of `translators/` names."""
        return self.types.of_rows.resolve(_parsed_type(text))


@cache
def _parsed_type(text: str) -> ast.TypeExpr:
    return parse_type(Source("<translators>", text))
