"""Closing what the kernel is slow to detach, without anyone waiting for it.

Before it lets go of a program the kernel waits until no CPU can be running it: some 70 ms for each perf event of a
tracepoint, one after the other, under a lock of all of them (kernel/trace/trace_event_perf.c, perf_trace_destroy;
kernel/trace/bpf_trace.c, perf_event_detach_bpf_prog). A process that only ends does that for us: until it has, the
programs fire, and return at once, since tracing has stopped.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress

#: So many are detached by the time that a session ends.
_CLOSED_AT_ONCE = 4


def close_lingering(links: Sequence[int]) -> None:
    """Closes descriptors by which programs are attached that look whether tracing has stopped: at once a few, and by
    a process of its own where they are many."""
    waiting = _fork_heir(links) if len(links) > _CLOSED_AT_ONCE else None
    for link in links:
        os.close(link)
    if waiting is not None:
        os.close(waiting)


def _fork_heir(links: Sequence[int]) -> int | None:
    """A process that has the descriptors too, and nothing else: it ends when what this gives is closed, and closes
    them by that. None when there can be no such process."""
    try:
        theirs, ours = os.pipe2(os.O_CLOEXEC)
        heir = os.fork()
    except OSError:
        return None
    if heir:
        os.close(theirs)
        return ours
    try:
        # Neither a terminal's signals nor a pipe's reader are to have anything to do with it.
        os.setsid()
        os.close(ours)
        _close_all_but(sorted((*links, theirs)))
        os.read(theirs, 1)
    finally:
        os._exit(0)


def _close_all_but(kept: Sequence[int]) -> None:
    first = 0
    for each in kept:
        os.closerange(first, each)
        first = each + 1
    with suppress(OSError):
        os.closerange(first, os.sysconf("SC_OPEN_MAX"))
