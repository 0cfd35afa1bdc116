"""The probes in processes that run now, for ``dtrace -l``.

dtrace -l                              those that programs define, of all processes
dtrace -l -n 'pid1234:libc:mal*:entry' the functions of a process
dtrace -l -n 'plockstat$target:::' -p 1234
dtrace -l -n 'app$target:::' -c ./app  those of a command, which is held when its libraries are mapped, and ended
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import count

from dtrans.artifact import Wanted
from dtrans.attach import UserCode
from dtrans.check.processes import UserProbe, split_process
from dtrans.check.universe import ProbeRef, RowProbe
from dtrans.cli.listing import matches as matches_description
from dtrans.globs import pattern
from dtrans.invocation.arguments import Arguments
from dtrans.knowledge.rows import ProviderRow
from dtrans.numerals import numeral
from dtrans.options import Options
from dtrans.run.processes.mapped import process_ids
from dtrans.run.processes.target import create_process
from dtrans.run.processes.userland import FIRST_ID, TARGET, Userland, defined_probes
from dtrans.syntax.ast import ProbeDescription, Program, Provider
from dtrans.syntax.printer import show
from dtrans.values import replace


@contextlib.contextmanager
def listed_target(arguments: Arguments) -> Iterator[int | None]:
    """The process that ``$target`` is: the first of -c, held meanwhile, else the first of -p.

    Raises DtransError D_PROC_CREAT.
    """
    if not arguments.commands:
        yield arguments.pids[0] if arguments.pids else None
        return
    with contextlib.closing(create_process(arguments.commands[0])) as target:
        target.run_until(Options(arguments.options).text("evaltime"))
        yield target.pid


def declared_types(programs: Iterable[Program]) -> dict[tuple[str, str], tuple[str, ...]]:
    """The types of ``args[]`` that programs declare, by provider and probe: ``app`` and ``query-start``."""
    return {
        (item.name, probe.name.replace("__", "-")): tuple(
            show(kind) for _, kind in (probe.args if probe.translated is None else probe.translated)
        )
        for program in programs
        for item in program.items
        if isinstance(item, Provider)
        for probe in item.probes
    }


def all_defined(providers: Mapping[str, ProviderRow]) -> Iterator[ProbeRef]:
    """The probes that programs define, of every process; `providers` are those that the tables know."""
    for index, (pid, parts, arguments) in enumerate(defined_probes()):
        provider, module, function, name = parts
        served = UserProbe("site", provider, providers.get(provider), arguments)
        yield ProbeRef(FIRST_ID + index, f"{provider}{pid}", module, function, name, served)


def in_processes(
    probe: ProbeRef,
    description: ProbeDescription,
    target: int | None,
    providers: Mapping[str, ProviderRow],
    *,
    created: bool,
) -> Iterator[ProbeRef]:
    """What a probe that stands for those in processes stands for now. `target` is ``$target``, `created` for -c."""
    base, process = split_process(description.provider)
    if process:
        pids = (target,) if process == TARGET else (numeral(process),)
        yield from _numbered(probe, base, pids, created=created)
    elif isinstance(probe.served, RowProbe):
        base, matches = probe.served.provider.name, pattern(description.provider)
        yield from _numbered(probe, base, (pid for pid in process_ids() if matches(f"{base}{pid}")))
    else:
        yield from (one for one in all_defined(providers) if matches_description(one, description))


def _numbered(probe: ProbeRef, base: str, pids: Iterable[int | None], *, created: bool = False) -> Iterator[ProbeRef]:
    numbers = count(FIRST_ID)
    for pid in pids:
        if pid is not None:
            userland = Userland(tuple(_wanted(probe, f"{base}{pid}", base)), {}, os.uname().machine, pid, created)
            userland.look(pid)
            for number, one in userland.probes.items():
                served = probe.served
                if isinstance(served, UserProbe):
                    served = replace(served, arguments=userland.arguments.get(number))
                yield ProbeRef(next(numbers), one.provider, one.module, one.function, one.name, served)


def _wanted(probe: ProbeRef, provider: str, base: str) -> Iterator[Wanted]:
    """What the loader would look for. Of a row, where it fires."""
    parts = provider, base, probe.module, probe.function, probe.name
    match probe.served:
        case UserProbe(moment, _, row):
            known, later = (row.files, row.loaded_later) if row else ((), False)
            yield Wanted(UserCode(moment), 0, 0, 0, *parts, files=known, later=later)
        case RowProbe(_, row):
            for point in (point for source in row.sources for point in source.points if not point.save):
                kind, _, place = point.at.partition(":")
                yield Wanted(UserCode(kind.removeprefix("user-")), 0, 0, 0, *parts, place)  # type: ignore[arg-type]
