"""D programs through all stages, in this process: what they print, or how they are refused.

assert printed('BEGIN { printf("%d", 1 + 1); }') == "2"
assert refused("BEGIN { trace(nosuch); }").tag == "D_IDENT_UNDEF"
"""

from __future__ import annotations

import io
import os
import re
import signal
import threading
from collections.abc import Mapping, Sequence
from functools import cache

from dtrans.errors import Diagnostic, DtransError
from dtrans.facts import KernelFacts
from dtrans.knowledge.load import load
from dtrans.knowledge.rows import Knowledge
from dtrans.pipeline import Pipeline
from dtrans.request import Request
from dtrans.run.kernel.host import HostFacts
from dtrans.run.session import Settings, run
from dtrans.source import Source

#: Seconds after which a program that does not end is interrupted, as with Ctrl-C. An emulated guest takes a minute to
#: compile a large one.
TOO_LONG = 600.0
#: The macro variables of nobody in particular, so that artifacts do not depend on who runs the tests.
MACROS = {"uid": 10, "euid": 11, "gid": 12, "egid": 13, "ppid": 14, "pgid": 15, "sid": 16, "projid": 0, "taskid": 0}


_ARGS = re.compile(r"/\* args: (.*) \*/")


def arguments(case: str) -> list[str]:
    """The macro arguments that the text of a case asks for: ``/* args: 41 word */``."""
    found = _ARGS.search(case)
    return found[1].split() if found else []


@cache
def knowledge() -> Knowledge:
    return load()


@cache
def host() -> HostFacts:
    return HostFacts()


def pipeline(
    text: str,
    args: Sequence[str] = (),
    options: Mapping[str, str] | None = None,
    *,
    target: bool = False,
    facts: KernelFacts | None = None,
) -> Pipeline:
    """A program on its way; on the running kernel unless `facts` say otherwise."""
    request = Request(
        (Source("test.d", text),), tuple(args), "test.d", {} if options is None else options, target, macros=MACROS
    )
    return Pipeline(request, host() if facts is None else facts, knowledge())


def printed(
    text: str,
    args: Sequence[str] = (),
    options: Mapping[str, str] | None = None,
    *,
    commands: Sequence[str] = (),
    status: int = 0,
) -> str:
    """What a program prints on this kernel, quiet unless `options` are given. Insists on the exit status.

    A program without commands must end by itself.
    """
    made = pipeline(text, args, {"quiet": "1"} if options is None else options, target=bool(commands)).artifact
    out = io.BytesIO()
    alarm = threading.Timer(TOO_LONG, os.kill, (os.getpid(), signal.SIGINT))
    alarm.start()
    try:
        assert run(made, Settings(commands=tuple(commands)), out) == status
    finally:
        alarm.cancel()
    return out.getvalue().decode("utf-8", "replace")


def refused(text: str, args: Sequence[str] = (), facts: KernelFacts | None = None) -> Diagnostic:
    """How the compiler refuses a program; a failed assertion if it does not."""
    try:
        _ = pipeline(text, args, facts=facts).artifact
    except DtransError as error:
        return error.diagnostic
    raise AssertionError(f"compiled: {text}")
