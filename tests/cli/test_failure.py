"""Failures end in a message and a status, never in a traceback."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from dtrans.cli.failure import BROKEN_PIPE, INTERRUPTED, guarded
from dtrans.errors import fail, usage

ROOT = Path(__file__).resolve().parents[2]


def raising(error: BaseException) -> Callable[[], NoReturn]:
    def command() -> NoReturn:
        raise error

    return command


def test_a_success_is_passed_on() -> None:
    assert guarded(lambda: 7) == 7


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (fail("D_X", "no good", hint="try y"), 1, "error: no good [D_X]\n  hint: try y\n"),
        (usage("bad line"), 2, "error: bad line [D_USAGE]\n"),
        (KeyboardInterrupt(), INTERRUPTED, ""),
    ],
)
def test_errors_are_told_as_they_render(
    error: BaseException, status: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guarded(raising(error)) == status
    assert capsys.readouterr().err == text


def test_an_interrupt_while_an_error_is_told_ends_quietly(capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(raising(fail("D_X", "no good")), lambda _: raising(KeyboardInterrupt())()) == INTERRUPTED
    assert capsys.readouterr().err == ""


def test_a_bug_is_told_in_one_paragraph_with_the_way_to_more(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DTRANS_DEBUG", raising=False)
    assert guarded(raising(KeyError("x"))) == 1
    told = capsys.readouterr().err
    assert told.startswith("dtrans: internal error: KeyError: 'x'\n")
    assert "DTRANS_DEBUG=1" in told
    assert "Traceback" not in told


def test_a_bug_shows_its_traceback_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DTRANS_DEBUG", "1")
    with pytest.raises(KeyError):
        guarded(raising(KeyError("x")))


def test_a_reader_that_goes_ends_the_command_quietly() -> None:
    text = "import sys; from dtrans.cli.failure import guarded\n"
    text += "sys.exit(guarded(lambda: [print('x' * 99) for _ in range(9999)] and 0))"
    with subprocess.Popen(
        [sys.executable, "-c", text], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(10) == BROKEN_PIPE
