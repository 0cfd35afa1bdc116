"""The programs that a `dtrans` subcommand works on: a script's file, or ``-n`` and ``-s``, with dtrace's options."""

from __future__ import annotations

import os
from collections.abc import Sequence

from dtrans.errors import usage
from dtrans.invocation.arguments import Arguments, Spec, read_arguments
from dtrans.invocation.request import merged, read_script, script_arguments
from dtrans.values import replace

_DESCRIPTION = r"[\w$*?\[\]-]*(?::[\w$*?\[\].`-]*){1,3}|BEGIN|END|ERROR"


def read_words(words: Sequence[str], *, descriptions: bool = False) -> Arguments:
    """The command line of a subcommand: where no option gives a program, the first operand is a script's file.

    The flags of the script's ``#!`` line count; what stands on the command line decides over them. With
    `descriptions` the first operand may also be a probe description. Raises DtransError with status 2 when no program
    is given.
    """
    arguments = read_arguments(words)
    if arguments.mode != "run":
        raise usage(
            "-l, -V and -h belong to the dtrace command",
            hint="'dtrans list' lists probes, 'dtrans --version' tells the version",
        )
    if arguments.specs:
        return arguments
    if not arguments.operands:
        raise usage("no program given", hint="name a script's file, or give D text with -n")
    first, *operands = arguments.operands
    arguments = replace(arguments, operands=tuple(operands))
    if descriptions and is_description(first) and not os.path.exists(first):
        return replace(arguments, specs=(Spec("name", first),))
    if not os.path.isfile(first):
        # A pipe is read just once, so its #! line is not looked at.
        return replace(arguments, specs=(Spec("script", first),))
    return merged(script_arguments(first, read_script(first)), arguments)


def is_description(word: str) -> bool:
    """Whether a word is written as a probe description, and not as a file's name."""
    import re

    return re.fullmatch(_DESCRIPTION, word) is not None
