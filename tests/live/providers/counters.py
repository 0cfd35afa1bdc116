"""How often probes of the mib provider fire in the processes of some loads.

The probes tell no more than a number, so that only what the loads' own processes cause is counted: over the loopback
interface, and between the ends of a veth pair, a packet is taken in by the process that sends it, or by ksoftirqd where
the CPU is busy. In a guest of the lab it always is, and nobody else's packets are there.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

from tests.conftest import has
from tests.programs import printed
from tests.proving import missing

_OURS = "progenyof($pid)" + (' || substr(execname, 0, 9) == "ksoftirqd"' if has("lab") else "")


def fired(probes: Iterable[str], *loads: list[str], counts: bool = False) -> dict[str, Any]:
    """The sum of args[0] of each probe that fires in a process of the loads; with `counts` how often it fires, too.

    One probe may be a glob."""
    head = ",\n".join(f"mib:::{name}" for name in probes)
    text = head + f" /{_OURS}/ {{ @n[probename] = count(); @sum[probename] = sum(args[0]); }}\n"
    text += r'END { printa("%s %@d %@d\n", @n, @sum); }'
    rows = [line.split() for line in printed(text, commands=[shlex.join(load) for load in loads]).splitlines() if line]
    if counts:
        return {name: (int(count), int(total)) for name, count, total in rows}
    return {name: int(total) for name, _, total in rows}


def fired_once_as(
    right: Callable[[dict[str, Any]], bool], probes: Sequence[str], *loads: list[str], counts: bool = False
) -> dict[str, Any]:
    """`fired`, again where it is not `right`, twice at most: a busy CPU leaves packets to ksoftirqd."""
    for _ in range(2):
        seen = fired(probes, *loads, counts=counts)
        if right(seen):
            return seen
    return fired(probes, *loads, counts=counts)


def check(expected: dict[str, Any], probes: Iterable[str], *loads: list[str]) -> None:
    """Insists that the probes fire as expected, in one of three runs.

    Those that this kernel does not have are left out."""
    expected = {name: value for name, value in expected.items() if not missing(f"mib:::{name}")}
    probes = [name for name in probes if "*" in name or not missing(f"mib:::{name}")]
    counts = any(isinstance(value, tuple) for value in expected.values())
    seen = fired_once_as(lambda found: found == expected, probes, *loads, counts=counts)
    assert seen == expected, f"{seen} and not {expected}"


def provers(names: Iterable[str]) -> pytest.MarkDecorator:
    return pytest.mark.proves(*(f"mib:::{name}" for name in names))
