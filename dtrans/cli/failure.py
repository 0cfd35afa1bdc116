"""How commands end: the one place that turns an exception into text on stderr and an exit status.

A `DtransError` is told as its diagnostic says; a broken pipe and an interrupt end quietly; anything else is a bug of
dtrans, told in one paragraph. ``DTRANS_DEBUG=1`` in the environment shows the traceback of a bug.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Callable

from dtrans.errors import DtransError, fail

#: Exit statuses as shells give them for a process that SIGINT or SIGPIPE ended.
INTERRUPTED = 130
BROKEN_PIPE = 141
#: What the kernel answers when standard output cannot be written: closed, or no room.
_NO_OUTPUT = frozenset({errno.EBADF, errno.EIO, errno.EFBIG, errno.ENOSPC, errno.EDQUOT})

_NO_FILES = frozenset({errno.EMFILE, errno.ENFILE})


def guarded(command: Callable[[], int], told: Callable[[DtransError], str] | None = None) -> int:
    """The exit status of a command, its failure told on stderr. `told` words a DtransError, by default as it
    renders."""
    try:
        return _told(command, told)
    except KeyboardInterrupt:  # Also one that comes while a failure is told.
        return INTERRUPTED


def _told(command: Callable[[], int], told: Callable[[DtransError], str] | None) -> int:
    _stand_in_for_closed()
    _accept_any_text()
    try:
        status = command()
        _flush()
    except DtransError as error:
        say(told(error) if told else error.diagnostic.render())
        return error.exit_status
    except BrokenPipeError:
        _discard_output()
        return BROKEN_PIPE
    except OSError as error:
        if error.errno in _NO_FILES:
            full = fail("D_KERNEL", os.strerror(error.errno), hint="ulimit -n tells how many a process may have")
            say(told(full) if told else full.diagnostic.render())
            return 1
        if error.filename is not None or error.errno not in _NO_OUTPUT:
            say(internal(error))
            return 1
        _discard_output()
        lost = fail("D_OUTPUT", f"cannot write the output: {os.strerror(error.errno)}")
        say(told(lost) if told else lost.diagnostic.render())
        return 1
    except Exception as error:  # noqa: BLE001  the last stop: no traceback reaches a person who did not ask for it
        say(internal(error))
        return 1
    return status


def internal(error: Exception) -> str:
    """The paragraph that tells a bug of dtrans. Raises the error again under ``DTRANS_DEBUG=1``."""
    if os.environ.get("DTRANS_DEBUG") == "1":
        raise error
    kind, text = type(error).__name__, " ".join(str(error).split())
    return (
        f"dtrans: internal error: {kind}{': ' + text if text else ''}\n"
        "This is a bug of dtrans, not of the D program. Please report it with the program and the output of the same\n"
        "command under DTRANS_DEBUG=1, which shows where it happened."
    )


def say(text: str) -> None:
    """Writes a message to stderr, after all that was printed; a stderr that is gone, or full, is no reason to fail."""
    with contextlib.suppress(BrokenPipeError):
        _flush()
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def _flush() -> None:
    sys.stdout.flush()


def _discard_output() -> None:
    """What is left in the buffer goes nowhere: the interpreter would complain of it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _stand_in_for_closed() -> None:
    """Opens the standard descriptors that the caller closed, so that no other file takes their numbers; a map of the
    kernel, say. Standard output cannot be written then, which is told as of any other output."""
    for number, flags in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)
    # Python has no streams for descriptors that were closed when it started.
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115


def _accept_any_text() -> None:
    """Bytes of a script that are no text are shown escaped; Python would refuse to print them."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
