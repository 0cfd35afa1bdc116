"""Probes in processes, as descriptions name them: functions, probes that programs define, rows of providers.

    pid$target:libc:malloc:entry   ->   UserProbe("entry", ...): whichever function that is, the loader will find it
    plockstat$target:::mutex-block ->   RowProbe of the provider plockstat, in the process

What a process holds is known only when tracing starts, and changes while it runs. So a description is carried as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import starmap
from typing import Literal

from dtrans.globs import is_glob, pattern
from dtrans.knowledge.rows import Note, ProbeRow, ProviderRow, SiteRow
from dtrans.syntax.ast import ProbeDescription
from dtrans.types import INT64, Type
from dtrans.values import dataclass, replace

Moment = Literal["entry", "return", "offset", "site"]
#: Families of providers whose probes are in processes: their names end with a process id.
USER_FAMILIES = frozenset({"user-functions", "user-sites", "user-rows"})
#: Probes of programs have at most 12 arguments (sys/sdt.h, STAP_PROBE12), each in 64 bits.
_UNTYPED: tuple[Type, ...] = (INT64,) * 12
#: The beginning of an argument in a note: ``-4@``, ``8f@``.
_NOTED = re.compile(r"(-?)([1248])(f?)@")
_OF_PROCESS = re.compile(r"(.+?)(\$target|[0-9]+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class UserProbe:
    """The functions of one moment, or the sites, that a description means. `base` is the provider's name without the
    process, `row` the provider's where the tables have it."""

    moment: Moment
    base: str
    row: ProviderRow | None
    #: What a site's note says of its arguments, of one that was found.
    arguments: str | None = None


def process_hint(providers: Mapping[str, ProviderRow], provider: str) -> str:
    """What to write instead of a provider of processes without a process: "" for another provider."""
    base, process = split_process(provider.rstrip("*"))
    row = providers.get(base)
    if process or row is None or row.family not in USER_FAMILIES:
        return ""
    return f"its probes are in processes: name one, as in {row.name}$target or {row.name}1234"


def split_process(provider: str) -> tuple[str, str]:
    """A provider's name and the process that it ends with: ``pid`` and ``$target`` of ``pid$target``; "" for none."""
    found = _OF_PROCESS.fullmatch(provider)
    return (provider, "") if found is None else (found[1], found[2])


def user_probes(
    description: ProbeDescription, providers: Mapping[str, ProviderRow]
) -> Iterator[tuple[str, UserProbe | tuple[ProviderRow, ProbeRow]]]:
    """What a description can mean in processes, with the probe's name each: of rows, of functions, of sites.

    A provider must be named by its beginning at least: ``*:::`` is not all that all processes hold. One with a process
    may be a glob, ``*$target:::``, as libdtrace has it (dt_pid_create_probes): then the probes that the program defines
    are meant too.
    """
    base, process = split_process(description.provider)
    if description.provider in providers and providers[description.provider].family not in USER_FAMILIES:
        return
    if not process and (is_glob(base) is False or not base or base[0] in "*?["):
        return
    matches, name = pattern(base), pattern(description.name)
    rows = [
        row
        for row in providers.values()
        if row.family in USER_FAMILIES and (matches(row.name) or (not process and matches(f"{row.name}1")))
    ]
    known = None if process and is_glob(base) else next(iter(rows), None)
    # A provider that no table knows is one that programs define.
    defined = known is None or known.family == "user-sites"
    for row in rows:
        for probe in row.probes:
            if name(probe.name):
                exact = row is known and not is_glob(description.name)
                if exact and defined and not probe.sources:
                    # Where a program defines it nevertheless, it is there.
                    known = replace(row, reason=probe.note.differs)
                    continue
                defined = defined and not (exact and _is_of_sites(probe))
                yield probe.name, (row, probe)
        if row.family == "user-functions" and process:
            yield from ((called, UserProbe(moment, row.name, row)) for called, moment in _moments(description))
    if defined:
        yield description.name, UserProbe("site", base, known)


def _is_of_sites(probe: ProbeRow) -> bool:
    """Whether a row is a second name for probes that programs define, and does not stand in for them."""
    return all(point.at.startswith("user-site:") for source in probe.sources for point in source.points)


def site_args(probe: UserProbe, name: str) -> tuple[str | Type, ...]:
    """The types of ``args[]`` at the sites that a name means: those that the tables know, or what the sites' notes tell
    when they are found."""
    known = {site.args for site in _known_sites(probe, name)}
    if len(known) == 1:
        return known.pop()
    return _UNTYPED if probe.arguments is None else tuple(starmap(_noted_type, _NOTED.findall(probe.arguments)))


def _noted_type(sign: str, size: str, kind: str) -> str:
    if kind:
        return "double" if size == "8" else "float"
    return f"{'' if sign else 'u'}int{int(size) * 8}_t"


def place_note(probe: UserProbe, name: str) -> Note:
    """How faithful what a name means in processes is. Of a probe that Linux has only where a program defines it
    nevertheless, why it has not."""
    if probe.moment == "site":
        for site in _known_sites(probe, name):
            return site.note
        for row in probe.row.probes if probe.row else ():
            if row.name == name and not row.sources:
                return row.note
    return Note("exact")


def _known_sites(probe: UserProbe, name: str) -> Iterator[SiteRow]:
    """What the tables know of the sites that a name means."""
    matches = pattern(name.replace("__", "-"))
    for site in probe.row.sites if probe.row else ():
        if matches(site.name):
            yield site


def _moments(description: ProbeDescription) -> Iterator[tuple[str, Moment]]:
    """The probes of functions that a name means (Guide, "pid Provider"): entry, return, or an offset in hexadecimal."""
    name = pattern(description.name)
    found = False
    for moment in ("entry", "return"):
        if name(moment) and description.function != "-":
            found = True
            yield moment, moment
    if not found or is_glob(description.name):
        yield description.name, "offset"
