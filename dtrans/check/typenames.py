"""Types by name: C's words, D's declarations, Solaris' typedefs, the kernel's BTF.

Before: ``NamedType(("unsigned", "long"))``, ``NamedType(("dev_t",))``  After: ``Int("unsigned long", 8, False)`` ...
A name is looked for in the program's own declarations, then in `translators/types.toml` and the translated
structures, then in the kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from dtrans.errors import DtransError, fail
from dtrans.facts import KernelFacts
from dtrans.knowledge.rows import Knowledge
from dtrans.source import NOWHERE, Source, Span
from dtrans.syntax import ast, parse_type
from dtrans.types import (
    Addresses,
    Array,
    EnumRef,
    Float,
    Function,
    Int,
    Pointer,
    StringType,
    Struct,
    StructMember,
    StructRef,
    Type,
    Void,
    align_up,
)
from dtrans.values import replace

ConstantOf = Callable[[ast.Expr], int]

_CHARS = {
    ("char",): ("char", 1, True),
    ("char", "signed"): ("signed char", 1, True),
    ("char", "unsigned"): ("unsigned char", 1, False),
}
#: What a program may write before a backquote for types of its own, and of C.
_OWN_SCOPES = frozenset(("", "C", "D"))
_SIGNS = {(), ("int",), ("signed",), ("unsigned",), ("int", "signed"), ("int", "unsigned")}
_WORDS = frozenset("void char short int long float double signed unsigned string".split())
_LENGTHS = {("short",): 2, (): 4, ("long",): 8, ("long", "long"): 8}


@dataclass
class TypeNames:
    """The types that a program can name. `strsize` bounds ``string``; `constant` evaluates array sizes and the like;
    `depths` tells how many frames stack() and its kin keep unless they say, and under "" how many they keep at most."""

    facts: KernelFacts
    knowledge: Knowledge
    strsize: int
    constant: ConstantOf
    depths: Mapping[str, int] = field(default_factory=dict)
    typedefs: dict[str, Type] = field(default_factory=dict)
    structs: dict[tuple[str, str], Struct] = field(default_factory=dict)
    enums: dict[str, EnumRef] = field(default_factory=dict)
    enumerators: dict[str, int] = field(default_factory=dict)
    enum_members: dict[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    _defined: set[str] = field(default_factory=set)
    _anonymous: int = 0
    _of_rows: TypeNames | None = field(default=None, repr=False)

    @property
    def of_rows(self) -> TypeNames:
        """The same without what the program declares: what `translators/` means by a name."""
        if self._of_rows is None:
            self._of_rows = TypeNames(self.facts, self.knowledge, self.strsize, self.constant, self.depths)
            self._of_rows._of_rows = self._of_rows
        return self._of_rows

    # --- resolving ------------------------------------------------------------------------------------

    def resolve(self, written: ast.TypeExpr) -> Type:
        """The type that a type expression stands for. Raises D_TYPE_ERR for an unknown name."""
        match written:
            case ast.NamedType(words, span):
                return self.named(words, span)
            case ast.TaggedType("enum", tag, body, span):
                return self._enum(tag, body, span)
            case ast.TaggedType(kind, tag, body, span):
                return self._struct(kind, tag, body, span)
            case ast.PointerType(to, _):
                return Pointer(self.resolve(to))
            case ast.ArrayType(of, size, _):
                return Array(self.resolve(of), 0 if size is None else self._length(size))
            case ast.FunctionType(returns, params, variadic, span):
                if any(isinstance(kind, ast.AssociativeType) for _, kind in params):
                    raise fail("D_DECL_PROTO_TYPE", "no parameter of a function is an associative array", span)
                return Function(
                    self.resolve(returns), tuple((name, self.resolve(kind)) for name, kind in params), variadic
                )
            case ast.AssociativeType(_, _, span):
                raise fail("D_TYPE_ERR", "an associative array cannot stand here", span)

    def _constant(self, node: ast.Expr, tag: str, what: str) -> int:
        """A number that a declaration needs as a constant. Raises DtransError with `tag`."""
        try:
            return self.constant(node)
        except DtransError as error:
            if error.diagnostic.tag != "D_SYNTAX":
                raise
            raise fail(tag, f"{what} must be an integer constant", node.span) from None

    def _length(self, node: ast.Expr) -> int:
        length = self._constant(node, "D_DECL_ARRSUB", "the length of an array")
        if length < 1:
            raise fail("D_DECL_ARRSUB", "the length of an array must be positive", node.span)
        return length

    def named(self, words: tuple[str, ...], span: Span = NOWHERE) -> Type:
        """A base type or typedef by its words."""
        basic = _basic(words)
        if basic is not None:
            return basic
        name = " ".join(words)
        for word, tag in (("char", "D_DECL_CHARATTR"), ("void", "D_DECL_VOIDATTR")):
            if word in words and set(words) & {"long", "short", "unsigned", "signed"}:
                raise fail(tag, f"'{name}': {word} cannot be this", span)
        if name == "string":
            return StringType(self.strsize)
        if _is_of_basic(words):
            raise fail("D_DECL_COMBO", f"invalid type combination: '{name}'", span)
        found = self.scoped(name) if len(words) == 1 else None
        if found is None:
            raise fail(
                "D_TYPE_ERR",
                f"'{name}' is no type of D, of this program or of this kernel",
                span,
                hint=self.why_absent(name) or self._nearest(name),
            )
        return found

    def scoped(self, name: str) -> Type | None:
        """What a type name stands for, of a module of the kernel (``vmlinux`pid_t``) or of ``C`` and ``D``."""
        scope, _, name = name.rpartition("`")
        if scope not in _OWN_SCOPES and name not in self.knowledge.types and name not in self.knowledge.structures:
            return self.facts.typedef(name)
        return _basic((name,)) or self.typedef(name)

    def typedef(self, name: str) -> Type | None:
        """What a type name stands for, or None."""
        if name in self.typedefs:
            return self.typedefs[name]
        if name in self.knowledge.structures:
            return StructRef("struct", name, "translated")
        if name in self.knowledge.types:
            written = parse_type(Source(name, self.knowledge.types[name]))
            self.typedefs[name] = _renamed(self.of_rows.resolve(written), name)
            return self.typedefs[name]
        known = self.facts.typedef(name)
        if known is not None:
            self.typedefs[name] = known
        return known

    def is_type(self, name: str) -> bool:
        """Whether a plain name is a type: the parser asks where D's grammar is ambiguous."""
        return name == "string" or self.scoped(name) is not None or name in self.knowledge.absent

    def why_absent(self, name: str) -> str:
        """Why Linux has no such type of Solaris', "" where nothing is known of it."""
        return self.knowledge.absent.get(name.rpartition("`")[2], "").removesuffix(".")

    def _nearest(self, name: str) -> str:
        from dtrans.knowledge.lookup import nearest

        close = nearest(name, [*self.typedefs, *self.knowledge.types, *self.knowledge.structures])
        return f"did you mean {' or '.join(close)}?" if close else ""

    # --- definitions ----------------------------------------------------------------------------------

    def _struct(
        self, kind: str, tag: str, body: tuple[ast.MemberDecl, ...] | tuple[ast.Enumerator, ...] | None, span: Span
    ) -> Type:
        assert kind in ("struct", "union")
        scope, _, tag = tag.rpartition("`")
        if body is None:
            if scope not in _OWN_SCOPES and self.facts.struct(kind, tag) is not None:
                return StructRef("struct" if kind == "struct" else "union", tag)
            if (kind, tag) in self.structs:
                return self.structs[kind, tag].ref
            renamed = self.knowledge.types.get(f"{kind} {tag}")
            if renamed is not None:
                return self.of_rows.resolve(parse_type(Source(tag, renamed)))
            tagged = next((row.name for row in self.knowledge.structures.values() if row.tag == tag and tag), "")
            if tagged:
                return StructRef("struct", tagged, "translated")
            if self.facts.struct(kind, tag) is not None:
                return StructRef("struct" if kind == "struct" else "union", tag)
            if kind == "struct" and tag in self.knowledge.structures:
                return StructRef("struct", tag, "translated")
            return StructRef("struct" if kind == "struct" else "union", tag, "program")
        if not tag:
            self._anonymous += 1
            tag = f"#{self._anonymous}"
        if (kind, tag) in self.structs:
            raise fail("D_DECL_TYPERED", f"{kind} {tag} is defined twice", span)
        ref = StructRef("struct" if kind == "struct" else "union", tag, "program")
        members = tuple(member for member in body if isinstance(member, ast.MemberDecl))
        self.structs[kind, tag] = self._lay_out(ref, members)
        return ref

    def _lay_out(self, ref: StructRef, declared: tuple[ast.MemberDecl, ...]) -> Struct:
        """Offsets by the System V ABI's rules, which both x86-64 and AArch64 follow."""
        members: list[StructMember] = []
        offset = widest = largest = 0
        for declaration in declared:
            kind = self.resolve(declaration.type)
            self._check_member(kind, declaration.span)
            size, alignment = self.size(kind, declaration.span) * 8, self.alignment(kind) * 8
            bits = 0
            if declaration.bits is not None:
                bits = self._constant(declaration.bits, "D_DECL_BFCONST", "the width of a bit-field")
                if not isinstance(kind, Int):
                    raise fail("D_DECL_BFTYPE", f"a bit-field is an integer, not '{kind}'", declaration.span)
            elif not declaration.name and not isinstance(kind, StructRef):
                raise fail("D_DECL_MNAME", "this member has no name", declaration.span)
            if bits < 0 or (declaration.name and declaration.bits is not None and not bits):
                raise fail("D_DECL_BFCONST", "the width of a bit-field must be positive", declaration.span)
            if declaration.bits is not None and bits > size:
                raise fail("D_DECL_BFSIZE", f"a bit-field of {bits} bits does not fit its type", declaration.span)
            if ref.kind == "union":
                offset = 0
            if declaration.bits is None or bits == 0:
                offset = align_up(offset, alignment)
            elif offset // size != (offset + bits - 1) // size:
                offset = align_up(offset, size)
            if declaration.name and any(member.name == declaration.name for member in members):
                raise fail("D_DECL_IDRED", f"member '{declaration.name}' is defined twice", declaration.span)
            if declaration.name or declaration.bits is None:
                members.append(StructMember(declaration.name, kind, offset, bits))
            offset += bits if declaration.bits is not None else size
            # A bit-field without a name has no say in it on x86-64; AArch64's rules count it.
            if declaration.name or declaration.bits is None or self.facts.machine != "x86_64":
                widest = max(widest, alignment)
            largest = max(largest, offset)
        total = align_up(largest, widest or 8) // 8
        return Struct(ref, total, tuple(members))

    def laid_out(self, called: str, kinds: Mapping[str, Type]) -> StructRef:
        """A structure of scalars and strings that no program names, shown as `called`."""
        self._anonymous += 1
        ref = StructRef("struct", f"#{self._anonymous}", "program", called=called)
        members: list[StructMember] = []
        end = 0
        for name, kind in kinds.items():
            start = align_up(end, self.alignment(kind))
            members.append(StructMember(name, kind, start * 8))
            end = start + self.size(kind)
        self.structs["struct", ref.tag] = Struct(ref, align_up(end, 8), tuple(members))
        return ref

    def _check_member(self, kind: Type, span: Span) -> None:
        """Raises D_DECL_VOIDOBJ or D_DECL_INCOMPLETE for a type that no member can have."""
        of = kind
        while isinstance(of, Array):
            of = of.of
        if isinstance(of, Void | Function):
            raise fail("D_DECL_VOIDOBJ", f"a member cannot have the type '{kind}'", span)
        if isinstance(of, StructRef) and of.origin == "program" and not self.is_complete(of):
            raise fail("D_DECL_INCOMPLETE", f"{of} is only named and has no members", span)

    def define(self, name: str, kind: Type, span: Span) -> None:
        """A typedef of the program. Raises D_DECL_IDRED for a name that has one."""
        if name in self._defined:
            raise fail("D_DECL_IDRED", f"typedef '{name}' is defined twice", span)
        self._defined.add(name)
        if isinstance(kind, StructRef) and kind.origin == "program":
            kind = replace(kind, called=name)
        self.typedefs[name] = kind

    def _enum(self, tag: str, body: tuple[ast.MemberDecl, ...] | tuple[ast.Enumerator, ...] | None, span: Span) -> Type:
        scope, _, tag = tag.rpartition("`")
        if body is None:
            if tag in self.enums and (scope in _OWN_SCOPES or self.facts.enumerators(tag) is None):
                return self.enums[tag]
            if self.facts.enumerators(tag) is None:
                raise fail("D_TYPE_ERR", f"enum {tag} is not known", span)
            return EnumRef(tag)
        if not tag:
            self._anonymous += 1
            tag = f"#{self._anonymous}"
        if tag in self.enums:
            raise fail("D_DECL_TYPERED", f"enum {tag} is defined twice", span)
        value = -1
        members: list[tuple[str, int]] = []
        for enumerator in body:
            assert isinstance(enumerator, ast.Enumerator)
            value += 1
            if enumerator.value is not None:
                value = self._constant(enumerator.value, "D_DECL_ENCONST", "an enumerator")
            if enumerator.name in self.enumerators:
                raise fail("D_DECL_IDRED", f"enumerator '{enumerator.name}' is defined twice", enumerator.span)
            if not -(1 << 31) <= value < 1 << 31:
                raise fail("D_DECL_ENOFLOW", f"enumerator '{enumerator.name}' does not fit an int", enumerator.span)
            self.enumerators[enumerator.name] = value
            members.append((enumerator.name, value))
        self.enums[tag] = EnumRef(tag)
        self.enum_members[tag] = tuple(members)
        return self.enums[tag]

    def members_of(self, kind: EnumRef) -> tuple[tuple[str, int], ...]:
        """The enumerators of an enumeration, of this program or of the kernel."""
        return self.enum_members.get(kind.tag) or self.facts.enumerators(kind.tag) or ()

    def enumerator_of(self, kind: EnumRef, name: str) -> int | None:
        """The value of one enumerator of an enumeration."""
        return dict(self.members_of(kind)).get(name)

    # --- layout ---------------------------------------------------------------------------------------

    def struct(self, ref: StructRef, span: Span = NOWHERE) -> Struct:
        """The layout of a structure that has a place in memory. Raises D_TYPE_ERR for one that is only named."""
        layout = self.structs.get((ref.kind, ref.tag)) if ref.origin == "program" else None
        if layout is None and ref.origin == "kernel":
            layout = self.facts.struct(ref.kind, ref.tag)
        if layout is None:
            raise fail("D_TYPE_ERR", f"the members of {ref} are not known", span, hint=self.why_absent(str(ref)))
        return layout

    def is_complete(self, ref: StructRef) -> bool:
        """Whether the members of a structure are known."""
        return (ref.kind, ref.tag) in self.structs or (
            ref.origin == "kernel" and self.facts.struct(ref.kind, ref.tag) is not None
        )

    def size(self, kind: Type, span: Span = NOWHERE) -> int:
        """``sizeof``, in bytes."""
        match kind:
            case Int(_, size, _) | Float(_, size) | EnumRef(_, size, _):
                return size
            case Pointer():
                return 8
            case StringType():
                return self.strsize
            case Array(of, length):
                return self.size(of, span) * length
            case StructRef(origin="translated"):
                home = self.home(kind)
                assert isinstance(home, Pointer | None)
                return 8 if home is None or isinstance(home.to, Void) else self.size(home.to, span)
            case StructRef():
                return self.struct(kind, span).size
            case Void() | Function() | Addresses():
                raise fail("D_SIZEOF_TYPE", f"a value of type '{kind}' has no size", span)

    def symbol(self, name: str, known: Type | None) -> Type:
        """The type of a variable of the kernel: as its type information or `translators/` have it, else void."""
        if known is not None:
            return known
        written = self.knowledge.symbols.get(name)
        return Void() if written is None else self.of_rows.resolve(parse_type(Source("<translators>", written)))

    def home(self, ref: StructRef) -> Type | None:
        """What a pointer to a translated structure is a pointer to on Linux, wherever it was kept: the only type that
        the structure is made from, None when there are several."""
        translators = self.knowledge.structures[ref.tag].translators
        if len(translators) != 1:
            return None
        return self.of_rows.resolve(parse_type(Source("<translators>", translators[0].origin)))

    def extension(self, ref: StructRef, name: str) -> StructRef | None:
        """The structure of `translators/` that adds a member to a structure of the kernel, or to another of its own."""
        for row in self.knowledge.structures.values():
            if name in row.members and str(ref) in row.extends:
                return StructRef("struct", row.name, "translated")
        return None

    def alignment(self, kind: Type) -> int:
        match kind:
            case Array(of, _):
                return self.alignment(of)
            case StructRef():
                return max((self.alignment(member.type) for member in self.struct(kind).members), default=1)
            case _:
                return 8 if isinstance(kind, StringType) else self.size(kind)

    def find(self, ref: StructRef, name: str, span: Span) -> tuple[str, StructMember] | None:
        """A member by name, those of anonymous members included: its dotted path is just its name, its offset is
        from the start of `ref`."""
        for member in self.struct(ref, span).members:
            if member.name == name:
                return name, member
            if not member.name and isinstance(member.type, StructRef):
                inner = self.find(member.type, name, span)
                if inner is not None:
                    path, found = inner
                    return path, StructMember(name, found.type, member.bit_offset + found.bit_offset, found.bit_size)
        return None

    def member_names(self, ref: StructRef) -> list[str]:
        """All names that `find` finds, for a hint."""
        names: list[str] = []
        for member in self.struct(ref).members:
            if member.name:
                names.append(member.name)
            elif isinstance(member.type, StructRef):
                names += self.member_names(member.type)
        return names


def _is_of_basic(words: tuple[str, ...]) -> bool:
    """Whether a type is written in C's own words, which need not go together."""
    return len(words) > 1 and set(words) <= _WORDS


def _basic(words: tuple[str, ...]) -> Type | None:
    """C's own types, their words in any order."""
    if words == ("void",):
        return Void()
    if words in (("float",), ("double",), ("long", "double"), ("double", "long")):
        return Float(" ".join(words), {1: 4 if words == ("float",) else 8, 2: 16}[len(words)])
    rest = sorted(words)
    if tuple(rest) in _CHARS:
        return Int(*_CHARS[tuple(rest)])
    signed = "unsigned" not in rest
    core = tuple(word for word in rest if word not in ("signed", "unsigned", "int"))
    once = [word for word in rest if word in ("signed", "unsigned", "int")]
    if core not in _LENGTHS or len(once) + len(core) != len(words) or tuple(once) not in _SIGNS:
        return None
    name = " ".join([*([] if signed else ["unsigned"]), *(core or ("int",))])
    return Int(name, _LENGTHS[core], signed)


def _renamed(kind: Type, name: str) -> Type:
    return Int(name, kind.size, kind.signed) if isinstance(kind, Int) else kind
