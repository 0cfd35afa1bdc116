"""What names mean in a script: variables, built-ins, inlines, macros, translators.

Before: ``curpsinfo->pr_psargs``, ``$1``  After: ``TranslatedMember(Builtin("curpsinfo"), "pr_psargs")``, ``Const(...)``
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from string import digits
from typing import Literal

from dtrans.check.checker import Checker, undefined
from dtrans.check.conversions import is_scalar, too_wide
from dtrans.check.definitions import Definitions
from dtrans.check.expressions import Expressions
from dtrans.check.macros import Macros
from dtrans.check.memory import in_space
from dtrans.check.processes import UserProbe
from dtrans.check.providers import constant_index, declared_argument, define_provider
from dtrans.check.subroutines import REFUSED, check_count, is_function
from dtrans.check.translators import (
    copy_translated,
    define_inline,
    define_translator,
    expand_inline,
    made_by_rows,
    made_whole,
    not_to_be_had,
    own_member,
    own_translator,
)
from dtrans.check.tree import (
    Arg,
    Args,
    Builtin,
    Call,
    Cast,
    Const,
    Expr,
    IndexedBuiltin,
    Late,
    Load,
    Read,
    Scope,
    Solaris,
    Text,
    Translate,
    TranslatedMember,
    Variable,
)
from dtrans.check.universe import ProbeRef
from dtrans.errors import DtransError, fail
from dtrans.knowledge.lookup import nearest
from dtrans.numerals import numeral
from dtrans.source import Span
from dtrans.syntax import ast
from dtrans.syntax.constants import unescape
from dtrans.types import INT, INT64, Array, Function, Pointer, StringType, StructRef, Type, Void

_ARG = re.compile(r"arg([0-9])")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"([-+]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)([uU]?[lL]{0,2}|[lL]{1,2}[uU])")
#: A macro whose value only the start of tracing gives.
_LATE_MACROS = ("target", "pid")
#: Bytes that a variable may have.
MOST_BYTES = 8192


@dataclass(frozen=True)
class ClauseContext:
    """The probes of the clause being checked."""

    probes: tuple[ProbeRef, ...] = ()
    args_of: Callable[[Sequence[ProbeRef]], tuple[str | Type | None, ...]] = lambda _: ()
    descriptions: tuple[ast.ProbeDescription, ...] = ()

    @property
    def named(self) -> set[tuple[str, str]]:
        """Providers, without the process id at their end, and names of the probes; where there are none (-Z), of
        their descriptions."""
        named = self.probes or self.descriptions
        return {(one.provider.replace("$target", "").rstrip(digits + "*"), one.name) for one in named}

    @cached_property
    def args(self) -> tuple[str | Type | None, ...]:
        """The types of args[]; None for one that not all the probes have, or not of the same type. Asked only where a
        clause uses them: a description can match a hundred thousand probes."""
        return self.args_of(self.probes)


@dataclass(kw_only=True)
class ScriptNames(Definitions):
    """`Names` of a D program; the clause changes, the rest grows as declarations and assignments are read."""

    macros: Macros
    clause: ClauseContext = field(default_factory=ClauseContext)
    #: The global variable that the assignment being checked would make.
    assigning: str = ""
    #: The numbers of the aggregations that the text has had so far.
    aggregations: dict[str, int] = field(default_factory=dict)
    #: The built-in variables that are read elsewhere than where they are to be had, and where that is.
    kept: dict[str, str] = field(default_factory=dict)
    #: The names that ``#pragma D attributes`` and ``binding`` are about, and where.
    pragmas: dict[str, Span] = field(default_factory=dict)
    program: int = 0  #: The number of the program at hand: each has clause-local variables of its own.

    @cached_property
    def checker(self) -> Checker[Solaris]:
        return Expressions(self.types, self)

    # --- Names ----------------------------------------------------------------------------------------

    def name(self, node: ast.Name) -> Expr[Solaris] | None:
        if node.name in self.bound:
            return self.bound[node.name]
        if node.name in self.inlines:
            return expand_inline(self, self.inlines[node.name], node)
        matched = _ARG.fullmatch(node.name)
        if matched:
            return Arg(int(matched[1]), INT64, node.span)
        row = self.types.knowledge.builtins.get(node.name)
        if row is not None:
            if not row.current and not row.thread:
                raise fail("D_VAR_UNSUP", f"{node.name} has no meaning on Linux: {row.note.differs}", node.span)
            kind = self._dynamic(self.row_type(row.type), "inline")
            if row.kept and not self._is_at(row.kept):
                return Read(self.kept_variable(node.name, row.kept, kind), ())
            return Builtin(node.name, kind, node.span)
        constant = self.types.knowledge.constants.get(node.name)
        if constant is not None:
            return Const(constant.value, INT)
        if node.name == "args":
            raise fail("D_IDENT_BADREF", "args[ ] needs an index, as in args[0]", node.span)
        self._undefined(node)
        return None

    def _is_at(self, description: str) -> bool:
        """Whether all the clause's probes are among those of a description."""
        provider, _, _, name = description.split(":")
        return bool(self.clause.probes) and all((at.provider, at.name) == (provider, name) for at in self.clause.probes)

    def kept_variable(self, name: str, description: str, kind: Type) -> Variable:
        """The variable of each thread that holds what a built-in variable was at the last probe of a description."""
        self.kept[name] = description
        return self.variables.setdefault(("self", f"{name}.kept"), Variable("self", f"{name}.kept", kind))

    def _undefined(self, node: ast.Name) -> None:
        """Raises D_IDENT_UNDEF with near spellings, unless the kernel or the program knows the name otherwise."""
        if (
            node.name == "NULL"
            or node.name in self.types.enumerators
            or self.types.facts.enumerator(node.name) is not None
        ):
            return
        if node.name == self.assigning:
            raise undefined(node)
        if self._is_function(node.name):
            raise fail("D_IDENT_BADREF", f"function '{node.name}' may not be referenced as a variable", node.span)
        known = [
            *self.types.knowledge.builtins,
            *self.inlines,
            *(name for scope, name in self.variables if scope == "global"),
        ]
        close = nearest(node.name, known)
        raise fail(
            "D_IDENT_UNDEF",
            f"failed to resolve {node.name}: unknown variable name",
            node.span,
            hint=f"did you mean {' or '.join(close)}?"
            if close
            else "a variable is assigned, or declared, above the place that reads it",
        )

    def _is_known(self, name: str) -> bool:
        """Whether a name of the global scope means something."""
        knowledge, types = self.types.knowledge, self.types
        return (
            name in self.bound
            or name in self.inlines
            or ("global", name) in self.variables
            or name == "NULL"
            or self._is_builtin(name)
            or self._is_function(name)
            or name in knowledge.constants
            or name in types.enumerators
            or types.facts.enumerator(name) is not None
        )

    def macro(self, node: ast.Macro) -> Expr[Solaris]:
        """``$1``: a number, a name, or else a string (libdtrace dt_lex.l); ``$$1``: a string."""
        if node.name in _LATE_MACROS:
            return self._late(node)
        text = self.macros.text(node.name, node.span, quoted=node.quoted)
        if node.quoted:
            return _as_text(text)
        if _WORD.fullmatch(text):
            return self.checker.check(ast.Name(text, node.span))
        number = _NUMBER.fullmatch(text)
        if number is None:
            quoted = len(text) > 1 and text[0] == text[-1] == '"'
            return _as_text(text[1:-1] if quoted else text)
        sign, digits_, suffix = number.groups()
        octal = digits_.startswith("0") and digits_[1:].isdecimal()
        value = numeral(digits_[2:], 16) if digits_[1:2] in ("x", "X") else numeral(digits_, 8 if octal else 10)
        if value >= 1 << 64:
            raise fail("D_MACRO_OFLOW", f"macro argument ${node.name} is {text}, which 64 bits do not hold", node.span)
        written = ast.Integer(value, suffix.lower(), digits_.isdecimal() and not octal, node.span)
        return self.checker.check(ast.Unary("-", written, node.span) if sign == "-" else written)

    def _late(self, node: ast.Macro) -> Expr[Solaris]:
        """``$target`` and ``$pid``, as numbers or, with ``$$``, as text."""
        value: Expr[Solaris] = Late("target" if node.name == "target" else "pid", INT)
        if node.name == "target" and not self.macros.target:
            value = Const(0, INT)  # as in libdtrace: scripts compare it with pid whether or not there is a target
        return Call("lltostr", (value,), StringType(24), node.span) if node.quoted else value

    def symbol(self, node: ast.KernelSymbol) -> Expr[Solaris] | None:
        return self._variable_of_kernel(f"`{node.name}", node.span)

    def _variable_of_kernel(self, name: str, span: Span) -> Expr[Solaris] | None:
        row = self.types.knowledge.builtins.get(name)
        if row is None or self._is_indexed(name):
            return None
        if not row.current:
            raise fail("D_VAR_UNSUP", f"{name} has no meaning on Linux: {row.note.differs}", span)
        return Builtin(name, self._dynamic(self.row_type(row.type), "inline"), span)

    def _is_indexed(self, name: str) -> bool:
        row = self.types.knowledge.builtins[name]
        return re.search(r"\bindex\b", " ".join((*row.current, *row.thread))) is not None

    def index(self, node: ast.Index) -> Expr[Solaris] | None:
        match node.base:
            case ast.KernelSymbol(_, symbol, _):
                name = f"`{symbol}"
            case ast.Member(ast.KernelSymbol(_, symbol, _), member):
                name = f"`{symbol}.{member}"
            case ast.Name(name, _):
                pass
            case _:
                return None
        if name in self.inlines and name not in self.bound:
            return expand_inline(self, self.inlines[name], node)
        if name == "args":
            return self._args(node)
        row = self.types.knowledge.builtins.get(name)
        if row is None and isinstance(node.base, ast.Name) and not self._is_known(name):
            raise undefined(node.base)
        if row is None or len(node.keys) != 1 or not self._is_indexed(name):
            return None
        return IndexedBuiltin(name, self.checker.integer(node.keys[0]), self.row_type(row.type), node.span)

    def own_member(self, node: ast.Member) -> Expr[Solaris] | None:
        """A member of a variable of the kernel that has a row of its own: ```averunnable.fscale``."""
        match node.base:
            case ast.KernelSymbol(_, symbol, _):
                return self._variable_of_kernel(f"`{symbol}.{node.name}", node.span)
        return None

    def translated_member(self, base: Expr[Solaris], node: ast.Member) -> Expr[Solaris] | None:
        ref = base.type.to if isinstance(base.type, Pointer) else base.type
        if not isinstance(ref, StructRef):
            self._check_there(base)
            return None
        if isinstance(base, Translate):
            own = own_translator(self, ref, base.operand)
            if own is not None:
                self._check_operator(base, node)
                return own_member(self, base, own, node)
        extension = self.types.extension(ref, node.name)
        if extension is not None and isinstance(base.type, Pointer) and not self._is_own(ref, node):
            base, ref = Cast(base, Pointer(extension)), extension
        if ref.origin != "translated":
            return None
        self._check_operator(base, node)
        return TranslatedMember(base, node.name, self.structure_member(ref, node.name, node.span), node.span)

    def _check_there(self, base: Expr[Solaris]) -> None:
        """A structure that Linux has not at all is refused for that when a member of it is named."""
        kind = base.base.type if isinstance(base, TranslatedMember) else None
        ref = kind.to if isinstance(kind, Pointer) else kind
        if isinstance(base, TranslatedMember) and isinstance(ref, StructRef):
            structure = self.types.knowledge.structures[ref.tag]
            note = structure.members[base.name].note
            if note.fidelity == "none":
                raise fail("D_XLATE_MEMB", not_to_be_had(structure, base.name, note.differs), base.span)

    def _is_own(self, ref: StructRef, node: ast.Member) -> bool:
        if ref.origin == "translated":
            return node.name in self.types.knowledge.structures[ref.tag].members
        return self.types.find(ref, node.name, node.span) is not None

    def _check_operator(self, base: Expr[Solaris], node: ast.Member) -> None:
        """``->`` after a pointer, ``.`` after a structure, which an element of ``fds[]`` is. A member that is a
        structure on one system is a pointer to it on another."""
        if node.arrow and not isinstance(base.type, Pointer) and not isinstance(base, TranslatedMember):
            raise fail("D_OP_PTR", f"'->' needs a pointer to a structure, not '{base.type}'", node.span)
        if not node.arrow and isinstance(base.type, Pointer) and not isinstance(node.base, ast.Index):
            raise fail("D_OP_SOU", f"'.' needs a structure, not '{base.type}'", node.span)

    def translate(self, to: Type, operand: Expr[Solaris], span: Span) -> Expr[Solaris]:
        target = to.to if isinstance(to, Pointer) else to
        if not isinstance(target, StructRef):
            raise fail("D_XLATE_SOU", f"xlate makes structures, not '{to}'", span)
        if target.origin == "translated" or own_translator(self, target, operand) is not None:
            return Translate(operand, self._dynamic(to, "argument"), span)
        raise fail("D_XLATE_NONE", f"no translator makes {target} from '{operand.type}'", span)

    def translated_structure(
        self, address: Expr[Solaris], kind: StructRef, value: Expr[Solaris]
    ) -> Expr[Solaris] | None:
        own = own_translator(self, kind, value.operand) if isinstance(value, Translate) and value.type == kind else None
        return copy_translated(self, address, own, value.operand) if own and isinstance(value, Translate) else None

    def made_whole(self, value: Expr[Solaris], span: Span) -> tuple[Expr[Solaris], Load[Solaris]] | None:
        """What makes a structure by a translator, and the structure; None for a value that none makes."""
        kind = value.type
        if isinstance(value, IndexedBuiltin) and isinstance(kind, Pointer):
            kind = kind.to  # An element of fds[] is a structure.
        if not isinstance(kind, StructRef):
            return None
        own = own_translator(self, kind, value.operand) if isinstance(value, Translate) else None
        if own is not None and isinstance(value, Translate):
            return made_whole(self, own, value.operand)
        return made_by_rows(self, value, kind, span) if kind.origin == "translated" else None

    def call(self, node: ast.Call) -> Expr[Solaris] | None:
        """A subroutine that Linux has no use for may be asked of a structure that has it as a member:
        ``msgdsize(mp)``. One that reads something of the kernel is a row."""
        row = self.types.knowledge.builtins.get(f"{node.name}()")
        if row is not None:
            check_count(node, 1, 1)
            value = self.checker.check(node.args[0])
            if not is_scalar(value.type):
                told = f"{node.name}( ) argument #1 is incompatible with prototype: '{value.type}' is no number"
                raise fail("D_PROTO_ARG", told, node.args[0].span)
            kind = self._dynamic(self.row_type(row.type), "inline")
            return IndexedBuiltin(f"{node.name}()", value, kind, node.span)
        structures = self.types.knowledge.structures
        asked = node.name in REFUSED and any(node.name in row.members for row in structures.values())
        if not asked or len(node.args) != 1:
            return None
        value = self.checker.check(node.args[0])
        match value.type:
            case Pointer(StructRef(origin="translated", tag=tag) as ref) if node.name in structures[tag].members:
                kind = self.structure_member(ref, node.name, node.span)
                return TranslatedMember(value, node.name, kind, node.span)
        return None

    def word(self, name: str, span: Span) -> str:
        if not name.startswith("$"):
            return name
        text = self.macros.text(name[1:], span)
        if not _WORD.fullmatch(text):
            raise fail("D_SYNTAX", f"{name} is '{text}', and a name is needed here", span)
        return text

    def variable(self, node: ast.Name | ast.ScopedName) -> Variable | None:
        if isinstance(node, ast.Name) and node.name in self.bound:
            return None
        return self.variables.get(self._scoped(node))

    def aggregation(self, node: ast.Aggregation) -> None:
        if node.name not in self.aggregations:
            raise fail(
                "D_IDENT_UNDEF",
                f"failed to resolve @{node.name}: unknown aggregation",
                node.span,
                hint="it must be assigned above, in the text, what is done with it",
            )

    def assigned(self, node: ast.Name | ast.ScopedName, keys: tuple[Type, ...] | None, value: Type) -> Variable | None:
        scope, name = self._scoped(node)
        found = self.variables.get((scope, name))
        if found is not None:
            if (found.keys is None) != (keys is None):
                raise fail(
                    "D_IDENT_BADREF",
                    f"{name} is {'a scalar' if found.keys is None else 'an associative array'} elsewhere",
                    node.span,
                )
            return found
        if scope == "global":
            self._check_assignable(name, node.span)
        if isinstance(value, Void) or too_wide(value):
            raise fail("D_OP_INCOMPAT", f"a value of type '{value}' cannot be kept in a variable", node.span)
        if isinstance(value, StructRef) and value.origin == "translated":
            raise fail(
                "D_OP_DYN",
                f"a {value} is made member by member and cannot be kept in a variable",
                node.span,
                hint="keep the members that you need in variables instead",
            )
        if scope == "this" and keys is not None:
            raise fail("D_ARR_LOCAL", "clause-local variables cannot be associative arrays", node.span)
        self.check_storable(value, node.span)
        made = Variable(scope, name, value, keys)
        self.variables[scope, name] = made
        return made

    def leave_out(self, node: ast.Name | ast.ScopedName, keys: tuple[Type, ...] | None, kind: Type) -> None:
        """A variable that only clauses without probes make. It can have any type that fits no other use of the name."""
        try:
            self.assigned(node, keys, kind)
        except DtransError:
            return  # It is no variable that a clause could make.

    # --- declarations ---------------------------------------------------------------------------------

    def declare(self, declaration: ast.VariableDecl) -> None:
        """A variable or type declaration. Raises D_DECL_IDRED for one that contradicts an earlier one."""
        written, span = declaration.type, declaration.span
        if declaration.storage == "typedef":
            self.types.define(declaration.name, self.types.resolve(written), span)
            return
        if declaration.storage in ("static", "register", "auto") and not isinstance(written, ast.FunctionType):
            raise fail("D_DECL_BADCLASS", f"storage class '{declaration.storage}' has no meaning in D", span)
        keys: tuple[Type, ...] | None = None
        if isinstance(written, ast.AssociativeType):
            keys = tuple(self.types.resolve(key) for key in written.keys)
            written = written.of
        kind = self.types.resolve(written)
        if not declaration.name:
            return
        if declaration.storage == "extern" or isinstance(kind, Function):
            return  # It says what is elsewhere, and makes no variable (libdtrace dt_node_decl).
        scope: Scope = {"self": "self", "this": "this"}.get(declaration.storage, "global")  # type: ignore[assignment]
        if scope == "this" and keys is not None:
            raise fail("D_DECL_LOCASSC", "clause-local variables cannot be associative arrays", span)
        if isinstance(kind, Void):
            raise fail("D_DECL_VOIDOBJ", "a variable cannot be void", span)
        if too_wide(kind) or (isinstance(kind, StructRef) and kind.origin == "translated"):
            raise fail("D_DECL_DYNOBJ", f"a variable cannot hold a value of type '{kind}'", span)
        self.check_storable(kind, span)
        if scope == "global":
            self._check_free(declaration.name, span)
        made = Variable(scope, self._own(scope, declaration.name), kind, keys)
        if self.variables.setdefault((scope, made.name), made) != made:
            raise fail("D_DECL_IDRED", f"'{declaration.name}' is declared again with another type", span)

    def check_storable(self, kind: Type, span: Span) -> None:
        """Raises D_DECL_INCOMPLETE, D_DECL_ARRNULL or D_DECL_ARRBIG for a type that no variable can have."""
        if isinstance(kind, StructRef) and not self.types.is_complete(kind):
            raise fail("D_DECL_INCOMPLETE", f"{kind} is only named and has no members", span)
        if isinstance(kind, Array) and not kind.length:
            raise fail("D_DECL_ARRNULL", "an array needs its length, or the types of its keys", span)
        if isinstance(kind, StructRef | Array) and self.types.size(kind, span) > MOST_BYTES:
            raise fail("D_DECL_ARRBIG", f"a variable holds up to {MOST_BYTES} bytes, and '{kind}' has more", span)

    def declare_inline(self, inline: ast.Inline) -> None:
        """An ``inline`` definition; its value is checked where it is used, with the names known here."""
        if inline.name in self.inlines or ("global", inline.name) in self.variables:
            raise fail("D_DECL_IDRED", f"'{inline.name}' is defined twice", inline.span)
        self._check_free(inline.name, inline.span)
        self.inlines[inline.name] = inline
        define_inline(self, inline)

    def declare_translator(self, translator: ast.Translator) -> None:
        self.translators.append(define_translator(self, translator))

    def declare_provider(self, node: ast.Provider) -> None:
        known = self.types.knowledge.providers.get(node.name)
        if known is not None and known.family != "user-sites":
            raise fail(
                "D_PROV_INCOMPAT",
                f"provider {node.name} is there already, and its probes' arguments are known",
                node.span,
            )
        self.providers[node.name] = define_provider(self, node)

    # --- parts ----------------------------------------------------------------------------------------

    def _scoped(self, node: ast.Name | ast.ScopedName) -> tuple[Scope, str]:
        if isinstance(node, ast.Name):
            return "global", node.name
        return node.scope, self._own(node.scope, self.word(node.name, node.span))

    def _own(self, scope: Scope, name: str) -> str:
        return f"{name}.{self.program}" if scope == "this" and self.program else name

    def _args(self, node: ast.Index) -> Expr[Solaris]:
        if self.providers:
            declared = {self.providers.get(provider, {}).get(name) for provider, name in self.clause.named}
            if len(declared) == 1 and None not in declared:
                return declared_argument(self, next(filter(None, declared), ()), node)
        args = self.clause.args
        index = constant_index(self.checker, node)
        if not 0 <= index < len(args):
            count, differs = len(args), "" if args else self._what_differs()
            raise fail(
                "D_ARGS_NONE" if differs else "D_ARGS_IDX",
                f"index {index} is out of range: this probe has {count or 'no'} typed arguments",
                node.span,
                hint=differs,
            )
        kind = args[index]
        if kind is None:
            raise fail(
                "D_ARGS_MULTI",
                f"args[{index}] may not be referenced: not all the probes that the descriptions match have the same",
                node.span,
            )
        if isinstance(kind, str):
            kind = self._dynamic(self.row_type(kind), "argument")
        if any(isinstance(probe.served, UserProbe) for probe in self.clause.probes):
            kind = in_space(kind, "user")
        return Args(index, kind, node.span)

    def _what_differs(self) -> str:
        """What the tables say of the clause's first probe: often the reason why it has no arguments here."""
        return next((probe.note for probe in self.clause.probes if probe.note), "")

    def _dynamic(self, kind: Type, what: Literal["inline", "argument"]) -> Type:
        """The type of what a translator makes."""
        match kind:
            case Pointer(StructRef() as ref, space) if not self._is_of_kernel(ref):
                return Pointer(replace(ref, dynamic=what), space)
        return kind

    def _is_of_kernel(self, ref: StructRef) -> bool:
        return ref.origin == "kernel" or (
            ref.origin == "translated" and self.types.knowledge.structures[ref.tag].kernel
        )

    def _check_free(self, name: str, span: Span) -> None:
        if self._is_builtin(name) or self._is_function(name):
            raise fail("D_DECL_IDRED", f"'{name}' is built in", span)
        if name in self.inlines:
            raise fail("D_DECL_IDRED", f"'{name}' is an inline", span)

    def _check_assignable(self, name: str, span: Span) -> None:
        if self._is_builtin(name):
            raise fail("D_OP_WRITE", f"'{name}' is a built-in variable: only a program's own can be assigned", span)
        if self._is_function(name):
            raise fail("D_IDENT_BADREF", f"function '{name}' may not be referenced as a variable", span)
        if name in self.inlines:
            raise fail("D_OP_LVAL", f"'{name}' is an inline and cannot be assigned", span)

    def _is_function(self, name: str) -> bool:
        return is_function(name) or f"{name}()" in self.types.knowledge.builtins

    def _is_builtin(self, name: str) -> bool:
        return name in self.types.knowledge.builtins or _ARG.fullmatch(name) is not None or name == "args"


def _as_text(text: str) -> Text:
    """An argument as a string of D, its escapes resolved."""
    return Text(unescape(text))
