"""D libraries: the files of ``-L`` folders, in the order in which they need each other.

Before: net.d with ``#pragma D depends_on library base.d``, base.d  After: base.d, net.d
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from dtrans.check.universe import Universe
from dtrans.errors import fail
from dtrans.syntax import ast


def needed(pragma: ast.Pragma) -> tuple[str, str]:
    """Class and name of a ``depends_on``. Raises D_PRAGMA_INVAL for another class than dtrace has."""
    kind, name = pragma.words[:2]
    if kind not in ("library", "module", "provider"):
        raise fail("D_PRAGMA_INVAL", f"invalid class {kind} specified by #pragma depends_on", pragma.span)
    return kind, name


def is_met(universe: Universe, pragma: ast.Pragma) -> bool:
    """Whether the kernel at hand has the provider or module that a program depends on."""
    kind, name = needed(pragma)
    if kind == "provider":
        return name in universe.knowledge.providers or any(probe.provider == name for probe in universe.probes)
    return name in universe.modules


def sorted_libraries(libraries: Sequence[ast.Program], universe: Universe) -> list[ast.Program]:
    """The libraries that can be used, each after those that it depends on. One that needs a provider or module that
    is not here is left out, with those that need it, as in dtrace.

    Raises D_PRAGMA_DEPEND for a library that is nowhere and for libraries that need each other.
    """
    # Of several of one name the first folder's counts (libdtrace dt_cc.c, dt_load_libs_dir).
    named = {PurePath(library.span.source.name).name: library for library in reversed(libraries)}
    done: dict[str, bool] = {}
    order: list[ast.Program] = []

    def visit(name: str, path: tuple[str, ...]) -> bool:
        if name in done:
            return done[name]
        usable = True
        for pragma in _dependencies(named[name]):
            kind, other = needed(pragma)
            if kind != "library":
                usable = usable and is_met(universe, pragma)
                continue
            if other in (*path, name):
                chain = " => ".join((*path, name, other))
                raise fail("D_PRAGMA_DEPEND", f"libraries depend on each other: {chain}", pragma.span)
            if other not in named:
                raise fail("D_PRAGMA_DEPEND", f"failed to find dependency in libpath: {other}", pragma.span)
            usable = visit(other, (*path, name)) and usable
        done[name] = usable
        if usable:
            order.append(named[name])
        return usable

    for name in sorted(named):
        visit(name, ())
    return order


def _dependencies(library: ast.Program) -> list[ast.Pragma]:
    return [item for item in library.items if isinstance(item, ast.Pragma) and item.kind == "depends_on"]
