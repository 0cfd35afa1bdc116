"""How a command begins and ends as a program of its own, with no time lost to what a short-lived one does not need.

What a start makes is needed to the end, so that looking for garbage in it would find none (`dtrans.cli.trace` has it
looked for once tracing goes on). And at its end Python would take apart, value by value, what the kernel gives back at
once: that takes longer than tracing BEGIN.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from contextlib import suppress

from dtrans.typed import NoReturn


def program(main: Callable[[], int]) -> NoReturn:
    """Runs a command to the end of this process; its exit status is the process's."""
    gc.disable()
    status = main()
    # Python has none where it was started with the descriptor closed.
    for stream in filter(None, (sys.stdout, sys.stderr)):
        # Who cannot be told anything is not told that either.
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)
