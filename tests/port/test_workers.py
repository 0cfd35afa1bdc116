"""Tasks are done in several processes, and none is lost without word."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest

from dtrans.port.workers import Lost, Workers


def doubling() -> Callable[[int], int]:
    return lambda number: number * 2


def fragile() -> Callable[[str], str]:
    def do(task: str) -> str:
        match task:
            case "raise":
                raise ValueError("no good")
            case "die":
                os._exit(7)
            case "hang":
                time.sleep(60)
        return task

    return do


def broken() -> Callable[[str], str]:
    raise OSError("nothing here")


def test_every_task_has_its_result() -> None:
    assert dict(Workers(doubling, 2, 30).run(range(7))) == {index: index * 2 for index in range(7)}


def test_no_tasks_start_no_process() -> None:
    assert list(Workers(doubling, 2, 30).run([])) == []


@pytest.mark.parametrize(
    ("task", "seconds", "reason"),
    [
        ("raise", 60, "ValueError: no good"),
        ("die", 60, "its process ended with status 7"),
        ("hang", 10, "no end after 10 seconds"),
    ],
)
def test_a_task_that_fails_takes_no_other_along(task: str, seconds: int, reason: str) -> None:
    results = dict(Workers(fragile, 2, seconds).run(["a", task, "b", "c"]))
    assert results == {0: "a", 1: Lost(reason), 2: "b", 3: "c"}


def test_a_process_that_cannot_begin_is_told_for_each_task() -> None:
    assert dict(Workers(broken, 1, 30).run(["a", "b"])) == {
        0: Lost("OSError: nothing here"),
        1: Lost("OSError: nothing here"),
    }
