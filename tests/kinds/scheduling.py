"""Time on processors, and off them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable


def together(children: int, work: Callable[[int], None]) -> None:
    """Runs `work` in some child processes at the same time, spread over the CPUs."""
    started, cpus = [], sorted(os.sched_getaffinity(0))
    gate, opener = os.pipe()
    for number in range(children):
        if not (child := os.fork()):
            os.close(opener)
            os.read(gate, 1)  # Ends when all have been started.
            os.sched_setaffinity(0, [cpus[number % len(cpus)]])
            work(number)
            os._exit(0)
        started.append(child)
    os.close(opener)
    for child in started:
        os.waitpid(child, 0)


def _sleep(times: str, seconds: str) -> None:
    for _ in range(int(times)):
        time.sleep(float(seconds))


def _spin(seconds: str) -> None:
    """Uses that much processor time."""
    end = time.process_time() + float(seconds)
    while time.process_time() < end:
        pass


def _spin_everywhere(seconds: str) -> None:
    """Uses that much processor time on each CPU in turn."""
    for cpu in sorted(os.sched_getaffinity(0)):
        os.sched_setaffinity(0, [cpu])
        _spin(seconds)


def _yield(times: str) -> None:
    for _ in range(int(times)):
        os.sched_yield()


def _wander(times: str) -> None:
    """Moves from one CPU to another and back."""
    cpus = sorted(os.sched_getaffinity(0))
    for number in range(int(times) + 1):
        os.sched_setaffinity(0, [cpus[number % 2]])


def _crowd(times: str) -> None:
    """A process that works on one CPU, where another wakes up again and again and wants it, sent for from a third."""
    cpus = sorted(os.sched_getaffinity(0))
    reading, writing = os.pipe()

    def work(number: int) -> None:
        if number == 2:
            for _ in range(int(times)):
                time.sleep(0.01)
                os.write(writing, b"x")
            return
        os.sched_setaffinity(0, cpus[-1:])
        if number == 1:
            for _ in range(int(times)):
                os.read(reading, 1)
        else:
            os.nice(5)
            _spin(str(int(times) * 0.01))

    together(3, work)


KINDS: dict[str, Callable[..., None]] = {
    "sleep": _sleep,
    "spin": _spin,
    "spin-everywhere": _spin_everywhere,
    "yield": _yield,
    "wander": _wander,
    "crowd": _crowd,
}
