"""Many functions of the kernel by one program: the kernel does not say which of them it stumbled over."""

from __future__ import annotations

import errno
from collections.abc import Sequence

import pytest

from dtrans.run.messages import untraceable_message
from dtrans.run.programs.functions import FunctionPlace, Refused, in_parts

PLACES: list[FunctionPlace] = [(f"f{number}", f"f{number}", number) for number in range(1000)]


class Kernel:
    """Links functions as the kernel does: all of a call, or none."""

    def __init__(self, bad: dict[str, int]) -> None:
        self.bad = bad
        self.linked: list[str] = []
        self.calls = 0

    def link(self, places: Sequence[FunctionPlace]) -> int:
        self.calls += 1
        for _, name, _ in places:
            if name in self.bad:
                raise OSError(self.bad[name], "")
        self.linked += [name for _, name, _ in places]
        return self.calls


@pytest.mark.parametrize(
    "bad", [{}, {"f0": errno.EINVAL}, {"f17": errno.ENOENT, "f18": errno.EBUSY, "f999": errno.ESRCH}]
)
def test_all_but_those_that_are_refused_are_linked_once(bad: dict[str, int]) -> None:
    kernel = Kernel(bad)
    made = list(in_parts(PLACES, kernel.link))
    assert [one for one in made if isinstance(one, Refused)] == [Refused(name, number) for name, number in bad.items()]
    assert sorted(kernel.linked) == sorted(name for _, name, _ in PLACES if name not in bad)
    assert kernel.calls <= 1 + 20 * len(bad)


def test_what_is_no_fault_of_a_function_ends_it_at_once() -> None:
    kernel = Kernel({"f500": errno.EMFILE})
    with pytest.raises(OSError, match=rf"\[Errno {errno.EMFILE}\]"):
        list(in_parts(PLACES, kernel.link))
    assert kernel.calls == 1


def test_nothing_is_no_call() -> None:
    kernel = Kernel({})
    assert (list(in_parts([], kernel.link)), kernel.calls) == ([], 0)


def test_a_few_of_them_are_told_by_name() -> None:
    told = "the kernel refuses to trace {} of those that are meant: {}"
    assert untraceable_message(["b", "a", "b"]) == told.format("2 functions", "a, b")
    assert untraceable_message(["one"]) == told.format("1 function", "one")
    many = untraceable_message([f"f{number:02}" for number in range(20)])
    assert many == told.format("20 functions", ", ".join(f"f{number:02}" for number in range(8)) + " and 12 more")
