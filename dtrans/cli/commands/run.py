"""``dtrans run``: a D program, traced until it exits, its command ends, or Ctrl-C."""

from __future__ import annotations

from collections.abc import Sequence

from dtrans.cli.programs import read_words
from dtrans.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import click

HELP = """Run a D program, until it exits, its command ends, or Ctrl-C.

FILE is a D script, whose #! line gives flags as if it were started by its name; or programs come from -n and -s. ARGS
become $1, $2 ... Options may stand anywhere; '--' protects the next word.

\b
Examples:
  dtrans run script.d
  dtrans run script.d 5 10                            $1 is 5, $2 is 10
  dtrans run -n 'syscall::read:entry { @[execname] = quantize(arg2); }'
  dtrans run -qn 'BEGIN { printf("hello\\n"); exit(0); }'
  dtrans run -c 'ls -l' -n 'syscall:::entry /pid == $target/ { @[probefunc] = count(); }'
  dtrans run script.d -p 1234 -o out.txt -x bufsize=16m
"""


def run(words: Sequence[str]) -> int:
    """Runs the program that a command line names; returns the exit status."""
    from dtrans.cli.trace import trace

    return trace(read_words(words))


def _command() -> click.Command:
    import click

    from dtrans.cli.group import DtraceCommand, dtrace_options

    @click.command("run", cls=DtraceCommand, help=HELP, options_metavar="[OPTIONS]")
    @click.argument("words", nargs=-1, metavar="[FILE] [ARGS]...", type=click.UNPROCESSED)
    def command(words: tuple[str, ...]) -> int:
        return run(words)

    return dtrace_options("nscpqxwZCIDULFboevS")(command)


def __getattr__(name: str) -> Any:
    # Click is made only for the help and for completion: `dtrans.cli.main` calls `run` itself.
    if name == "command":
        return _command()
    raise AttributeError(name)
