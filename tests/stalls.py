"""Runs a command while this machine's processors stand still now and then, as those of a busy host do.

``python -m tests.stalls -- .venv/bin/pytest -q -m live``

A live test that counts on a rate, on a processor, on which of two processes is first, or on time that passes, holds a
hundred times on a quiet machine and fails once on a busy one. Here a task of real-time priority takes each processor
from everything else: often for a few milliseconds, which changes who is first; at times for most of a second, and at
times all processors at once, as when the host runs another machine. Needs root. With one seed the stalls have the same
lengths, which does not make what they hit repeat.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from multiprocessing import Process

_PRIORITY = 50
_SHORT, _LONG = (0.002, 0.06), (0.3, 1.5)  # s. The kernel leaves a starved processor 5 % of each second.
_PAUSE = 0.35  # s, mean, between two stalls of one processor
_OFTEN = 0.92  # of all stalls are short
_ALL_EVERY = 20.0  # s, between two stalls of all processors


def _stall(length: float) -> None:
    end = time.monotonic() + length
    while time.monotonic() < end:
        pass


def _stalls_of(cpu: int, seed: int) -> None:
    os.sched_setaffinity(0, {cpu})
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_PRIORITY))
    own, common = random.Random(f"{seed} {cpu}"), random.Random(seed)
    together = time.monotonic() + common.expovariate(1 / _ALL_EVERY)
    while True:
        time.sleep(own.expovariate(1 / _PAUSE))
        if time.monotonic() > together:
            _stall(common.uniform(*_LONG))
            together = time.monotonic() + common.expovariate(1 / _ALL_EVERY)
        else:
            _stall(own.uniform(*(_SHORT if own.random() < _OFTEN else _LONG)))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.stalls", description="Run a command beside stalls.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("command", nargs="+", help="after --")
    options = parser.parse_args()
    stalls = [Process(target=_stalls_of, args=(cpu, options.seed), daemon=True) for cpu in os.sched_getaffinity(0)]
    for process in stalls:
        process.start()
    try:
        return subprocess.run(options.command, check=False).returncode
    finally:
        for process in stalls:
            process.kill()


if __name__ == "__main__":
    sys.exit(main())
