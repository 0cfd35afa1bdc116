"""The drop-in ``dtrace``: the original's command line, messages and exit statuses.

Scripts that start with ``#!/usr/sbin/dtrace -s`` run through it (`dtrans install-dtrace`), and shell wrappers that call
``dtrace``. Words of messages are the original's where scripts may look for them (usr/src/cmd/dtrace/dtrace.c).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from dtrans.cli.failure import guarded
from dtrans.errors import DtransError
from dtrans.invocation.arguments import Arguments, read_arguments
from dtrans.source import ON_COMMAND_LINE, Source

_USAGE = """\
Usage: dtrace [-CeFhHlqSvVwZ] [-64] [-b size] [-c command] [-D name[=value]] [-I folder] [-L folder] [-o file]
              [-p pid] [-s script] [-U name] [-x option[=value]] [-P provider [[ predicate ] action ]]
              [-m [provider:] module ...] [-f [[provider:] module:] function ...]
              [-n [[[provider:] module:] function:] name ...] [-i id ...] [ arguments ... ]

  programs, each as often as needed
    -s script    the D program in a file; /dev/stdin and <(command) will do
    -n text      D text that begins with a probe's name; the other letters take it from another part on:
    -f -m -P -i  a function, a module, a provider, a probe's number
  processes
    -c command   start the command with the trace, and end with it; its process id is $target
    -p pid       trace a running process, and end with it
  output
    -q           only what the program itself prints
    -o file      append to a file
    -F           indent entries and returns
    -v           tell the arguments' types, and what differs from the original
    -l           list probes, or those that the programs name, and trace nothing
    -e           compile, and trace nothing
    -S           show the plan and the C text that the program becomes
    -h           write a header for a provider's definition
    -V           tell the version
  compilation
    -C           run the C preprocessor on scripts (-I -D -U for it, -H lists what it included)
    -L folder    read the D libraries of a folder
    -w           permit destructive actions
    -Z           permit descriptions that match no probe
    -x opt[=val] set an option; -b size is -x bufsize=size
  not on Linux: -a -A (anonymous tracing), -B, -G (linking), -32; -X is read and has no effect

'dtrans --help' names what more there is: explain, translate, doctor, port.
"""


def main() -> int:
    """The command ``dtrace``: returns its exit status."""
    return dtrace(sys.argv[1:])


def dtrace(words: Sequence[str]) -> int:
    """Runs a command line, without the command's own name. 0 success, 1 failure, 2 wrong usage, or exit()'s value."""
    if not words:
        sys.stderr.write(_USAGE)
        return 2
    if list(words) == ["--help"]:
        print(_USAGE, end="")
        return 0
    return guarded(lambda: _dtrace(words), told)


def told(error: DtransError) -> str:
    """A failure in dtrace's form: its name first, after a wrong command line the usage too."""
    if error.exit_status == 2 and "only one of" not in error.diagnostic.message:
        return f"dtrace: {error.diagnostic.message}\n{_USAGE}".rstrip()
    if error.diagnostic.span is None:
        hint = f"\n  hint: {error.diagnostic.hint}" if error.diagnostic.hint else ""
        return f"dtrace: {error.diagnostic.message}{hint}"
    return f"dtrace: {_compilation(error.diagnostic.span.source)}{error.diagnostic.render()}"


def _compilation(source: Source) -> str:
    """What could not be compiled, as the original words it; "" when the place is in no program of the user."""
    if source.name.startswith("<"):
        return ""
    if source.name == ON_COMMAND_LINE:
        return f"invalid probe specifier {(source.specifier or source.text).strip()}:\n"
    return f"failed to compile script {source.name}:\n"


def _dtrace(words: Sequence[str]) -> int:
    arguments = read_arguments(words)
    match arguments.mode:
        case "version":
            return _version()
        case "header":
            from dtrans.cli.header import write_header

            return write_header(arguments)
        case "list":
            return _list(arguments)
        case "run":
            from dtrans.cli.trace import trace

            return trace(arguments)


def _version() -> int:
    from dtrans import __version__

    # The version of the language is the one that scripts see as __SUNW_D_VERSION; "Sun D" is what they look for.
    print(f"dtrace: Sun D 1.6.4 (dtrans {__version__} on Linux)")
    return 0


def _list(arguments: Arguments) -> int:
    from dtrans.cli.trace import list_matching

    return list_matching(arguments)
