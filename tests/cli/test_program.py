"""Commands as programs: all of their output is written, and the status is theirs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*words: str, redirected: str = "") -> subprocess.CompletedProcess[str]:
    command = ["sh", "-c", f'exec "$@" {redirected}', "sh", sys.executable, *words]
    return subprocess.run(command, cwd=ROOT, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False)


def test_what_was_printed_is_written_and_the_status_is_the_commands() -> None:
    text = "from dtrans.cli.program import program; program(lambda: print('text', end='') or 3)"
    done = run("-c", text)
    assert (done.returncode, done.stdout, done.stderr) == (3, "text", "")


@pytest.mark.parametrize("redirected", [">&-", ">/dev/full", "2>&-"])
def test_an_output_that_cannot_be_written_is_no_traceback(redirected: str) -> None:
    done = run(
        "-c", "from dtrans.cli.program import program; program(lambda: print('text') or 3)", redirected=redirected
    )
    assert (done.returncode, done.stderr) == (3, "")


@pytest.mark.parametrize(("name", "word"), [("dtrans", "--version"), ("dtrans-dtrace", "-V")])
def test_the_scripts_start_the_commands(name: str, word: str) -> None:
    done = run("bin/" + name, word)
    assert (done.returncode, done.stderr) == (0, "")
    assert "dtrans" in done.stdout
