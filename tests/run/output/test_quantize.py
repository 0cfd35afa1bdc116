from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from dtrans.artifact import Aggregation
from dtrans.run.output.quantize import (
    QUANTIZE_BUCKETS,
    QUANTIZE_ZERO,
    bucket_value,
    draw_distribution,
    log_linear_values,
    quotient,
    scale_of,
)

INT64 = st.integers(-(2**63), 2**63 - 1)


def linear(base: int, limit: int, step: int) -> Aggregation:
    return Aggregation("", "lquantize", (), 0, ((limit - base) // step + 2) * 8, (base, limit, step))


def drawn(aggregation: Aggregation, counts: dict[int, int], normal: int = 1) -> str:
    scale = scale_of(aggregation)
    return draw_distribution(scale, [counts.get(place, 0) for place in range(len(scale.labels))], normal).decode()


QUANTIZE = Aggregation("", "quantize", (), 0, QUANTIZE_BUCKETS * 8)


def test_quantize_shows_one_row_before_and_one_behind() -> None:
    # 0 twice, 1 six times, 2..3 nineteen times; libdtrace's own figures for this case.
    assert drawn(QUANTIZE, {63: 2, 64: 6, 65: 19}) == (
        "\n"
        "           value  ------------- Distribution ------------- count    \n"
        "              -1 |                                         0        \n"
        "               0 |@@@                                      2        \n"
        "               1 |@@@@@@@@@                                6        \n"
        "               2 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@             19       \n"
        "               4 |                                         0        \n"
    )


def test_negative_weights_turn_the_axis_to_the_right() -> None:
    assert drawn(QUANTIZE, {64: -12}) == (
        "\n"
        "           value  ------------- Distribution ------------- count    \n"
        "               0                                         | 0        \n"
        "               1 @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@| -12      \n"
        "               2                                         | 0        \n"
    )


def test_weights_of_both_signs_put_the_axis_in_the_middle() -> None:
    lines = drawn(QUANTIZE, {64: -3, 65: 1}).splitlines()[2:]
    assert lines == [
        "               0                     |                     0        ",
        "               1      @@@@@@@@@@@@@@@|                     -3       ",
        "               2                     |@@@@@                1        ",
        "               4                     |                     0        ",
    ]


def test_no_data_shows_the_buckets_around_zero() -> None:
    lines = drawn(QUANTIZE, {}).splitlines()[2:]
    assert [line.split()[0] for line in lines] == ["-1", "0", "1"]
    assert all(line.endswith(f"|{'':40} 0        ") for line in lines)


def test_the_outermost_buckets_have_no_row_beyond() -> None:
    assert drawn(QUANTIZE, {126: 1}).splitlines()[-1].split()[0] == str(2**62)
    assert drawn(QUANTIZE, {0: 1}).splitlines()[2].split()[0] == str(-(2**62))


def test_counts_are_normalised_and_bars_are_not() -> None:
    line = drawn(QUANTIZE, {64: 10, 65: 30}, normal=7).splitlines()[3]
    assert line == "               1 |@@@@@@@@@@                               1        "


def test_lquantize_labels_what_is_below_and_above() -> None:
    assert drawn(linear(-10, 10, 1), {0: 25}).splitlines()[2:] == [
        "           < -10 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@ 25       ",
        "             -10 |                                         0        ",
    ]
    assert drawn(linear(-10, 10, 1), {21: -100}).splitlines()[2:] == [
        "               9                                         | 0        ",
        "           >= 10 @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@| -100     ",
    ]
    assert [line.split("|")[0].strip() for line in drawn(linear(0, 1000, 100), {}).splitlines()[2:]] == [
        "< 0", "0", "100",
    ]  # fmt: skip


def test_llquantize_has_equal_steps_in_each_order_of_magnitude() -> None:
    # The Guide's example: llquantize(value, 10, 0, 6, 20).
    starts = list(log_linear_values((10, 0, 6, 20)))
    assert starts[:12] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 20]
    assert starts[25:29] == [90, 95, 100, 150]
    assert starts[-2:] == [9_500_000, 10_000_000]
    aggregation = Aggregation("", "llquantize", (), 0, 8 * (len(starts) + 1), (10, 0, 6, 20))
    lines = drawn(aggregation, {0: 1, 10: 3}).splitlines()[2:]
    assert lines[0] == "             < 1 |@@@@@@@@@@                               1        "
    assert [line.split("|")[0].strip() for line in lines[-2:]] == ["10", "15"]
    assert drawn(aggregation, {len(starts): 1}).splitlines()[-1].startswith("     >= 10000000 |@")


@given(INT64)
def test_a_value_falls_into_the_quantize_bucket_that_brackets_it(value: int) -> None:
    # The kernel's rule: by the length of the number, away from 0.
    bucket = QUANTIZE_ZERO if value == 0 else QUANTIZE_ZERO + abs(value).bit_length() * (1 if value > 0 else -1)
    if 0 < abs(value) < 2**63:
        low, high = abs(bucket_value(bucket)), 2 * abs(bucket_value(bucket))
        assert low <= abs(value) < high
        assert (bucket_value(bucket) < 0) == (value < 0)
    elif value == 0:
        assert bucket_value(bucket) == 0


@given(st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=60))
def test_bars_are_as_long_as_their_share_and_counts_add_up(values: list[int]) -> None:
    counts = Counter(
        QUANTIZE_ZERO if v == 0 else QUANTIZE_ZERO + abs(v).bit_length() * (1 if v > 0 else -1) for v in values
    )
    rows = drawn(QUANTIZE, counts).splitlines()[2:]
    shown = {int(row[:16]): (row[17:].count("@"), int(row.split()[-1])) for row in rows}
    assert sum(count for _, count in shown.values()) == len(values)
    for bucket, count in counts.items():
        marks, told = shown[bucket_value(bucket)]
        assert told == count
        assert abs(marks - 40 * count / len(values)) <= 0.5 + 1e-9


@given(INT64, INT64.filter(bool))
def test_division_is_c_division(value: int, divisor: int) -> None:
    result = quotient(value, divisor)
    assert abs(value - result * divisor) < abs(divisor)
    assert result == 0 or (result < 0) == ((value < 0) != (divisor < 0))
    assert abs(result * divisor) <= abs(value)
