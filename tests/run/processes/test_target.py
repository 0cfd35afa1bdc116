"""The words of -c."""

from __future__ import annotations

import pytest

from dtrans.run.processes.target import split_command


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("ls -l /tmp", ["ls", "-l", "/tmp"]),
        ("  date\t", ["date"]),
        ("sh -c 'a b'", ["sh", "-c", "a b"]),
        ("echo it's", ["echo", "it's"]),
        ("echo $HOME *", ["echo", "$HOME", "*"]),
        ("", []),
    ],
)
def test_a_command_is_split_at_blanks_and_quotes_hold_words_together(command: str, words: list[str]) -> None:
    assert split_command(command) == words
