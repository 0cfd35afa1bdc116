"""What the leaves of a clause become at one attach point: arguments, built-in variables, members of translated
structures.

Before: ``args[0]->b_bcount`` at ``rawtp:block_io_start``  After: the row's expression over the point's context
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from dtrans.check.conversions import is_string
from dtrans.check.subroutines import STATEMENT_ONLY
from dtrans.check.translators import not_to_be_had
from dtrans.check.tree import (
    Arg,
    Args,
    Builtin,
    Call,
    Cast,
    Cond,
    Const,
    Expr,
    IndexedBuiltin,
    Read,
    Rewriter,
    Solaris,
    StringOf,
    Text,
    Translate,
    TranslatedMember,
)
from dtrans.check.universe import ProbeRef, RowProbe
from dtrans.errors import DtransError, fail
from dtrans.knowledge.rows import Lets, Point
from dtrans.plan import calls
from dtrans.plan.functions import FunctionArguments
from dtrans.plan.leaves import Intrinsic, Lacking, Linux
from dtrans.plan.places import UserArguments
from dtrans.plan.rows import RowNames, translator_for
from dtrans.source import Span
from dtrans.types import INT, INT64, Pointer, StringType, StructRef, Type
from dtrans.values import replace

#: Told of what a name became: its subject, what serves it, how faithfully, what differs.
Tell = Callable[[str, str, str, str], None]
#: What D shows of a system call's result: -1 for a failure, whose errno is told apart (Guide, "syscall Provider").
_RESULT = "ctx->ret < 0 && ctx->ret >= -4095 ? -1 : ctx->ret"


class RowArguments:
    """``argN`` and ``args[N]`` at a row's point."""

    def __init__(self, names: RowNames, point: Point, ref: ProbeRef) -> None:
        self.names = names
        self.point = point
        self.ref = ref

    def arg(self, index: int, span: Span) -> Expr[Linux]:
        operands = self.point.arg or self.point.args
        if index >= len(operands):
            return self._beyond(index, span)
        if not operands[index]:
            return Lacking(fail("D_ARGS_NONE", f"{self.ref} has no arg{index} on Linux: {self.ref.note}", span))
        value = self._value(operands[index], f"arg{index}", span)
        if is_string(value.type):
            instead = f"args[{index}]" if index < len(self.point.args) else f"copyinstr(arg{index})"
            raise fail("D_ARGS_TYPE", f"arg{index} of {self.ref} is text: use {instead}", span)
        return Cast(value, INT64)

    def _beyond(self, index: int, span: Span) -> Expr[Linux]:
        """0, where the original has no such argument either (Guide, "Variables"): a function of Solaris has more than
        its row may tell of."""
        served = self.ref.served if isinstance(self.ref.served, RowProbe) else None
        row = served.row if served is not None and served.provider.family != "functions" else None
        whole = bool(self.point.arg or self.point.args) or (row is not None and row.note.fidelity == "exact")
        if row is not None and index >= len(row.args) and whole:
            return Const(0, INT64)
        return Lacking(fail("D_ARGS_NONE", f"{self.ref} has no arg{index} on Linux{_told(self.ref.note)}", span))

    def text(self, index: int, span: Span) -> Expr[Linux] | None:
        """An argument that is text, not the address of one in the process."""
        operands = self.point.arg or self.point.args
        value = self._value(operands[index], f"arg{index}", span) if index < len(operands) and operands[index] else None
        return value if value is not None and is_string(value.type) else None

    def operand(self, index: int, span: Span) -> Expr[Linux]:
        if index >= len(self.point.args):
            raise fail("D_ARGS_IDX", f"{self.ref} has no args[{index}] on this kernel", span)
        if not self.point.args[index]:
            raise fail("D_ARGS_NONE", f"{self.ref} has no args[{index}] on Linux: {self.ref.note}", span)
        return self._value(self.point.args[index], f"args[{index}]", span)

    def _value(self, text: str, what: str, span: Span) -> Expr[Linux]:
        made = self.names.evaluate((text,))
        if made is None:
            raise fail("D_ARGS_NONE", f"{what} of {self.ref} needs '{text}', which this kernel lacks", span)
        return made[0]


class CallArguments:
    """``argN`` and ``args[N]`` of system calls: `placed` at their entry, None at their return."""

    def __init__(self, placed: calls.Arguments | None, evaluate: calls.Evaluate) -> None:
        self.placed = placed
        self.evaluate = evaluate

    def arg(self, index: int, span: Span) -> Expr[Linux]:
        if self.placed is not None:
            if index > 5:
                return Const(0, INT64)  # It has 6 arguments at most, and what a probe does not have is 0.
            return self.placed.value(index)
        if index > 1:
            raise fail(
                "D_ARGS_NONE",
                f"a system call's return has no arg{index}: arg0 and arg1 are what it returns",
                span,
                hint="save the argument at entry, in a self-> variable",
            )
        return self.evaluate(_RESULT)

    operand = arg


def _told(reason: str) -> str:
    return f": {reason}" if reason else ""


Arguments = RowArguments | CallArguments | FunctionArguments | UserArguments


class Lowering:
    """Replaces a script's leaves at one attach point."""

    def __init__(self, tell: Tell, names: RowNames, arguments: Arguments) -> None:
        self._tell = tell
        self.names = names
        self.arguments = arguments
        self.types = names.types
        self.knowledge = names.types.knowledge
        self.rewriter = _Rewriter(self)

    def text_argument(self, value: Expr[Solaris]) -> Expr[Linux] | None:
        """An argument of a probe that is text here, where a program takes it for the address of one in a process."""
        while isinstance(value, Cast):
            value = value.operand
        if not isinstance(value, Arg) or not isinstance(self.arguments, RowArguments):
            return None
        return self.arguments.text(value.index, value.span)

    def leaf(self, leaf: Solaris) -> Expr[Linux]:
        """What a leaf becomes. Raises DtransError, at the leaf's place, when it cannot be had here."""
        match leaf:
            case Builtin(name, kind, span):
                return self._fitted(self._builtin(name, span), kind, span)
            case IndexedBuiltin(name, index, kind, span):
                return self._fitted(self._builtin(name, span, index=self.rewriter.expr(index)), kind, span)
            case Arg(index, _, span):
                return self.arguments.arg(index, span)
            case Args(index, kind, span):
                return self._fitted(self.arguments.operand(index, span), kind, span)
            case TranslatedMember(base, name, kind, span):
                return self._fitted(self._member(base, name, span), kind, span)
            case Translate(_, _, span):
                raise fail("D_OP_SOU", "what xlate makes is read member by member, with '->'", span)

    def _builtin(self, name: str, span: Span, **bound: Expr[Linux]) -> Expr[Linux]:
        row = self.knowledge.builtins[name]
        texts = row.thread if self.names.point.thread else row.current
        made = self._evaluated(texts, span, bound)
        if made is None:
            of_another = self.names.point.thread and row.current and not row.thread
            why = row.note.differs or ("the probe fires for a thread that does not run yet" if of_another else "")
            raise fail(
                "D_VAR_UNSUP", f"{name} is not to be had here: {why or 'this kernel lacks what it is made from'}", span
            )
        if row.note.fidelity != "exact":
            self._tell(name, made[1], row.note.fidelity, row.note.differs)
        return made[0]

    def _evaluated(
        self,
        texts: Sequence[str],
        span: Span,
        bound: Mapping[str, Expr[Linux]],
        let: Lets = MappingProxyType({}),
    ) -> tuple[Expr[Linux], str] | None:
        """A row's expressions; what is wrong with them is told where the script asks for them."""
        try:
            return self.names.evaluate(texts, let, **bound)
        except DtransError as error:
            found = error.diagnostic
            raise fail(found.tag, found.message, span, hint=found.hint) from None

    def _member(self, base: Expr[Solaris], name: str, span: Span) -> Expr[Linux]:
        """What a translator makes of a member, of the type that it has on Linux."""
        made_type = base.type.to if isinstance(base.type, Pointer) else base.type
        assert isinstance(made_type, StructRef)
        structure = self.knowledge.structures[made_type.tag]
        operand = self._operand(base, span)
        row = translator_for(structure.translators, self.types, operand.type)
        match operand.type:
            case Pointer(StructRef(origin="translated") as ref) if row is None:
                operand = self._at_home(operand, ref, span)  # a file_t * is a struct file *
                row = translator_for(structure.translators, self.types, operand.type)
        if row is None:
            raise fail("D_XLATE_NONE", f"nothing makes a {structure.name} from '{operand.type}' on Linux", span)
        texts = row.members.get(name, ())
        note = structure.members[name].note
        made = self._evaluated(texts, span, {row.param: operand}, row.let)
        if made is None:
            # What differs where it is to be had is no reason.
            why = note.differs if note.fidelity == "none" else "what fires this probe here does not tell it"
            raise fail("D_XLATE_MEMB", not_to_be_had(structure, name, why), span)
        self._tell(f"{structure.name}.{name}", made[1], note.fidelity, note.differs)
        return made[0]

    def _operand(self, base: Expr[Solaris], span: Span) -> Expr[Linux]:
        """The Linux value that a translated pointer stands for."""
        match base:
            case Args(index, _, _):
                return self.arguments.operand(index, span)
            case Builtin(name, _, _):
                return self._builtin(name, span)
            case IndexedBuiltin(name, index, _, _):
                return self._builtin(name, span, index=self.rewriter.expr(index))
            case Translate(operand, _, _):
                return self.rewriter.expr(operand)
            case TranslatedMember(inner, name, _, _):
                return self._member(inner, name, span)
            case Cast(inner, StructRef() as ref) | Cast(inner, Pointer(StructRef(origin="translated") as ref)):
                made = self._operand(inner, span) if isinstance(inner.type, Pointer) else self.rewriter.expr(inner)
                return self._at_home(self._uncast(made, ref), ref, span)
        made_type = base.type.to if isinstance(base.type, Pointer) else base.type
        value = self.rewriter.expr(base)
        if not isinstance(made_type, StructRef) or made_type.origin != "translated":
            return value
        if isinstance(base, Read) and (kept := self._kept_as(made_type, span)) is not None:
            return Cast(value, kept)
        return self._at_home(value, made_type, span)

    def _uncast(self, value: Expr[Linux], ref: StructRef) -> Expr[Linux]:
        """A pointer that a program casts to what it is elsewhere, as what it is here: of ``(struct bio *)args[0]`` the
        request."""
        translators = self.knowledge.structures[ref.tag].translators
        inner = value
        while isinstance(inner, Cast) and isinstance(inner.type, Pointer):
            inner = inner.operand
            if translator_for(translators, self.types, inner.type) is not None:
                return inner
        return value

    def _at_home(self, value: Expr[Linux], ref: StructRef, span: Span) -> Expr[Linux]:
        """A value that was kept, cast or calculated as a pointer to a translated structure: as Linux's own."""
        if translator_for(self.knowledge.structures[ref.tag].translators, self.types, value.type) is not None:
            return value
        home = self.types.home(ref)
        if home is None:
            raise fail(
                "D_XLATE_NONE",
                f"a {ref} is made from several structures of Linux: it is read from a built-in or an argument only",
                span,
                hint="keep the members that you need in variables instead",
            )
        return Cast(value, home)

    def _kept_as(self, ref: StructRef, span: Span) -> Type | None:
        """What a variable holds that points to a structure of several origins: what a built-in variable was, which is
        the same wherever this kernel makes it. Nothing else can be kept (`dtrans.check.assignment`)."""
        if self.types.home(ref) is not None:
            return None
        for row in self.knowledge.builtins.values():
            if row.type == f"{ref} *" and (made := self._evaluated(row.current, span, {})) is not None:
                return made[0].type
        return None

    def _fitted(self, value: Expr[Linux], kind: Type, span: Span) -> Expr[Linux]:
        """A row's value as the D type that the row promises."""
        checker = self.names.checker
        structure = kind
        while isinstance(structure, Pointer):
            structure = structure.to
        if isinstance(structure, StructRef) and structure.origin == "translated":
            return Cast(value, kind if isinstance(kind, Pointer) else Pointer(structure))
        if isinstance(kind, StringType):
            text = value if isinstance(value, Text) else checker.stringof(value, span)
            # A char * of Solaris is 0 where there is no text.
            return replace(text, type=kind) if kind.pointer and isinstance(text, Cond | Intrinsic) else text
        return checker.converted(checker.decayed(value), kind, span)


class _Rewriter(Rewriter[Solaris, Linux]):
    """With ``copyinstr(argN)`` and ``stringof(argN)`` of an argument that is text already as that text."""

    def __init__(self, lowering: Lowering) -> None:
        super().__init__(lowering.leaf)
        self._lowering = lowering

    def expr(self, expr: Expr[Solaris]) -> Expr[Linux]:
        match expr:
            case Call("copyinstr", (address, *size), kind, span):
                text = self._lowering.text_argument(address)
                if text is not None and size:
                    return Call("substr", (text, Const(0, INT), self.expr(size[0])), kind, span)
                if text is not None:
                    return text
            case StringOf(address):
                text = self._lowering.text_argument(address)
                if text is not None:
                    return text
            case Call(name, _, _, span) if name in STATEMENT_ONLY:
                raise fail("D_CG_EXPR", f"{name}() is an action: it stands as a statement, not in an expression", span)
        return super().expr(expr)
