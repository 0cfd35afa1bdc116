"""Descriptors that are slow to close: few at once, many by another process, and all of them in the end."""

from __future__ import annotations

import os
import select

import pytest

from dtrans.run.programs.detach import close_lingering

LONG = 60.0


def pipes(count: int) -> tuple[list[int], list[int]]:
    """Readers, each at its end as soon as nobody has the writer of the same place open."""
    made = [os.pipe() for _ in range(count)]
    return [reader for reader, _ in made], [writer for _, writer in made]


@pytest.mark.parametrize("count", [0, 1, 4, 5, 300])
def test_all_are_closed_in_the_end(count: int) -> None:
    readers, writers = pipes(count)
    close_lingering(writers)
    for writer in writers:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(writer)
    for reader in readers:
        assert select.select([reader], [], [], LONG)[0], "somebody still has the other end"
        assert os.read(reader, 1) == b""
        os.close(reader)


def test_nothing_else_is_kept_open() -> None:
    (reader,), (writer,) = pipes(1)
    _, links = pipes(9)
    close_lingering(links)
    os.close(writer)
    assert select.select([reader], [], [], LONG)[0]
    os.close(reader)
