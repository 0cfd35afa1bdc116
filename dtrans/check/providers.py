"""Providers that a program declares: the types of their probes' arguments.

    provider app { probe query__start(char *sql) : (struct query *q); };

gives the ``args[]`` of ``app123:::query-start``, where a process offers that probe, the types declared: those after the
colon, made by the program's translators from those before it (Guide, "Statically Defined Tracing").
"""

from __future__ import annotations

from dtrans.check.checker import Checker
from dtrans.check.definitions import Declared, DeclaredArg, Definitions
from dtrans.check.memory import in_space
from dtrans.check.translators import own_translator
from dtrans.check.tree import Args, Const, Expr, Solaris
from dtrans.errors import fail
from dtrans.source import Span
from dtrans.syntax import ast
from dtrans.types import Pointer, StructRef, Type, Void

#: sys/dtrace.h: lengths of names, without the NUL.
_PROVIDER_NAME, _PROBE_NAME = 63, 63
_MOST_ARGUMENTS = 255


def define_provider(names: Definitions, node: ast.Provider) -> Declared:
    """The probes of a declaration by name, as ``query-start``.

    Raises D_PROV_BADNAME, D_PROV_PRDUP, D_PROV_PRARGLEN, D_PROV_PRXLATOR, D_DECL_PROTO_NAME.
    """
    if node.name[-1:].isdigit():
        raise fail("D_PROV_BADNAME", f"a provider's name may not end with a digit: {node.name}", node.span)
    if len(node.name) > _PROVIDER_NAME:
        raise fail("D_PROV_BADNAME", f"a provider's name has at most {_PROVIDER_NAME} characters", node.span)
    made: dict[str, tuple[DeclaredArg, ...]] = {}
    for probe in node.probes:
        name = probe.name.replace("__", "-")
        if len(name) > _PROBE_NAME:
            raise fail("D_PROV_BADNAME", f"a probe's name has at most {_PROBE_NAME} characters", probe.span)
        if name in made:
            raise fail("D_PROV_PRDUP", f"probe {name} of {node.name} is declared twice", probe.span)
        made[name] = _arguments(names, probe)
    known = names.providers.get(node.name)
    if known is not None and known != made:
        raise fail("D_PROV_INCOMPAT", f"provider {node.name} is declared again with other probes", node.span)
    return made


def _arguments(names: Definitions, probe: ast.ProviderProbe) -> tuple[DeclaredArg, ...]:
    native = _types(names, probe.args)
    if len(native) > _MOST_ARGUMENTS:
        raise fail("D_PROV_PRARGLEN", f"probe {probe.name} has more than {_MOST_ARGUMENTS} arguments", probe.span)
    if probe.translated is None:
        return tuple(DeclaredArg(kind, index, kind) for index, (_, kind) in enumerate(native))
    places = {name: index for index, (name, _) in enumerate(native) if name}
    made: list[DeclaredArg] = []
    for index, (name, kind) in enumerate(_types(names, probe.translated)):
        if name and name not in places:
            raise fail("D_DECL_PROTO_FORM", f"probe {probe.name} has no argument '{name}'", probe.span)
        source = places[name] if name else index
        if source >= len(native):
            raise fail("D_PROV_PRARGLEN", f"probe {probe.name} has no argument #{source + 1}", probe.span)
        made.append(DeclaredArg(kind, source, native[source][1]))
        _check_translation(names, probe, made[-1])
    return tuple(made)


def _types(names: Definitions, written: tuple[tuple[str, ast.TypeExpr], ...]) -> list[tuple[str, Type]]:
    """Names and types of parameters; ``(void)`` is none."""
    made = [(name, names.types.resolve(kind)) for name, kind in written]
    if len(made) == 1 and isinstance(made[0][1], Void):
        if made[0][0]:
            raise fail("D_DECL_PROTO_NAME", "a parameter that is void has no name", written[0][1].span)
        return []
    for (_, kind), (_, node) in zip(made, written, strict=True):
        if isinstance(kind, Void):
            raise fail("D_DECL_PROTO_VOID", "void stands alone in a list of parameters", node.span)
    return made


def _target(kind: Type) -> StructRef | None:
    kind = kind.to if isinstance(kind, Pointer) else kind
    return kind if isinstance(kind, StructRef) else None


def _check_translation(names: Definitions, probe: ast.ProviderProbe, arg: DeclaredArg) -> None:
    target = _target(arg.type)
    if arg.type == arg.origin or target is None or target.origin == "translated":
        return
    given: Expr[Solaris] = Args(arg.index, arg.origin, probe.span)
    if own_translator(names, target, given) is None:
        raise fail(
            "D_PROV_PRXLATOR",
            f"probe {probe.name}: no translator from '{arg.origin}' to '{arg.type}' is defined",
            probe.span,
        )


def declared_argument(names: Definitions, args: tuple[DeclaredArg, ...], node: ast.Index) -> Expr[Solaris]:
    """``args[index]`` of a probe whose provider the program declares."""
    index = constant_index(names.checker, node)
    if not 0 <= index < len(args):
        raise _out_of_range(args, node.span)
    arg = args[index]
    # Pointers are the process's.
    native: Expr[Solaris] = Args(arg.index, in_space(arg.origin, "user"), node.span)
    if arg.type == arg.origin:
        return native
    if _target(arg.type) is not None:
        return names.translate(arg.type, native, node.span)
    return names.checker.converted(native, in_space(arg.type, "user"), node.span)


def constant_index(checker: Checker[Solaris], node: ast.Index) -> int:
    """The index of ``args[]``. Raises D_PROTO_LEN and D_PROTO_ARG where it is no integer constant."""
    if len(node.keys) != 1:
        raise fail("D_PROTO_LEN", f"args[ ] takes one index, not {len(node.keys)}", node.span)
    index = checker.check(node.keys[0])
    if not isinstance(index, Const):
        raise fail("D_PROTO_ARG", "the index of args[ ] must be an integer constant", node.keys[0].span)
    return index.value


def _out_of_range(args: tuple[DeclaredArg, ...], span: Span) -> Exception:
    return fail(
        "D_ARGS_IDX",
        f"the index must be a constant below {len(args)}" if args else "this probe is declared without arguments",
        span,
    )
