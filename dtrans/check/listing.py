"""Which probes there are, and what one of them is on this kernel: what ``dtrace -l`` shows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from dtrans.check.functions import FunctionProbe
from dtrans.check.processes import UserProbe, place_note
from dtrans.check.stability import described
from dtrans.check.tracepoints import RawProbe, TracepointProbe
from dtrans.check.universe import CallProbe, ProbeRef, RowProbe, Universe
from dtrans.errors import DtransError
from dtrans.knowledge.stability import Attributes
from dtrans.source import NOWHERE
from dtrans.syntax.ast import ProbeDescription
from dtrans.values import dataclass


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of ``dtrace -l``. `args` are the D types of ``args[]``; `source` what serves it on Linux."""

    id: int
    provider: str
    module: str
    function: str
    name: str
    args: tuple[str, ...]
    fidelity: str
    differs: str
    source: str
    #: The stability attributes of its description and of its arguments.
    description: Attributes
    arguments: Attributes


def list_probes(universe: Universe) -> Iterator[ProbeRef]:
    """Every probe that the kernel serves, in the order of ids."""
    return (probe for probe in universe.all_probes() if is_served(universe, probe))


def is_served(universe: Universe, probe: ProbeRef) -> bool:
    """Whether the kernel serves a probe. Functions are a hundred thousand, and those that there are can be traced."""
    return isinstance(probe.served, FunctionProbe) or universe.available(probe)


def made_probes(universe: Universe, description: ProbeDescription) -> Iterator[ProbeRef]:
    """The probes that a description means though the list has none of those names: those of rates, ``tick-7s``, and
    those of another kernel's modules, ``io:genunix::start``."""
    with contextlib.suppress(DtransError):
        yield from universe.match(description)


def listed(universe: Universe, probe: ProbeRef) -> Listed:
    """What ``-v`` tells of one probe. Types of arguments cost a look at the kernel."""
    fidelity, differs, source = "exact", "", ""
    match probe.served:
        case RowProbe(_, row):
            found = universe.source(row)
            note = (found.note if found is not None else None) or row.note
            fidelity, differs = note.fidelity, note.differs
            source = ", ".join(point.at for point in found.points) if found is not None else ""
        case CallProbe(call, name, _):
            source = f"system call {name}"
            if call is not None:
                fidelity, differs = call.note.fidelity, call.note.differs
                names = [one.name for one in call.linux if one.name in universe.calls]
                source = f"system calls {', '.join(names)}"
        case TracepointProbe(group, event):
            source = f"tracepoint:{group}:{event}"
        case RawProbe(_, event):
            source = f"rawtp:{event}"
        case FunctionProbe(module, name, entry, _):
            source = f"{'entry' if entry else 'return'} of {module}`{name}"
        case UserProbe(moment) as place:
            source = f"{moment} in processes, by uprobes"
            note = place_note(place, probe.name)
            fidelity, differs = note.fidelity, note.differs
    written = ProbeDescription(probe.provider, probe.module, probe.function, probe.name, None, NOWHERE)
    description, arguments = described(written, universe.knowledge)
    return Listed(
        probe.id,
        probe.provider,
        probe.module,
        probe.function,
        probe.name,
        tuple(map(str, universe.args(probe))),
        fidelity,
        differs,
        source,
        description,
        arguments,
    )
