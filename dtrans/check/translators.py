"""Translators and inlines that a script defines: their definitions checked, their uses expanded.

Before: ``translator struct out <struct in *p> { a = p->x; }  ... xlate <struct out *>(this->q)->a``
After: ``Load(Read(q) + Offset("struct in", "x"))``, as if the member's expression stood there.
"""

from __future__ import annotations

from dtrans.check.definitions import Definitions, OwnTranslator
from dtrans.check.memory import bit_field, find_member, offset_by, variable_value
from dtrans.check.tree import (
    Assign,
    Comma,
    Const,
    Expr,
    Load,
    Place,
    Read,
    Solaris,
    Store,
    Text,
    Translate,
    TranslatedMember,
    Variable,
)
from dtrans.errors import DtransError, fail
from dtrans.knowledge.inlines import STANDARD
from dtrans.knowledge.rows import StructureRow
from dtrans.source import NOWHERE, Span
from dtrans.syntax import ast
from dtrans.types import LONG, ULONG, Array, EnumRef, Int, Pointer, StringType, StructRef, Type
from dtrans.values import replace

#: Inlines that one inline may stand for, those within them included: each doubles what it names twice.
_MOST_EXPANDED = 4096


def not_to_be_had(structure: StructureRow, name: str, why: str) -> str:
    """What is said of a member that nothing on this kernel is."""
    return f"{structure.name}.{name} is not to be had on this kernel: {why}"


def define_translator(names: Definitions, node: ast.Translator) -> OwnTranslator:
    """Checks a definition. Raises D_XLATE_SOU, D_XLATE_REDECL, D_XLATE_MEMB, D_XLATE_INCOMPAT."""
    target, origin = names.types.resolve(node.output), names.types.resolve(node.input)
    if not isinstance(target, StructRef):
        raise fail("D_XLATE_SOU", f"a translator makes a structure or union, not '{target}'", node.output.span)
    if target.origin != "translated" and not names.types.is_complete(target):
        raise fail(
            "D_XLATE_SOU",
            f"{target} is only named: its members are not known",
            node.output.span,
            hint=names.types.why_absent(str(target)),
        )
    if any(known.target == target and known.origin == origin for known in names.translators):
        raise fail("D_XLATE_REDECL", f"a translator from '{origin}' to '{target}' is there already", node.span)
    made = OwnTranslator(target, origin, node.param, dict(node.members))
    given: Expr[Solaris] = variable_value(Variable("this", node.param, origin), ())
    for name, written in node.members:
        kind = _member_type(names, target, name, written.span)
        value = names.with_bound({node.param: given}, written)
        try:
            _converted(names, value, kind, written.span)
        except DtransError as error:
            raise fail("D_XLATE_INCOMPAT", f"member '{name}': {error.diagnostic.message}", written.span) from None
    return made


def _converted(names: Definitions, value: Expr[Solaris], kind: Type, span: Span) -> Expr[Solaris]:
    """A member's value, of the member's type; a structure is one as it stands somewhere."""
    if isinstance(kind, StructRef) and isinstance(value, Load) and value.type == kind:
        return value
    return names.checker.converted(value, kind, span)


def _member_type(names: Definitions, target: StructRef, name: str, span: Span) -> Type:
    try:
        if target.origin == "translated":
            return names.structure_member(target, name, span)
        return find_member(names.checker, target, name, span)[1].type
    except DtransError as error:
        raise fail("D_XLATE_MEMB", error.diagnostic.message, span, hint=error.diagnostic.hint) from None


def own_translator(names: Definitions, target: StructRef, operand: Expr[Solaris]) -> OwnTranslator | None:
    """The script's translator to a structure from a value: that for its very type, or one that the value fits."""
    known = [one for one in names.translators if one.target == target]
    for one in known:
        if one.origin == operand.type:
            return one
    for one in known:
        try:
            names.checker.converted(operand, one.origin, NOWHERE)
        except DtransError:
            continue
        return one
    return None


def own_member(names: Definitions, base: Translate, translator: OwnTranslator, node: ast.Member) -> Expr[Solaris]:
    """A member that the script's translator makes, of the type that the structure gives it."""
    kind = _member_type(names, translator.target, node.name, node.span)
    written = translator.members.get(node.name)
    if written is None:
        raise fail(
            "D_XLATE_NOCONV", f"the translator of {translator.target} does not make its member '{node.name}'", node.span
        )
    given, kept = base.operand, None
    if isinstance(given.type, Int) and not isinstance(given, Const | Read) and not isinstance(kind, StructRef | Array):
        given, kept = _once(names, translator.param, given, given.type)
    value = names.with_bound({translator.param: given}, written)
    value = _converted(names, value, kind, node.span)
    return value if kept is None else Comma(kept, value)


def copy_translated(
    names: Definitions, address: Expr[Solaris], translator: OwnTranslator, operand: Expr[Solaris]
) -> Expr[Solaris]:
    """``structure = xlate <structure>(operand)``: all of it is made elsewhere and then copied, so that it may read the
    structure that is assigned to (libdtrace dt_cg.c, dt_cg_asgn_op)."""
    made, whole = made_whole(names, translator, operand)
    return Comma(made, Store(address, translator.target, "", whole, old=False))


def made_whole(
    names: Definitions, translator: OwnTranslator, operand: Expr[Solaris]
) -> tuple[Expr[Solaris], Load[Solaris]]:
    """All that a translator makes: what makes it, in a hidden variable, and the structure there. Members that the
    translator does not make are 0."""
    kind = translator.target
    start: Expr[Solaris] = Place(Read(names.hidden("xlate", kind), ()), Pointer(kind, "own"))
    made: Expr[Solaris] = Store(start, kind, "", Const(0, LONG), old=False)
    for name, written in translator.members.items():
        _, member = find_member(names.checker, kind, name, written.span)
        value = names.with_bound({translator.param: operand}, written)
        value = _converted(names, value, member.type, written.span)
        offset, bits = bit_field(member) if member.bit_size else (member.bit_offset // 8, None)
        place: Expr[Solaris] = offset_by(start, Const(offset, ULONG))
        made = Comma(made, Store(place, member.type, "", value, old=False, bits=bits))
    return made, Load(start, kind, "own")


def made_by_rows(
    names: Definitions, value: Expr[Solaris], kind: StructRef, span: Span
) -> tuple[Expr[Solaris], Load[Solaris]]:
    """The same of a structure of `translators/`: all of its members that Linux has, but those that are made of members
    themselves."""
    rows = names.types.knowledge.structures[kind.tag].members
    kinds: dict[str, Type] = {}
    for name, row in rows.items():
        member = names.structure_member(kind, name, span)
        match member:
            case _ if row.note.fidelity == "none":
                continue
            case Int(_, size, signed):
                kinds[name] = Int(row.type, size, signed)
            case StringType():
                kinds[name] = StringType(names.types.strsize)
            case Pointer(StructRef(origin="translated")):
                continue
            case Pointer() | EnumRef():
                kinds[name] = member
    ref = names.types.laid_out(kind.called or kind.tag, kinds)
    start: Expr[Solaris] = Place(Read(names.hidden("whole", ref), ()), Pointer(ref, "own"))
    made: Expr[Solaris] = Store(start, ref, "", Const(0, LONG), old=False)
    for found in names.types.struct(ref).members:
        one = TranslatedMember(value, found.name, names.structure_member(kind, found.name, span), span)
        stored = names.checker.converted(one, found.type, span)
        place: Expr[Solaris] = offset_by(start, Const(found.bit_offset // 8, ULONG))
        made = Comma(made, Store(place, found.type, "", stored, old=False))
    return made, Load(start, ref, "own")


# --- inlines ----------------------------------------------------------------------------------------------


def define_inline(names: Definitions, inline: ast.Inline) -> None:
    """Checks an inline's value where it is defined."""
    given: dict[str, Expr[Solaris]] = {
        name: variable_value(Variable("this", f"{inline.name}.{name}", _parameter(names, kind)), ())
        for name, kind in inline.params or ()
    }
    value = _value(names, inline, given, inline.span)
    if inline.params is None and isinstance(value, Const | Text):
        names.constants[inline.name] = value


def expand_inline(names: Definitions, inline: ast.Inline, node: ast.Name | ast.Index) -> Expr[Solaris]:
    """An inline's value in place of its name. An argument that is no plain value is calculated once, into a hidden
    clause-local variable."""
    written = node.keys if isinstance(node, ast.Index) else None
    if (written is None) != (inline.params is None):
        raise fail(
            "D_IDENT_BADREF",
            f"inline '{inline.name}' {'takes no arguments' if inline.params is None else 'needs its arguments in [ ]'}",
            node.span,
        )
    if inline.name in names.constants:
        return names.constants[inline.name]
    params = inline.params or ()
    if len(written or ()) != len(params):
        raise fail("D_PROTO_LEN", f"inline '{inline.name}' takes {len(params)} arguments", node.span)
    bound: dict[str, Expr[Solaris]] = {}
    kept: list[Expr[Solaris]] = []
    if inline.span.source.name.startswith(STANDARD):
        inline = replace(inline, value=ast.placed(inline.value, node.span))
    for (name, kind), arg in zip(params, written or (), strict=True):
        value = names.checker.check(arg)
        to = _parameter(names, kind)
        try:
            value = names.checker.converted(names.checker.decayed(value), to, arg.span)
        except DtransError as error:
            raise fail("D_PROTO_ARG", f"inline '{inline.name}': {error.diagnostic.message}", arg.span) from None
        if isinstance(value, Const | Text | Translate) or isinstance(value.type, StructRef | Array):
            bound[name] = value
        else:
            bound[name], keeping = _once(names, f"{inline.name}.{name}", value, to)
            kept.append(keeping)
    result = _value(names, inline, bound, node.span)
    for one in reversed(kept):
        result = Comma(one, result)
    return result


def _parameter(names: Definitions, written: ast.TypeExpr) -> Type:
    """The type of a parameter: an array is a pointer to its elements, as in C."""
    kind = names.types.resolve(written)
    return Pointer(kind.of) if isinstance(kind, Array) else kind


def _once(names: Definitions, name: str, value: Expr[Solaris], kind: Type) -> tuple[Expr[Solaris], Expr[Solaris]]:
    """A value that is calculated once, however often it is read: what reads it, and what comes before."""
    variable = names.hidden(name, kind)
    return Read(variable, ()), Assign(variable, (), "", value, old=False)


def _value(names: Definitions, inline: ast.Inline, bound: dict[str, Expr[Solaris]], span: Span) -> Expr[Solaris]:
    if inline.name in names.expanding:
        raise fail("D_IDENT_UNDEF", f"inline '{inline.name}' is defined by itself", span)
    names.expanded = names.expanded + 1 if names.expanding else 0
    if names.expanded > _MOST_EXPANDED:
        outer = names.inlines[names.expanding[0]]
        raise fail("D_NOREG", f"inline '{outer.name}' stands for more than {_MOST_EXPANDED} others", outer.span)
    names.expanding.append(inline.name)
    try:
        value = names.with_bound(bound, inline.value)
        to = names.types.resolve(inline.type)
        if isinstance(to, StructRef) and isinstance(value, Load) and value.type == to:
            return value
        if isinstance(value, Translate) and _translates_to(value.type, to):
            return value
        return names.checker.converted(value, to, inline.value.span)
    finally:
        names.expanding.pop()


def _translates_to(kind: Type, to: Type) -> bool:
    return kind == to or (isinstance(kind, Pointer) and kind.to == to)
