"""What is refused before the kernel sees it."""

from __future__ import annotations

import pytest

from dtrans import artifact
from dtrans.errors import DtransError
from dtrans.run.programs.load import check_length

BEGIN = artifact.Program("prog_0", artifact.TestRun("BEGIN"))


def test_a_function_in_which_jumps_may_be_too_long_is_refused_and_others_are_not() -> None:
    check_length(BEGIN, 32767, ())
    check_length(BEGIN, 90000, (30000, 60000))
    for functions in ((), (10,), (32768,)):
        with pytest.raises(DtransError, match="the probe BEGIN is longer than a program of the kernel may be"):
            check_length(BEGIN, 32768 + 10, functions)
