"""Actions that change the traced system: what allows them, and their arguments.

Source: Guide, "Actions and Subroutines: Destructive Actions". They need ``-w``; the two that halt the machine are
to be asked for by an option of their own beside it.
"""

from __future__ import annotations

from collections.abc import Mapping

from dtrans.check.checker import Checker
from dtrans.check.subroutines import Prototype, check_arguments
from dtrans.check.tree import Act, ActionKind, Solaris
from dtrans.errors import fail
from dtrans.options import Options
from dtrans.syntax import ast
from dtrans.types import VOID

#: Those whose arguments are values; the rest have a format. The last is not destructive, as it is not in libdtrace.
_PROTOTYPES: Mapping[ActionKind, Prototype] = {
    "raise": Prototype(("int",), VOID),
    "stop": Prototype((), VOID),
    "copyout": Prototype(("memory", "user", "int"), VOID),
    "copyoutstr": Prototype(("string", "user", "int"), VOID),
    "chill": Prototype(("int",), VOID),
    "panic": Prototype((), VOID),
    "breakpoint": Prototype((), VOID),
    "ftruncate": Prototype((), VOID),
}
DESTRUCTIVE = frozenset({"system", "freopen", *_PROTOTYPES} - {"ftruncate"})
#: Actions that halt the machine, each with the option that allows it.
_HALTING = ("panic", "breakpoint")


def check_allowed(node: ast.Call, options: Options) -> None:
    """Raises D_DESTRUCTIVE when the options do not allow an action."""
    if node.name not in DESTRUCTIVE:
        return
    if not options.flag("destructive"):
        raise fail(
            "D_DESTRUCTIVE",
            f"{node.name}() is destructive, and destructive actions are not allowed",
            node.span,
            hint="run with -w, or write '#pragma D option destructive'",
        )
    if node.name in _HALTING and not options.flag(node.name):
        raise fail(
            "D_DESTRUCTIVE",
            f"{node.name}() halts this machine, and is not allowed by -w alone",
            node.span,
            hint=f"run with -w and -x {node.name}",
        )


def destructive_action(checker: Checker[Solaris], node: ast.Call) -> Act[Solaris] | None:
    """The action of a call, None when it is not one of those whose arguments are values. Raises D_PROTO_*."""
    for kind, prototype in _PROTOTYPES.items():
        if kind == node.name:
            return Act(kind, check_arguments(checker, node, prototype))
    return None
