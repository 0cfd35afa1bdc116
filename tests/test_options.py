"""What options mean that no program shows."""

from __future__ import annotations

import pytest

from dtrans.options import Options


@pytest.mark.parametrize(
    ("given", "size", "lowered"),
    [
        ({}, 4 << 20, {}),
        ({"bufsize": "64k"}, 64 << 10, {}),
        ({"bufsize": "1g"}, 1 << 30, {}),
        ({"bufsize": "4g"}, 1 << 30, {"buffer size": 1 << 30}),
        ({"bufsize": "4g", "aggsize": "1t"}, 1 << 30, {"aggregation size": 1 << 30, "buffer size": 1 << 30}),
    ],
)
def test_a_buffer_that_is_too_large_is_lowered(given: dict[str, str], size: int, lowered: dict[str, int]) -> None:
    options = Options(given)
    assert (options.size("bufsize"), options.lowered()) == (size, lowered)
