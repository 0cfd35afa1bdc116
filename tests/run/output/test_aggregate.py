from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Callable
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtrans.artifact import Aggregation, Field
from dtrans.options import Options
from dtrans.run.kernel.tables import Entries
from dtrans.run.output.aggregate import AggregationState, scalar_value
from dtrans.run.output.decode import Names
from dtrans.run.output.entries import combine_cpus
from dtrans.run.output.quantize import QUANTIZE_BUCKETS, QUANTIZE_ZERO
from tests.run.made import Maps, Symbols, make_artifact

KEY = (Field("uint", 0, 8),)


def make_state(*aggregations: Aggregation, **options: str) -> tuple[AggregationState, Maps]:
    artifact = make_artifact(aggregations=aggregations)
    maps = Maps()
    return AggregationState(artifact, Names(artifact, Symbols()), maps, Options(options)), maps


def of(function: str, keys: tuple[Field, ...] = KEY, words: int = 1, parameters: tuple[int, ...] = ()) -> Aggregation:
    size = sum(field.size for field in keys)
    return Aggregation("a", function, keys, size, words * 8, parameters)  # type: ignore[arg-type]


def number(key: int) -> bytes:
    return struct.pack("<Q", key)


def shown(state: AggregationState, table: int = 0) -> dict[int, int]:
    """Key -> value in the order of printing."""
    function = state.tables[table].aggregation.function
    normal = state.tables[table].normal
    return {
        struct.unpack("<Q", row.key)[0]: scalar_value(function, row.value, normal) for row in state.sorted_rows(table)
    }


def test_cpus_are_summed_and_read_once_a_batch() -> None:
    state, maps = make_state(of("count"))
    maps.add(0, number(5), [3], cpu=0)
    maps.add(0, number(5), [4], cpu=1)
    assert shown(state) == {5: 7}
    maps.add(0, number(5), [1])
    assert shown(state) == {5: 7}
    state.new_batch()
    assert shown(state) == {5: 8}


def test_clear_keeps_the_keys_at_zero_and_counts_on() -> None:
    state, maps = make_state(of("sum"))
    maps.add(0, number(1), [10])
    maps.add(0, number(2), [20])
    state.clear(0)
    assert shown(state) == {1: 0, 2: 0}
    maps.add(0, number(2), [5])
    state.new_batch()
    assert shown(state) == {1: 0, 2: 5}


@pytest.mark.parametrize(
    ("aggregation", "events", "value"),
    [
        (of("count"), (7, 9), 2),
        (of("sum"), (7, -9), -2),
        (of("avg", words=2), (7, 9), 8),
        (of("min", words=2), (7, 9), 7),
        (of("max", words=2), (7, 9), 9),
        (of("stddev", words=4), (7, 9), 1),
    ],
)
def test_events_that_the_map_lacks_count_as_if_they_stood_there(
    aggregation: Aggregation, events: tuple[int, ...], value: int
) -> None:
    state, _ = make_state(aggregation)
    for event in events:
        state.add(0, number(5), event, 1)
    assert shown(state) == {5: value}
    state.new_batch()
    assert shown(state) == {5: value}
    state.clear(0)
    assert shown(state) == {5: 0}
    state.add(0, number(5), 3, 1)
    assert shown(state)[5] == {"count": 1, "stddev": 0}.get(aggregation.function, 3)
    state.trunc(0, None)
    assert shown(state) == {}
    state.add(0, number(5), 3, 1)
    assert set(shown(state)) == {5}


def test_events_that_the_map_lacks_are_added_to_those_that_it_has() -> None:
    state, maps = make_state(of("count"), of("max", words=2))
    maps.add(0, number(5), [3])
    maps.add(1, number(5), [20, 1])
    state.add(0, number(5), 0, 1)
    state.add(1, number(5), 9, 1)
    assert shown(state, 0) == {5: 4}
    assert shown(state, 1) == {5: 20}


@pytest.mark.parametrize(
    ("aggregation", "value", "bucket"),
    [
        (of("quantize", words=QUANTIZE_BUCKETS), 0, QUANTIZE_ZERO),
        (of("quantize", words=QUANTIZE_BUCKETS), 1, QUANTIZE_ZERO + 1),
        (of("quantize", words=QUANTIZE_BUCKETS), 3, QUANTIZE_ZERO + 2),
        (of("quantize", words=QUANTIZE_BUCKETS), -1, QUANTIZE_ZERO - 1),
        (of("quantize", words=QUANTIZE_BUCKETS), -3, QUANTIZE_ZERO - 2),
        (of("quantize", words=QUANTIZE_BUCKETS), (1 << 63) - 1, QUANTIZE_BUCKETS - 1),
        (of("lquantize", words=4, parameters=(0, 20, 10)), -1, 0),
        (of("lquantize", words=4, parameters=(0, 20, 10)), 0, 1),
        (of("lquantize", words=4, parameters=(0, 20, 10)), 19, 2),
        (of("lquantize", words=4, parameters=(0, 20, 10)), 20, 3),
        (of("llquantize", words=20, parameters=(10, 0, 1, 10)), 25, 11),
    ],
)
def test_an_event_that_the_map_lacks_has_its_bucket(aggregation: Aggregation, value: int, bucket: int) -> None:
    state, _ = make_state(aggregation)
    state.add(0, number(5), value, 7)
    (row,) = state.sorted_rows(0)
    assert {place: count for place, count in enumerate(row.value) if count} == {bucket: 7}


def test_a_distribution_that_is_kept_by_its_buckets_is_one_row_of_a_key() -> None:
    spread = Aggregation("a", "lquantize", KEY, 8, 32, (0, 20, 10), by_bucket=True)
    state, maps = make_state(spread)

    def rows() -> dict[int, tuple[int, ...]]:
        return {struct.unpack("<Q", row.key)[0]: row.value for row in state.sorted_rows(0)}

    maps.add(0, number(5) + number(0), [1], cpu=0)
    maps.add(0, number(5) + number(0), [2], cpu=1)
    maps.add(0, number(5) + number(3), [4])
    maps.add(0, number(6) + number(1), [0])
    assert rows() == {6: (0, 0, 0, 0), 5: (3, 0, 0, 4)}
    state.add(0, number(5) + number(2), 15, 7)
    assert rows() == {6: (0, 0, 0, 0), 5: (3, 0, 7, 4)}
    state.clear(0)
    assert rows() == {5: (0, 0, 0, 0), 6: (0, 0, 0, 0)}
    maps.add(0, number(5) + number(3), [1])
    maps.add(0, number(6) + number(1), [9])
    state.new_batch()
    assert rows() == {5: (0, 0, 0, 1), 6: (0, 9, 0, 0)}
    state.trunc(0, 1)
    assert rows() == {5: (0, 0, 0, 1)}
    maps.add(0, number(6) + number(2), [2])
    maps.room = 1
    assert state.relieve() > 0
    assert maps.entries == {}
    assert rows() == {5: (0, 0, 0, 1), 6: (0, 0, 2, 0)}


def test_clear_loses_nothing_that_came_after_the_snapshot() -> None:
    state, maps = make_state(of("count"))
    maps.add(0, number(1), [10])
    assert shown(state) == {1: 10}
    maps.add(0, number(1), [7])
    state.clear(0)
    state.new_batch()
    assert shown(state) == {1: 7}


def test_trunc_hides_rows_until_something_is_added() -> None:
    state, maps = make_state(of("count"))
    for key in (1, 2, 3):
        maps.add(0, number(key), [key * 10])
    state.trunc(0, None)
    assert shown(state) == {}
    maps.add(0, number(2), [4])
    state.new_batch()
    assert shown(state) == {2: 4}


def test_truncated_entries_leave_the_map_when_they_are_many_and_cold() -> None:
    state, maps = make_state(of("count"))
    for key in range(1000):
        maps.add(0, number(key), [10])
    state.trunc(0, None)
    maps.add(0, number(2), [1])
    state.new_batch()
    assert shown(state) == {2: 1}
    assert maps.entries == {}
    maps.add(0, number(1), [6])
    state.new_batch()
    assert shown(state) == {2: 1, 1: 6}


@pytest.mark.parametrize(
    ("function", "words", "events", "values"),
    [
        ("count", 1, ([1], [1], [1]), (1, 2, 3)),
        ("sum", 1, ([5], [2**64 - 7], [4]), (5, -2, 2)),
        ("avg", 2, ([1, 4], [1, 8], [1, 0]), (4, 6, 4)),
        ("stddev", 4, ([1, 4, 16, 0], [1, 8, 64, 0], [1, 6, 36, 0]), (0, 2, 1)),
    ],
)
def test_what_an_emptied_map_had_counts_on(
    function: str, words: int, events: tuple[list[int], ...], values: tuple[int, ...]
) -> None:
    state, maps = make_state(of(function, words=words))
    maps.room = 1
    for event, value in zip(events, values, strict=True):
        maps.add(0, number(5), event)
        assert state.relieve() > 0
        assert maps.entries == {}
        assert shown(state) == {5: value}
    state.clear(0)
    assert shown(state) == {5: 0}
    state.trunc(0, None)
    assert shown(state) == {}


@pytest.mark.parametrize(("function", "best", "value"), [("min", min, 3), ("max", max, 9)])
def test_what_an_emptied_map_had_is_compared_with_what_comes(
    function: str, best: Callable[..., int], value: int
) -> None:
    state, maps = make_state(of(function, words=2))
    maps.room = 1
    for each in (7, 3, 9, 5):
        maps.extreme(0, number(1), each, {"function": best})
        state.relieve()
    assert maps.entries == {}
    assert shown(state) == {1: value}
    maps.extreme(0, number(1), 6, {"function": best})
    state.clear(0)
    assert shown(state) == {1: 0}
    state.relieve()  # A value of before clear() does not come back.
    assert shown(state) == {1: 0}
    maps.extreme(0, number(1), 4, {"function": best})
    state.relieve()
    assert shown(state) == {1: 4}


def test_a_map_that_is_nearly_empty_is_left_alone() -> None:
    state, maps = make_state(of("count"))
    maps.add(0, number(5), [1])
    assert 0 < state.relieve() < 0.01
    assert state.relieve() == 0
    assert list(maps.entries[0]) == [number(5)]


@pytest.mark.parametrize(
    ("count", "left"), [(2, {4: 40, 5: 50}), (-2, {1: 10, 2: 20}), (9, {1: 10, 2: 20, 3: 30, 4: 40, 5: 50}), (0, {})]
)
def test_trunc_keeps_the_greatest_or_the_least(count: int, left: dict[int, int]) -> None:
    state, maps = make_state(of("count"), aggsortrev="")
    for key in (3, 1, 5, 2, 4):
        maps.add(0, number(key), [key * 10])
    state.trunc(0, count)
    assert shown(state) == left


def test_trunc_does_not_heed_the_sorting_options() -> None:
    state, maps = make_state(of("count"), aggsortrev="1", aggsortkey="1")
    for key, value in ((1, 30), (2, 20), (3, 10)):
        maps.add(0, number(key), [value])
    state.trunc(0, 1)
    assert shown(state) == {1: 30}


def test_trunc_of_equal_values_keeps_the_greatest_keys() -> None:
    state, maps = make_state(of("count"))
    for key in (1, 2, 3):
        maps.add(0, number(key), [7])
    state.trunc(0, 2)
    assert shown(state) == {2: 7, 3: 7}


def test_min_ignores_cpus_that_never_saw_the_key() -> None:
    state, maps = make_state(of("min", words=2), of("max", words=2))
    maps.extreme(0, number(1), 50, {"function": min}, cpu=1)
    maps.extreme(1, number(1), -50, {"function": max}, cpu=1)
    assert shown(state, 0) == {1: 50}
    assert shown(state, 1) == {1: -50}


def test_clear_of_an_extreme_begins_an_epoch() -> None:
    state, maps = make_state(of("max", words=2))
    for key, value in ((1, 90), (1, 40), (2, 70)):
        maps.extreme(0, number(key), value, {"function": max})
    assert shown(state) == {2: 70, 1: 90}
    state.clear(0)
    assert maps.epochs == {0: 1}
    assert shown(state) == {1: 0, 2: 0}
    maps.extreme(0, number(1), 5, {"function": max})
    state.new_batch()
    assert shown(state) == {2: 0, 1: 5}


def test_trunc_of_an_extreme_begins_it_anew() -> None:
    state, maps = make_state(of("min", words=2))
    for key, value in ((1, 10), (2, 20)):
        maps.extreme(0, number(key), value, {"function": min})
    state.trunc(0, 1)
    assert shown(state) == {2: 20}
    maps.extreme(0, number(1), 99, {"function": min})
    state.new_batch()
    assert shown(state) == {2: 20, 1: 99}


def test_rows_sort_by_value_and_then_by_key() -> None:
    state, maps = make_state(of("sum"))
    for key, value in ((9, 1), (3, 1), (1, 5), (2, -4)):
        maps.add(0, number(key), [value % 2**64])
    assert shown(state) == {2: -4, 3: 1, 9: 1, 1: 5}


def test_keys_sort_as_unsigned_numbers() -> None:
    # As in dtrace, where negative keys come last.
    keys = (Field("int", 0, 8),)
    state, maps = make_state(of("sum", keys), aggsortkey="1")
    for key in (-2, -1, 0, 1):
        maps.add(0, struct.pack("<q", key), [1])
    assert [struct.unpack("<q", row.key)[0] for row in state.sorted_rows(0)] == [0, 1, -2, -1]


@pytest.mark.parametrize(
    ("options", "order"),
    [
        ({}, [(1, 3), (3, 1), (2, 2)]),
        ({"aggsortrev": "1"}, [(2, 2), (3, 1), (1, 3)]),
        ({"aggsortkey": "1"}, [(1, 3), (2, 2), (3, 1)]),
        ({"aggsortkey": "1", "aggsortkeypos": "1"}, [(3, 1), (2, 2), (1, 3)]),
        ({"aggsortkey": "1", "aggsortrev": "1"}, [(3, 1), (2, 2), (1, 3)]),
        ({"aggsortkeypos": "1"}, [(3, 1), (1, 3), (2, 2)]),
        ({"aggsortkeypos": "7"}, [(1, 3), (3, 1), (2, 2)]),
    ],
)
def test_sorting_options(options: dict[str, str], order: list[tuple[int, int]]) -> None:
    keys = (Field("uint", 0, 4), Field("uint", 4, 4))
    state, maps = make_state(of("count", keys), **options)
    for key, value in (((1, 3), 5), ((2, 2), 8), ((3, 1), 5)):
        maps.add(0, struct.pack("<II", *key), [value])
    assert [struct.unpack("<II", row.key) for row in state.sorted_rows(0)] == order


def test_averages_sort_by_their_quotient_toward_zero() -> None:
    state, maps = make_state(of("avg", words=2))
    maps.add(0, number(1), [2, 9])
    maps.add(0, number(2), [10, 30])
    maps.add(0, number(3), [2, (-7) % 2**64])
    assert shown(state) == {3: -3, 2: 3, 1: 4}


def test_distributions_sort_by_weighted_sum_and_then_by_zero() -> None:
    state, maps = make_state(of("quantize", words=QUANTIZE_BUCKETS))

    def add(key: int, **buckets: int) -> None:
        words = [0] * QUANTIZE_BUCKETS
        for name, count in buckets.items():
            words[int(name[1:])] = count
        maps.add(0, number(key), words)

    add(1, b70=1)
    add(2, b65=3)
    add(3, b65=3, b63=9)
    add(4, b62=1)
    assert [struct.unpack("<Q", row.key)[0] for row in state.sorted_rows(0)] == [4, 2, 3, 1]
    state.clear(0)
    assert all(not any(row.value) for row in state.sorted_rows(0))


def test_linear_distributions_weigh_what_is_outside_by_one_more() -> None:
    state, maps = make_state(of("lquantize", words=4, parameters=(0, 20, 10)))
    maps.add(0, number(1), [0, 0, 2, 0])
    maps.add(0, number(2), [0, 0, 0, 1])
    maps.add(0, number(3), [1, 0, 0, 0])
    assert [struct.unpack("<Q", row.key)[0] for row in state.sorted_rows(0)] == [3, 1, 2]


def test_entries_whose_keys_read_the_same_are_one_row() -> None:
    keys = (Field("probefunc", 0, 4), Field("func", 8, 8))
    state, maps = make_state(of("count", keys), of("max", keys, 2))
    for probe, address, value in ((7, 0x1004, 1), (8, 0x1010, 2), (9, 0x1004, 4), (7, 0x2000, 8)):
        key = struct.pack("<I4xQ", probe, address)
        maps.add(0, key, [value])
        maps.extreme(1, key, value, {"function": max})
    # Probes 7 and 8 are of one function.
    assert [row.value for row in state.sorted_rows(0)] == [(3,), (4,), (8,)]
    assert [row.value for row in state.sorted_rows(1)] == [(2,), (4,), (8,)]
    state.trunc(0, 2)
    state.new_batch()
    assert [row.value for row in state.sorted_rows(0)] == [(4,), (8,)]


def test_user_symbols_of_two_processes_stay_apart() -> None:
    keys = (Field("usym", 0, 16),)
    state, maps = make_state(of("count", keys))
    for pid, address in ((42, 0x4004), (42, 0x4008), (0, 0x4004)):
        maps.add(0, struct.pack("<I4xQ", pid, address), [1])
    assert [row.value for row in state.sorted_rows(0)] == [(1,), (2,)]


def test_strings_end_at_their_nul_in_keys() -> None:
    keys = (Field("str", 0, 8),)
    state, maps = make_state(of("count", keys))
    maps.add(0, b"sh\0old\0\0", [1])
    maps.add(0, b"sh\0\0\0\0\0\0", [2])
    assert [row.value for row in state.sorted_rows(0)] == [(3,)]


def test_aggregations_are_joined_by_key_with_zeroes_for_what_is_missing() -> None:
    state, maps = make_state(of("count"), of("sum"))
    maps.add(0, number(1), [5])
    maps.add(0, number(2), [5])
    maps.add(1, number(2), [1])
    maps.add(1, number(3), [9])
    rows = state.joined_rows([0, 1])
    assert [(struct.unpack("<Q", row.key)[0], row.values) for row in rows] == [
        (3, ((0,), (9,))),
        (1, ((5,), (0,))),
        (2, ((5,), (1,))),
    ]


def test_aggsortpos_names_the_aggregation_that_sorts() -> None:
    state, maps = make_state(of("count"), of("sum"), aggsortpos="1")
    for key, first, second in ((1, 1, 9), (2, 5, 5), (3, 9, 1)):
        maps.add(0, number(key), [first])
        maps.add(1, number(key), [second])
    assert [struct.unpack("<Q", row.key)[0] for row in state.joined_rows([0, 1])] == [3, 2, 1]


def test_normalize_divides_and_denormalize_undoes_it() -> None:
    state, maps = make_state(of("sum"), of("avg", words=2))
    maps.add(0, number(1), [(-1999) % 2**64])
    maps.add(1, number(1), [2, 1999])
    state.normalize(0, 1000)
    state.normalize(1, 10)
    assert shown(state, 0) == {1: -1}
    assert shown(state, 1) == {1: 99}
    state.denormalize(0)
    assert shown(state, 0) == {1: -1999}
    with pytest.raises(ZeroDivisionError):
        state.normalize(0, 0)


def test_stddev_adds_its_squares_in_128_bits() -> None:
    state, maps = make_state(of("stddev", words=4))
    for value in (1 << 32, 1 << 33):
        square = value * value
        maps.add(0, number(1), [1, value, square & (2**64 - 1), square >> 64], cpu=value >> 33)
    assert shown(state) == {1: 1 << 31}


def events() -> st.SearchStrategy[list[tuple[int, int, int]]]:
    """(key, value, CPU)."""
    return st.lists(
        st.tuples(st.integers(0, 3), st.integers(-(2**40), 2**40), st.integers(0, 1)), min_size=1, max_size=40
    )


@given(events(), st.integers(1, 9))
def test_sums_averages_and_extremes_are_those_of_the_events(made: list[tuple[int, int, int]], normal: int) -> None:
    state, maps = make_state(
        of("sum"), of("avg", words=2), of("min", words=2), of("max", words=2), of("stddev", words=4)
    )
    by_key: dict[int, list[int]] = defaultdict(list)
    for key, value, cpu in made:
        by_key[key].append(value)
        maps.add(0, number(key), [value % 2**64], cpu)
        maps.add(1, number(key), [1, value % 2**64], cpu)
        maps.extreme(2, number(key), value, {"function": min}, cpu)
        maps.extreme(3, number(key), value, {"function": max}, cpu)
        low, high = value * value & (2**64 - 1), value * value >> 64
        old = maps.entries.get(4, {}).get(number(key), [bytes(32)] * 2)[cpu]
        carry = int((struct.unpack("<4Q", old)[2] + low) >> 64)
        maps.add(4, number(key), [1, value % 2**64, low, high + carry], cpu)
    for table in range(4):
        state.normalize(table, normal)
    assert shown(state, 0) == {key: int(sum(values) / normal) for key, values in by_key.items()}
    assert shown(state, 2) == {key: int(min(values) / normal) for key, values in by_key.items()}
    assert shown(state, 3) == {key: int(max(values) / normal) for key, values in by_key.items()}
    state.denormalize(1)
    assert shown(state, 1) == {key: int(sum(values) / len(values)) for key, values in by_key.items()}
    for key, deviation in shown(state, 4).items():
        values = by_key[key]
        mean = int(sum(values) / len(values))
        # Within the rounding of whole numbers: the average of squares less the square of the rounded average.
        exact = (fmean(value * value for value in values) - mean * mean) ** 0.5 if len(values) > 1 else 0
        assert abs(deviation - exact) <= max(2, exact * 1e-3, (abs(mean) * 2**-52 * 2**26))


@given(
    st.lists(st.tuples(st.sampled_from(["add", "clear", "trunc", "batch", "drain"]), st.integers(0, 2)), max_size=40)
)
def test_whatever_is_cleared_and_truncated_nothing_is_counted_twice_or_lost(steps: list[tuple[str, int]]) -> None:
    """A model of dtrace: a count for each key since the last clear() or trunc() that saw it."""
    state, maps = make_state(of("count"))
    model: dict[int, int] = {}
    unseen: dict[int, int] = defaultdict(int)

    def look() -> None:
        for key, count in unseen.items():
            model[key] = model.get(key, 0) + count
        unseen.clear()
        state.new_batch()
        assert shown(state) == model

    for step, key in steps:
        match step:
            case "add":
                maps.add(0, number(key), [1], cpu=key % 2)
                unseen[key] += 1
            case "batch":
                look()
            case "drain":
                maps.room = 1
                state.relieve()
            case "clear":
                look()
                state.clear(0)
                model = dict.fromkeys(model, 0)
            case _:
                look()
                state.trunc(0, key or None)
                ordered = sorted(model, key=lambda k: (model[k], k), reverse=True)
                model = {k: model[k] for k in ordered[:key]}
    look()


@given(st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=50))
def test_quantize_values_of_two_cpus_count_every_event(values: list[int]) -> None:
    words = [[0] * QUANTIZE_BUCKETS, [0] * QUANTIZE_BUCKETS]
    for place, value in enumerate(values):
        sign = (value > 0) - (value < 0)
        words[place % 2][QUANTIZE_ZERO + sign * abs(value).bit_length()] += 1
    packed = [struct.pack(f"<{QUANTIZE_BUCKETS}q", *cpu) for cpu in words]
    (combined,) = combine_cpus("quantize", Entries([b"key"], b"".join(packed), 2))
    assert sum(combined) == len(values)
    assert sum(combined[QUANTIZE_ZERO + 1 :]) == sum(value > 0 for value in values)
    assert combined[QUANTIZE_ZERO] == values.count(0)
