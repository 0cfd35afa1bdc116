"""The command line of a printed program: ``-c``, ``-p`` and ``-o``, as dtrace has them.

``dtrans translate`` writes programs that end with a call of `command`; dtrans itself has a command line of its own.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from dtrans.artifact import Artifact
from dtrans.errors import DtransError, fail
from dtrans.run.messages import start_messages
from dtrans.run.session import Settings, run


def command(artifact: Artifact, title: str, titles: Sequence[str], words: Sequence[str] | None = None) -> int:
    """Traces as the words of a command line ask, by default this process's: the exit status.

    `title` is for ``--help``; `titles` are what messages call the D texts. A failure is told on stderr, as one
    paragraph.
    """
    settings = read_settings(title, words)

    def announce(counts: Sequence[int]) -> None:
        for message in start_messages(artifact, titles, counts):
            print(f"dtrace: {message}", file=sys.stderr, flush=True)

    try:
        _check_target(artifact, settings)
        return run(artifact, settings, announce=announce)
    except DtransError as error:
        print(error.diagnostic.render(), file=sys.stderr)
        return error.exit_status
    except Exception as error:
        # The last stop: no traceback reaches a person who did not ask for it.
        if os.environ.get("DTRANS_DEBUG") == "1":
            raise
        text = " ".join(str(error).split())
        print(f"internal error: {type(error).__name__}: {text} (DTRANS_DEBUG=1 shows where)", file=sys.stderr)
        return 1


def read_settings(title: str, words: Sequence[str] | None) -> Settings:
    """The settings that a command line gives. Ends this process for ``--help``, and with status 2 for a wrong one."""
    parser = argparse.ArgumentParser(description=title, allow_abbrev=False)
    parser.add_argument(
        "-c", metavar="COMMAND", action="append", default=[], help="run COMMAND, trace until it ends; as $target"
    )
    parser.add_argument(
        "-p", metavar="PID", action="append", default=[], type=int, help="trace until process PID ends, as $target"
    )
    parser.add_argument("-o", metavar="FILE", help="append the output to FILE")
    given = parser.parse_args(words)
    return Settings(tuple(given.c), tuple(given.p), given.o)


def _check_target(artifact: Artifact, settings: Settings) -> None:
    """Raises D_MACRO_UNDEF when the program asks for $target and there is none."""
    if any(late.what == "target" for late in artifact.late) and not (settings.commands or settings.pids):
        raise fail("D_MACRO_UNDEF", "macro variable $target is not defined", hint="use -c COMMAND or -p PID")
