"""The processes of ``-c`` and ``-p``: started and held, looked after, and ended as dtrace ends them.

A command of ``-c`` is held before its first instruction until all probes are in place; it is killed when tracing ends
before it does, also when the tracer is killed (libdtrace dt_proc.c: processes that it made have "kill on last close").
A process of ``-p`` is left alone. Tracing ends when all of them have ended.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shlex
import signal
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from dtrans.errors import fail
from dtrans.run.kernel.namespaces import in_first_namespace, kernel_pid, load_pid_program
from dtrans.run.processes.hold import ptrace, run_until

_PTRACE_TRACEME, _PTRACE_DETACH, _PTRACE_SETOPTIONS, _PTRACE_O_EXITKILL = 0, 17, 0x4200, 1 << 20
_PR_SET_PDEATHSIG = 1


def split_command(command: str) -> list[str]:
    """The words of ``-c``: at blanks, as dtrace's make_argv() does; quotes hold words together, as in a shell."""
    try:
        return shlex.split(command)
    except ValueError:  # An unpaired quote is then a character as any other.
        return command.split()


class Target:
    """One process. `pid` is its id here, `kernel_pid` as programs see it; `pidfd` is readable when it has ended."""

    def __init__(self, pid: int, kernel: int, *, created: bool) -> None:
        self.pid = pid
        self.kernel_pid = kernel
        self.created = created
        self.pidfd = os.pidfd_open(pid)
        self.ended = False
        self._held = created

    def run_until(self, moment: str) -> None:
        """Lets a held process run to a moment of its start, one of option evaltime, and holds it there."""
        if self._held:
            with contextlib.suppress(OSError):  # It has been killed meanwhile, which its pidfd tells.
                run_until(self.pid, moment)

    def release(self) -> None:
        """Lets a held process run."""
        if self._held:
            self._held = False
            _ptrace(_PTRACE_DETACH, self.pid, 0)

    def end(self) -> str:
        """Called when `pidfd` is readable: what dtrace tells of it, without "dtrace: "."""
        self.ended = True
        status = _wait_status(self.pid) if self.created else _zombie_status(self.pid)
        if os.WIFSIGNALED(status):
            return f"pid {self.pid} terminated by {_signal_name(os.WTERMSIG(status))}"
        if os.WEXITSTATUS(status):
            return f"pid {self.pid} exited with status {os.WEXITSTATUS(status)}"
        return f"pid {self.pid} has exited"

    def close(self) -> None:
        """Ends a process that was made here, if it still runs, and forgets it."""
        if self.created and not self.ended:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
            _wait_status(self.pid)
        self.ended = True
        if self.pidfd >= 0:
            os.close(self.pidfd)
            self.pidfd = -1


def grab_process(pid: int) -> Target:
    """The running process of ``-p``. Raises D_PROC_GRAB when there is none."""
    if not in_first_namespace():
        raise fail(
            "D_PROC_GRAB",
            f"cannot trace pid {pid}: in this container it is not the number by which the kernel knows the process",
            hint="run it outside of the container, or share the host's pids with it (docker run --pid=host)",
        )
    try:
        return Target(pid, pid, created=False)
    except OverflowError:
        raise fail("D_PROC_GRAB", f"failed to grab pid {pid}: no such process") from None
    except OSError as error:
        process = _process_of(pid)
        if process not in (None, pid):
            raise fail("D_PROC_GRAB", f"failed to grab pid {pid}: it is a thread of process {process}") from None
        reason = "no such process" if isinstance(error, ProcessLookupError) else os.strerror(error.errno or 0)
        raise fail("D_PROC_GRAB", f"failed to grab pid {pid}: {reason}") from None


def _process_of(thread: int) -> int | None:
    """The process that a thread belongs to."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path(f"/proc/{thread}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Tgid:"))
    return None


def descendants(pid: int) -> set[int]:
    """The processes that come from one, by what /proc tells of their parents now."""
    found = {pid}
    before = 0
    # Again while it finds more: a process may fork while this looks.
    while len(found) > before:
        before = len(found)
        parents = dict(_parents())
        for child in sorted(parents):
            line = [child]
            while line[-1] not in found and line[-1] in parents:
                line.append(parents[line[-1]])
            if line[-1] in found:
                found.update(line)
    return found - {pid}


def _parents() -> Iterator[tuple[int, int]]:
    """Each process, and the one that it comes from."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                # The name in parentheses may hold anything; behind it come the state and the parent.
                yield int(name), int(Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[1])


def create_process(command: str) -> Target:
    """Starts the command of ``-c`` and holds it before its first instruction. Raises D_PROC_CREAT."""
    words = split_command(command)
    if not words:
        raise fail("D_PROC_CREAT", "the command to run is empty")
    teller = None if in_first_namespace() else load_pid_program()
    ours, its = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        _become(words, its, teller)
    os.close(its)
    if teller is not None:
        os.close(teller)
    with os.fdopen(ours, "rb") as answers:
        kernel, errno = _answers(answers.read())
    _, status = os.waitpid(pid, 0)
    if not os.WIFSTOPPED(status):
        raise fail("D_PROC_CREAT", f"failed to execute {words[0]}: {os.strerror(errno)}")
    _ptrace(_PTRACE_SETOPTIONS, pid, _PTRACE_O_EXITKILL)
    return Target(pid, kernel, created=True)


def _become(words: list[str], answers: int, teller: int | None) -> NoReturn:
    """In the new process: tells its kernel pid, then becomes the command, stopped by ptrace; or tells the errno."""
    try:
        # Python ignores these, and an ignored signal stays ignored in a new program.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        os.write(answers, struct.pack("=i", kernel_pid(teller)))
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        _ptrace(_PTRACE_TRACEME, 0, 0)
        os.execvp(words[0], words)
    except OSError as error:
        os.write(answers, struct.pack("=i", error.errno or 0))
    finally:
        os._exit(127)


def _answers(data: bytes) -> tuple[int, int]:
    """The pid, and the errno or 0."""
    numbers = [number for (number,) in struct.iter_unpack("=i", data)]
    kernel, errno, *_ = [*numbers, 0, 0]
    return kernel, errno


def _ptrace(request: int, pid: int, data: int) -> None:
    # A process that was killed while it was held is told of by its pidfd.
    with contextlib.suppress(ProcessLookupError):
        ptrace(request, pid, 0, data)


def _signal_name(number: int) -> str:
    """The name of a signal. Of the real-time ones only the first and the last have one, of the C library's own none."""
    if number in {one.value for one in signal.Signals}:
        return signal.Signals(number).name
    return f"SIGRTMIN{number - int(signal.SIGRTMIN):+d}"


def _wait_status(pid: int) -> int:
    try:
        return os.waitpid(pid, 0)[1]
    except ChildProcessError:
        return 0


def _zombie_status(pid: int) -> int:
    """The status of another's child, while its parent has not asked for it (proc_pid_stat(5), exit_code)."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().split()[-1])
    except (OSError, ValueError):
        return 0
