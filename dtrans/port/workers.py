"""Does many small tasks in several processes, so that a task that dies takes only itself along.

`Workers.run` gives each task's result as it comes. A process that dies, or takes too long, is told as `Lost` for the
task it had, and another process takes its place. (concurrent.futures would lose all tasks with one dead process.)
"""

from __future__ import annotations

import multiprocessing
import os
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from dtrans.values import dataclass


@dataclass(frozen=True, slots=True)
class Lost:
    """No result: `reason` says how the task's process ended, or what it raised."""

    reason: str


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection
    task: int | None = None
    since: float = 0.0


class Workers:
    """`jobs` processes. `make` is called once in each and gives the function that does its tasks; `limit` is the
    longest time for one task, in seconds. What goes between processes must be picklable."""

    def __init__(self, make: Callable[[], Callable[[Any], Any]], jobs: int, limit: float) -> None:
        self._make = make
        self._jobs = jobs
        self._limit = limit
        # A fresh interpreter each: no threads, locks or descriptors of this process go along.
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []

    def run(self, tasks: Sequence[Any]) -> Iterator[tuple[int, Any | Lost]]:
        """Each task's index with its result, as they end."""
        waiting = list(reversed(range(len(tasks))))
        try:
            while waiting or any(worker.task is not None for worker in self._workers):
                self._start(min(self._jobs, len(waiting)))
                for worker in self._workers:
                    if worker.task is None and waiting:
                        worker.task, worker.since = waiting.pop(), time.monotonic()
                        worker.pipe.send(tasks[worker.task])
                yield from self._ended()
        finally:
            self.close()

    def close(self) -> None:
        """Ends all processes, busy or not."""
        for worker in self._workers:
            self._end(worker)
        self._workers.clear()

    def _start(self, wanted: int) -> None:
        """Starts processes until `wanted` are idle, or there are as many as may be."""
        idle = sum(worker.task is None for worker in self._workers)
        for _ in range(min(wanted - idle, self._jobs - len(self._workers))):
            ours, theirs = self._context.Pipe()
            process = self._context.Process(target=_serve, args=(self._make, theirs), daemon=True)
            process.start()
            theirs.close()
            self._workers.append(_Worker(process, ours))

    def _ended(self) -> Iterator[tuple[int, Any | Lost]]:
        busy = [worker for worker in self._workers if worker.task is not None]
        patience = max(0.0, min(worker.since for worker in busy) + self._limit - time.monotonic())
        ready = set(wait([worker.pipe for worker in busy], patience))
        for worker in busy:
            assert worker.task is not None
            task = worker.task
            if worker.pipe in ready:
                yield task, self._receive(worker)
            elif time.monotonic() - worker.since >= self._limit:
                self._discard(worker)
                yield task, Lost(f"no end after {self._limit:g} seconds")

    def _receive(self, worker: _Worker) -> Any | Lost:
        try:
            result = worker.pipe.recv()
        except (EOFError, OSError):
            self._discard(worker)
            return Lost(f"its process ended with status {worker.process.exitcode}")
        worker.task = None
        return result

    def _discard(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        worker.process.join(1.0)
        self._end(worker)

    @staticmethod
    def _end(worker: _Worker) -> None:
        worker.pipe.close()
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()


def _serve(make: Callable[[], Callable[[Any], Any]], pipe: Connection) -> None:
    """A worker process: does tasks until the pipe closes."""
    do = None
    try:
        while True:
            task = pipe.recv()
            try:
                do = do or make()
                result = do(task)
            except Exception as error:  # noqa: BLE001  a fault with one task must not stop the others
                debug = os.environ.get("DTRANS_DEBUG") == "1"
                result = Lost(traceback.format_exc() if debug else f"{type(error).__name__}: {error}")
            pipe.send(result)
    except (EOFError, KeyboardInterrupt, BrokenPipeError):
        return
