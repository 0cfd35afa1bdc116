"""Random programs on the real kernel: the verifier refuses none, and numbers and strings are those of D."""

from __future__ import annotations

import subprocess
from tempfile import NamedTemporaryFile

from hypothesis import given, reject

from dtrans.errors import DtransError
from dtrans.run.programs.load import load
from tests.conftest import TIMEOUT, command
from tests.generator import examples
from tests.generator.arithmetic import sums
from tests.generator.broken import COMMAND_LINES, broken
from tests.generator.programs import programs
from tests.generator.texts import lines
from tests.programs import host, pipeline, printed


@examples(12)
@given(sums())
def test_numbers_are_those_of_its_arithmetic(made: tuple[str, list[str]]) -> None:
    text, expected = made
    assert printed(text).split() == expected


@examples(12)
@given(lines())
def test_strings_are_those_of_the_subroutines(made: tuple[str, list[bytes]]) -> None:
    text, expected = made
    assert printed(text).encode().split(b"\n")[:-2] == expected


@examples(6)
@given(COMMAND_LINES, broken())
def test_no_command_line_and_no_script_give_anything_but_output_and_messages(options: list[str], script: str) -> None:
    with NamedTemporaryFile("w", suffix=".d") as file:
        file.write(script)
        file.flush()
        line = command(*options, "-s", file.name, "41", "word", drop_in=True)
        done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT, check=False)
    assert done.returncode >= 0
    for words in (b"Traceback", b"D_INTERNAL", b"internal error", b"main.c"):
        assert words not in done.stderr


@examples(12)
@given(programs())
def test_the_verifier_refuses_no_program(text: str) -> None:
    try:
        artifact = pipeline(text, target=True).artifact
    except DtransError as error:
        if error.diagnostic.tag != "D_DIV_ZERO":  # What folds to a division by the constant 0 is no program.
            raise
        reject()
    load(artifact, host()).close()
