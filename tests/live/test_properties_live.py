"""Random programs on the real kernel: the verifier refuses none, and what they print is what D means."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Mapping
from tempfile import NamedTemporaryFile

from hypothesis import given, reject
from hypothesis import strategies as st

from dtrans.errors import DtransError
from dtrans.run.programs.load import load
from tests import loads
from tests.conftest import TIMEOUT, command, has
from tests.generator import examples
from tests.generator.arithmetic import sums
from tests.generator.broken import COMMAND_LINES, broken
from tests.generator.layouts import records
from tests.generator.programs import OPTIONS as OF_PROGRAMS
from tests.generator.programs import programs
from tests.generator.texts import lines
from tests.generator.whole import FIRINGS, wholes
from tests.generator.whole import OPTIONS as OF_WHOLES
from tests.programs import host, pipeline, printed

#: Fires the probes of whole programs.
TARGET = shlex.join(loads.command("getppid", FIRINGS))
WHOLES = wholes(processes=has("feature:attach_cookie"))


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


@examples(8)
@given(records())
def test_structures_hold_what_they_are_given_where_c_has_it(made: tuple[str, str]) -> None:
    text, expected = made
    assert printed(text) == expected + "\n"


@examples(2)
@given(WHOLES)
def test_objects_of_whole_programs_have_the_same_text_and_the_faults(made: tuple[str, str]) -> None:
    text, expected = made
    options = {"quiet": "1", "oformat": "json"}
    found = [json.loads(line) for line in printed(text, options=options, commands=[TARGET]).splitlines()]
    assert "".join(one.get("text", "") for one in found) == expected
    faults = [line for line in expected.splitlines() if line.startswith("fault ")]
    assert sum(one["type"] == "error" for one in found) == len(faults)


@examples(4)
@given(WHOLES, st.sampled_from(OF_WHOLES))
def test_whole_programs_print_what_they_mean(made: tuple[str, str], options: Mapping[str, str]) -> None:
    text, expected = made
    shown = printed(text, options={"quiet": "1", **options}, commands=[TARGET])
    # The empty lines of the end of the target, and of the end of tracing, stand where these come.
    assert "".join(shown.split("\n")) == "".join(expected.split("\n"))


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
@given(programs(), st.sampled_from(OF_PROGRAMS))
def test_the_verifier_refuses_no_program(text: str, options: Mapping[str, str]) -> None:
    try:
        artifact = pipeline(text, options=options, target=True).artifact
    except DtransError as error:
        # What folds to a division by the constant 0, or to an index beyond its array, is no program.
        if error.diagnostic.tag not in ("D_DIV_ZERO", "D_ARR_BOUNDS"):
            raise
        reject()
    load(artifact, host()).close()
