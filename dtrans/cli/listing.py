"""The list of probes: ``dtrace -l`` and ``dtrans list``, in dtrace's own columns.

dtrace -l -n 'syscall::read:'      lists the probes that the description matches
dtrace -lv -n 'io:::start'         with the types of their arguments
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from dtrans.cli.stability import probe_lines
from dtrans.errors import fail

if TYPE_CHECKING:
    from dtrans.check.listing import Listed
    from dtrans.check.universe import ProbeRef
    from dtrans.syntax.ast import ProbeDescription


_LISTED = "'dtrans list PROVIDER' names the probes of a provider"
HEADER = f"{'ID':>5} {'PROVIDER':>10} {'MODULE':>17} {'FUNCTION':>33} NAME"


def probe_line(probe: ProbeRef) -> str:
    """One line of the table."""
    return f"{probe.id:5d} {probe.provider:>10} {probe.module:>17} {probe.function:>33} {probe.name}"


def details(probe: Listed) -> str:
    """What ``-v`` adds: what dtrace shows of a probe, then what it is on this kernel."""
    lines = [*probe_lines(probe.description, probe.arguments, probe.args), "", "\tOn Linux"]
    lines += [f"\t\t{text}" for text in (probe.source, ": ".join(filter(None, (probe.fidelity, probe.differs))))]
    return "\n".join([*lines, ""])


def lines(probes: Iterable[ProbeRef], detailed: Callable[[ProbeRef], Listed] | None) -> Iterator[str]:
    """The table, line by line, as the probes come; `detailed` gives what ``-v`` adds."""
    yield HEADER
    for probe in probes:
        yield probe_line(probe)
        if detailed is not None:
            yield details(detailed(probe))


def matching(
    wanted: Sequence[ProbeDescription],
    near: Callable[[ProbeDescription], Iterable[ProbeRef]],
    served: Callable[[ProbeRef], bool],
    made: Callable[[ProbeDescription], Iterable[ProbeRef]],
    hint: Callable[[str], str],
) -> Iterator[ProbeRef]:
    """The probes that descriptions match, description by description.

    `near` gives the probes among which those that a description matches are, and `served` tells whether the kernel has
    one; `made` gives those that it makes itself: rates of the profile provider that nobody has named before; `hint`
    says how else to name a provider, "" for nothing. Raises DtransError D_PDESC_ZERO, after the others were listed,
    when a description matches none.
    """
    missed = []
    for description in wanted:
        found = [probe for probe in near(description) if matches(probe, description) and served(probe)]
        found = found or list(made(description))
        yield from found
        if not found:
            missed.append(description)
    if missed:
        text = ", ".join(shown(description) for description in missed)
        raise fail(
            "D_PDESC_ZERO",
            f"failed to match {text}: No probe matches description",
            hint=next(filter(None, (hint(description.provider) for description in missed)), _LISTED),
        )


def matches(probe: ProbeRef, wanted: ProbeDescription) -> bool:
    """Whether a description matches: by id, or part by part with ``*``, ``?``, ``[]``; an empty part matches all."""
    if wanted.id is not None:
        return probe.id == wanted.id
    parts = ("provider", "module", "function", "name")
    return all(not getattr(wanted, part) or fnmatchcase(getattr(probe, part), getattr(wanted, part)) for part in parts)


def shown(wanted: ProbeDescription) -> str:
    if wanted.id is not None:
        return str(wanted.id)
    return f"{wanted.provider}:{wanted.module}:{wanted.function}:{wanted.name}"
