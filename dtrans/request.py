"""What a user asks the compiler for: a value apart, since a start that finds its program compiled needs no compiler."""

from __future__ import annotations

import os
from collections.abc import Mapping

from dtrans.source import Source
from dtrans.values import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """`sources` in the order of ``-n`` and ``-s``; `args` are ``$1`` and on, `script` is ``$0``; `options` of ``-x``
    and the flags; `target`: ``-c`` or ``-p`` was given; `zero_matches`: ``-Z``. `macros` are the values of ``$uid``,
    ``$ppid`` and their kin; this process's own when None. `libraries` are the D libraries of ``-L``."""

    sources: tuple[Source, ...]
    args: tuple[str, ...] = ()
    script: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    target: bool = False
    zero_matches: bool = False
    macros: Mapping[str, int] | None = None
    libraries: tuple[Source, ...] = ()


def own_macros() -> dict[str, int]:
    """The macro variables of this process (Guide, "Scripting"); there are no projects and tasks on Linux: 0."""
    return {
        "egid": os.getegid(),
        "euid": os.geteuid(),
        "gid": os.getgid(),
        "pgid": os.getpgid(0),
        "ppid": os.getppid(),
        "projid": 0,
        "sid": os.getsid(0),
        "taskid": 0,
        "uid": os.getuid(),
    }
