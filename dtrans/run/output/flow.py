"""Flow indentation (``-F``): the calls that are open on a CPU, and the arrows of entries and returns.

      0  -> vfs_read
      0    -> rw_verify_area
      0    <- rw_verify_area
      0    | vfs_read:here
      0  <- vfs_read

Source: libdtrace dt_consume.c (dt_flowindent). dtrace reads one CPU's buffer after the other and begins each at the
left margin; here the records of all CPUs come in the order of time, and each CPU has a margin of its own that stays.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from dtrans.artifact import Artifact
from dtrans.run.output.decode import ProbeTexts, to_text
from dtrans.values import dataclass

_FLOW_STEP = 2


@dataclass(slots=True)
class Flow:
    """One CPU: its margin, and the last record's probe and site."""

    indent: int = 0
    probe: int = -1
    site: int = -1


@dataclass(slots=True)
class Record:
    """A record that waits. `more` says whether another clause of the same firing follows it: None until that is known.

    `age` counts the flushes it has seen.
    """

    site: int
    cpu: int
    probe: int
    data: bytes
    more: bool | None = None
    age: int = 0


class FlowQueue:
    """Records in the order of time. The arrow of a return stands at its last clause, so that a return's record must
    wait for the next one of its CPU; what other CPUs write meanwhile waits behind it."""

    def __init__(self) -> None:
        self._records: deque[Record] = deque()
        #: By CPU, the record that waits for the next one.
        self._open: dict[int, Record] = {}

    def __bool__(self) -> bool:
        return bool(self._records)

    def push(self, record: Record) -> None:
        """Adds a record: it tells what follows the one before on its CPU."""
        before = self._open.pop(record.cpu, None)
        if before is not None:
            before.more = before.probe == record.probe and before.site != record.site
        if record.more is None:
            self._open[record.cpu] = record
        self._records.append(record)

    def settle(self, least: int) -> None:
        """What no record has followed for more than so many flushes is the last of its firing."""
        for cpu, record in list(self._open.items()):
            record.age += 1
            if record.age > least:
                record.more = False
                del self._open[cpu]

    def ready(self) -> Iterator[Record]:
        """Takes the records that can be printed."""
        records = self._records
        while records and records[0].more is not None:
            yield records.popleft()


class FlowNames:
    """What stands where a record's probe is told."""

    def __init__(self, artifact: Artifact) -> None:
        self._probes = artifact.probes
        self._double = frozenset(artifact.double_arrows)
        self._edges = ProbeTexts(artifact.probes, lambda probe: _edge(probe.name))
        self._cpus: dict[int, Flow] = {}

    def is_return(self, probe: int) -> bool:
        return self._edges[probe] == b"return"

    def name(self, cpu: int, number: int, site: int, *, more: bool) -> bytes:
        """The probe's function behind its arrow, indented by the calls that are open on the CPU.

        A second clause of an entry, and all but the last of a return (`more` are to come), have no arrow.
        """
        flow = self._cpus.setdefault(cpu, Flow())
        probe, edge = self._probes[number], self._edges[number]
        again = edge == b"entry" and flow.probe == number and flow.site != site
        flow.probe, flow.site = number, site
        if not edge or again or (edge == b"return" and more):
            return to_text(f"{'':{flow.indent}}| {probe.function}:{probe.name}")
        double = probe.provider in self._double
        if edge == b"return":
            flow.indent = max(flow.indent - _FLOW_STEP, 0)
            return to_text(f"{'':{flow.indent}}{' <= ' if double else ' <- '}{probe.function}")
        name = to_text(f"{'':{flow.indent}}{' => ' if double else ' -> '}{probe.function}")
        flow.indent += _FLOW_STEP
        return name


def _edge(name: str) -> str:
    """``entry`` or ``return`` of a name that is one or ends in ``-entry``; "" of others: "carpentry" is none."""
    head, _, tail = name.rpartition("-")
    return tail if tail in ("entry", "return") and (head or name == tail) else ""
