"""The probes in processes that run now, for ``dtrace -l``.

dtrace -l                              those that programs define, of all processes
dtrace -l -i 700012                    one of these by its number
dtrace -l -n 'pid1234:libc:mal*:entry' the functions of a process
dtrace -l -n 'plockstat$target:::' -p 1234
dtrace -l -n 'app$target:::' -c ./app  those of a command, which is held when its libraries are mapped, and ended
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping

from dtrans.artifact import Wanted
from dtrans.attach import UserCode
from dtrans.check.processes import UserProbe, split_process
from dtrans.check.universe import ProbeRef, RowProbe, Served
from dtrans.cli.listing import matches as matches_description
from dtrans.globs import pattern
from dtrans.invocation.arguments import Arguments, Spec
from dtrans.invocation.specifier import shown_name
from dtrans.knowledge.rows import ProviderRow
from dtrans.numerals import is_numeral, numeral
from dtrans.options import Options
from dtrans.run.processes.mapped import process_ids
from dtrans.run.processes.target import create_process
from dtrans.run.processes.userland import FIRST_ID, TARGET, Parts, ProbeIds, Userland, defined_probes
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


def with_names(arguments: Arguments) -> Arguments:
    """A command line whose programs are given by numbers of probes in processes (``-i 700012``), as ``dtrace -l`` has
    them now, with the names of those."""
    if not any(_numbers(spec) for spec in arguments.specs):
        return arguments
    listed = {one.id: one for one in ListedProcesses({}, None, created=False).defined()}

    def named(number: re.Match[str]) -> str:
        one = listed.get(numeral(number[0]))
        if one is None:
            return number[0]
        # D has descriptions of fewer characters than there are in names of files (libstdc++.so.6).
        return re.sub(_UNWRITABLE, "?", f"{one.provider}:{one.module}:{one.function}:{one.name}")

    specs = []
    for spec in arguments.specs:
        head = _numbers(spec)
        specs.append(replace(spec, text=re.sub(r"\d+", named, head) + spec.text[len(head) :]))
    return replace(arguments, specs=tuple(specs))


def _numbers(spec: Spec) -> str:
    """The numbers of probes with which a program of the command line begins, where one is that of a process's probe."""
    head = shown_name(spec.text) if spec.kind in ("id", "name") else ""
    words = head.replace(",", " ").split()
    given = all(map(is_numeral, words)) and any(numeral(word) >= FIRST_ID for word in words)
    return head if given else ""


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


class ListedProcesses:
    """The probes in processes, with the ids that they have in a program that traces them. `target` is ``$target``,
    `created` for -c; `providers` are those that the tables know."""

    def __init__(self, providers: Mapping[str, ProviderRow], target: int | None, *, created: bool) -> None:
        self._providers = providers
        self._target = target
        self._created = created
        self._ids = ProbeIds()

    def defined(self) -> Iterator[ProbeRef]:
        """The probes that programs define, of every process but this one."""
        for pid, parts, arguments in defined_probes(without=os.getpid()):
            provider, module, function, name = parts
            served = UserProbe("site", provider, self._providers.get(provider), arguments)
            yield self._ref((f"{provider}{pid}", module, function, name), served)

    def standing_for(self, probe: ProbeRef, description: ProbeDescription) -> Iterator[ProbeRef]:
        """What a probe that stands for those in processes stands for now."""
        base, process = split_process(description.provider)
        if process:
            yield from self._in_process(probe, self._target if process == TARGET else numeral(process))
        elif isinstance(probe.served, RowProbe):
            base, matches = probe.served.provider.name, pattern(description.provider)
            for pid in process_ids():
                if matches(f"{base}{pid}"):
                    yield from self._in_process(probe, pid)
        else:
            yield from (one for one in self.defined() if matches_description(one, description))

    def _in_process(self, probe: ProbeRef, pid: int | None) -> Iterator[ProbeRef]:
        if pid is None:
            return
        userland = Userland(tuple(_wanted(probe, pid)), {}, os.uname().machine, pid, self._created)
        userland.look((pid,))
        for number in userland.of_group(_FIRING):
            one, served = userland.probes[number], probe.served
            if isinstance(served, UserProbe):
                served = replace(served, arguments=userland.arguments.get(number))
            yield self._ref((one.provider, one.module, one.function, one.name), served)

    def _ref(self, parts: Parts, served: Served) -> ProbeRef:
        return ProbeRef(self._ids.of(parts), *parts, served)


#: What a description cannot say (libdtrace dt_lex.l, RGX_PSPEC).
_UNWRITABLE = r"[^-\w:.`$!]"
#: Descriptions of places where a probe fires, and of those where a row notes something for them.
_FIRING, _NOTING = 0, 1


def _wanted(probe: ProbeRef, pid: int) -> Iterator[Wanted]:
    """What the loader would look for in a process."""
    parts = probe.module, probe.function, probe.name
    match probe.served:
        case UserProbe(moment, base, row):
            files, later, without = (row.files, row.loaded_later, row.without) if row else ((), False, ())
            told = without if moment == "return" else ()
            attach = UserCode(moment)
            yield Wanted(attach, 0, _FIRING, 0, f"{base}{pid}", base, *parts, files=files, later=later, without=told)
        case RowProbe(provider, row):
            for point in (point for source in row.sources for point in source.points):
                kind, _, place = point.at.partition(":")
                attach = UserCode(kind.removeprefix("user-"))  # type: ignore[arg-type]
                group = _NOTING if point.save else _FIRING
                yield Wanted(attach, 0, group, 0, f"{provider.name}{pid}", provider.name, *parts, place)
