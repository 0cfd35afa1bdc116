"""What options mean that no program shows."""

from __future__ import annotations

import pytest

from dtrans.errors import DtransError
from dtrans.options import Options, check_option, parse_rate, parse_size


@pytest.mark.parametrize(("name", "hint"), [("bufsiz", "do you mean bufsize"), ("zzz", "options.md")])
def test_an_option_that_there_is_not_is_told_with_near_names(name: str, hint: str) -> None:
    with pytest.raises(DtransError) as caught:
        check_option(name, None)
    assert hint in str(caught.value.diagnostic.hint)


@pytest.mark.parametrize("name", ["HOME=", "=", "HOME=/root"])
def test_a_name_to_leave_out_of_the_environment_has_no_value(name: str) -> None:
    assert check_option("unsetenv", "HOME") == "HOME"
    with pytest.raises(DtransError) as caught:
        check_option("unsetenv", name)
    assert caught.value.diagnostic.message == "failed to set -x unsetenv: Invalid value for specified option"


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


def test_a_size_is_a_number_of_c_with_a_unit() -> None:
    assert [parse_size(text) for text in ("0", "512", "4k", "0x10", "010", "0x2M", "1t")] == [
        0, 512, 4096, 16, 8, 2 << 20, 1 << 40,
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "k", "1b", "-1", "1.5m", "4kk", "09", "0x", "\u0664"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(DtransError):
        parse_size(text)


def test_a_number_of_any_length_is_lowered_or_refused() -> None:
    nines = "9" * 5000
    assert Options({"bufsize": nines}).size("bufsize") == 1 << 30
    assert (parse_rate(nines), parse_rate(f"{nines}s")) == (1, (1 << 63) - 1)
    for name in ("strsize", "nspec", "cpu"):
        with pytest.raises(DtransError):
            check_option(name, nines)


@pytest.mark.parametrize("text", ["0", "0hz", "0s"])
def test_no_time_between_two_events_is_a_rate(text: str) -> None:
    assert parse_rate(text) == 0


@pytest.mark.parametrize("text", ["", "hz", "-1", "1.5s", "5 s", "10furlongs", "\u0664"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(DtransError):
        parse_rate(text)


@pytest.mark.parametrize(("text", "value"), [("on", "1"), ("4", "1"), ("0", "0"), ("UNSET", "0")])
def test_a_flag_is_a_word_or_a_number(text: str, value: str) -> None:
    assert check_option("aggsortrev", text) == value
