"""Random programs on the real kernel: the verifier refuses none, and numbers and strings are those of D."""

from __future__ import annotations

from hypothesis import given, reject

from dtrans.errors import DtransError
from dtrans.run.programs.load import load
from tests.generator import examples
from tests.generator.arithmetic import sums
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
