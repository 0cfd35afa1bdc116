"""Attaching one program to many functions of the kernel, of which the kernel may refuse a few.

A function is told to the kernel by its name, or by its address where several have the name. With CONFIG_FPROBE many
are one call, which does not tell which of them it stumbled over: then they are tried in halves.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Sequence

from dtrans.run.kernel.links import link_event, link_functions, open_kprobe
from dtrans.typed import TYPE_CHECKING
from dtrans.values import dataclass

if TYPE_CHECKING:
    from dtrans.run.kernel.host import HostFacts

#: What the kernel answers for a function that it does not let anyone trace, whatever else is asked for.
_OF_ONE_FUNCTION = frozenset({errno.ENOENT, errno.ESRCH, errno.EBUSY, errno.EINVAL, errno.EILSEQ, errno.EOPNOTSUPP,
                      errno.EADDRNOTAVAIL})  # fmt: skip

#: What the kernel knows a function by, its name, and its attach cookie.
FunctionPlace = tuple[int | str, str, int]


@dataclass(frozen=True, slots=True)
class Refused:
    """A function that the kernel does not let anyone trace, and the error number."""

    name: str
    number: int


def attach_functions(
    places: Sequence[tuple[str, int]], program: int, facts: HostFacts, *, entry: bool
) -> Iterator[int | Refused]:
    """The descriptors that hold a program at functions, `KernelFunctions.places`, and each function that the kernel
    refuses. Raises OSError for what is no fault of a function."""
    if facts.feature("kprobe_multi"):

        def together(some: Sequence[FunctionPlace]) -> int:
            return link_functions(program, [(known, cookie) for known, _, cookie in some], entry=entry)

        every = list(_known(places, facts))
        for kind in (str, int):  # A call takes names or addresses.
            yield from in_parts([place for place in every if isinstance(place[0], kind)], together)
        return
    cookies = facts.feature("attach_cookie")

    def alone(some: Sequence[FunctionPlace]) -> int:
        ((known, name, cookie),) = some
        event = open_kprobe(name, known if isinstance(known, int) else 0, entry=entry)
        return link_event(event, program, cookie if cookies else None)

    for place in _known(places, facts):
        yield from in_parts((place,), alone)


def _known(places: Sequence[tuple[str, int]], facts: HostFacts) -> Iterator[FunctionPlace]:
    for place, cookie in places:
        name = place.rpartition(":")[2]
        if name == place:
            yield name, name, cookie
        else:
            yield from ((address, name, cookie) for address in facts.function_addresses(place))


def in_parts(
    places: Sequence[FunctionPlace], link: Callable[[Sequence[FunctionPlace]], int]
) -> Iterator[int | Refused]:
    """Links all places by as few calls as it takes: without those that are refused. Raises OSError for what is no
    fault of a place."""
    if not places:
        return
    try:
        yield link(places)
    except OSError as error:
        number = error.errno or 0
        if number not in _OF_ONE_FUNCTION:
            raise
        if len(places) == 1:
            yield Refused(places[0][1], number)
            return
    else:
        return
    middle = len(places) // 2
    yield from in_parts(places[:middle], link)
    yield from in_parts(places[middle:], link)
