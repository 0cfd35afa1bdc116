"""Standard inlines: read where a program names them and does not declare them itself."""

from __future__ import annotations

import pytest

from dtrans.knowledge.inlines import standard_inlines


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("BEGIN { trace(tcp_state_string[0]); }", 1),
        ("BEGIN { trace(tcp_state_strings); }", 0),
        ('inline string tcp_state_string[int s] = s == 0 ? "a" : "b"; BEGIN { trace(tcp_state_string[0]); }', 0),
        ("BEGIN { trace(0); }", 0),
    ],
)
def test_an_inline_is_read_by_programs_that_name_it(text: str, number: int) -> None:
    found = list(standard_inlines([text]))
    assert len(found) == number
    assert all(source.text.startswith("inline string tcp_state_string[int32_t state] =") for source in found)
