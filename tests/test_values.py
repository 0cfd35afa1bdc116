"""`dtrans.values` makes what the standard library's `dataclasses` makes, and that one knows its classes."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import pprint
from typing import Any

import pytest

from dtrans.values import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Place:
    file: str
    line: int = 1
    notes: tuple[str, ...] = field(default=(), repr=False)
    memo: list[int] = field(default_factory=list, compare=False)


@dataclass(frozen=True, slots=True)
class Spot:
    file: str
    line: int = 1
    notes: tuple[str, ...] = ()
    memo: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Counter:
    start: int
    step: int = 1
    value: int = field(init=False)
    seen: list[int] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.value = self.start


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    name: str


@dataclass(frozen=True, slots=True)
class Nothing:
    pass


def test_fields_are_given_by_place_or_name_and_the_rest_are_defaults() -> None:
    assert Place("a.d", 3) == Place(line=3, file="a.d")
    assert (Place("a.d").line, Place("a.d").notes, Place("a.d").memo) == (1, (), [])
    assert Place("a.d").memo is not Place("a.d").memo


@pytest.mark.parametrize(
    "given", [((), {}), (("a", 1, (), [], 5), {}), (("a",), {"row": 1}), (("a",), {"file": "b"})], ids=str
)
def test_wrong_fields_are_refused(given: tuple[tuple[Any, ...], dict[str, Any]]) -> None:
    with pytest.raises(TypeError, match="Place"):
        Place(*given[0], **given[1])


def test_values_are_equal_by_their_fields_and_their_class() -> None:
    assert Place("a", memo=[1]) == Place("a", memo=[2])
    assert Place("a") != Place("b")
    other: object = Spot("a")
    assert Place("a") != other
    assert Nothing() == Nothing()
    assert Node("a") != Node("a")
    assert len({Place("a"), Place("a"), Place("b"), Nothing(), Nothing()}) == 3
    with pytest.raises(TypeError, match="unhashable"):
        hash(Counter(1))


def test_a_frozen_value_stays_as_it_is_and_another_does_not() -> None:
    place, counter = Place("a"), Counter(5)
    with pytest.raises(AttributeError, match="'line'"):
        place.line = 2  # type: ignore[misc]
    with pytest.raises(AttributeError, match="'line'"):
        del place.line
    counter.value += counter.step
    assert (counter.start, counter.value, counter.seen) == (5, 6, [])
    with pytest.raises(AttributeError):
        counter.other = 1  # type: ignore[attr-defined]


def test_a_value_is_shown_as_the_call_that_makes_it() -> None:
    assert repr(Place("a", notes=("n",))) == "Place(file='a', line=1, memo=[])"
    assert repr(Nothing()) == "Nothing()" == pprint.pformat(Nothing())


def test_a_pattern_takes_fields_by_place() -> None:
    match Place("a", 7):
        case Place(file, line):
            assert (file, line) == ("a", 7)


def test_copies_and_pickles_are_equal() -> None:
    place = Place("a", 2, ("n",), [1])
    assert copy.deepcopy(place) == place == pickle.loads(pickle.dumps(place))
    assert pickle.loads(pickle.dumps(Nothing())) == Nothing()


@dataclasses.dataclass(frozen=True)
class Standard:
    file: str
    line: int = 1


def test_replacing_keeps_the_other_fields() -> None:
    assert replace(Standard("a", 2), file="b") == Standard("b", 2)
    assert replace(Place("a", 2), file="b") == Place("b", 2) == dataclasses.replace(Place("a", 2), file="b")


def test_the_standard_library_knows_the_classes() -> None:
    assert dataclasses.is_dataclass(Place)
    assert not dataclasses.is_dataclass(int)
    assert [(part.name, part.default) for part in dataclasses.fields(Place)][:2] == [
        ("file", dataclasses.MISSING),
        ("line", 1),
    ]
    assert dataclasses.fields(Nothing) == ()
    assert dataclasses.asdict(Place("a")) == {"file": "a", "line": 1, "notes": (), "memo": []}
