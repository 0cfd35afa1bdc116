"""An aggregation's maps in the kernel, in the form in which `dtrans.run.output.entries` reads them."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence

from dtrans.artifact import DROP_KINDS
from dtrans.run.kernel.bpf import MAP_PERCPU_ARRAY, BpfMap
from dtrans.values import dataclass

_KEY, _VALUE, _IMAGE = struct.Struct("=I"), struct.Struct("=Q"), struct.Struct("=II")


@dataclass(frozen=True, slots=True)
class Entries:
    """Entries of an aggregation: packed keys, and for each the values on all `cpus`, all one after another."""

    keys: Sequence[bytes]
    values: bytes
    cpus: int


class KernelTables:
    """The maps ``agg_N`` and what belongs to them, ``epochs``, ``images`` and ``drops`` of a program, by the names of
    `dtrans.artifact`."""

    def __init__(self, maps: Mapping[str, BpfMap]) -> None:
        self._maps = maps
        #: The maps that are filled in place of the first ones, and those that are empty.
        self._filled: dict[int, BpfMap] = {}
        self._empty: dict[int, BpfMap] = {}
        #: How many keys there had been when a map was put in place.
        self._made: dict[int, int] = {}

    def close(self) -> None:
        """Gives back the maps that were made here. Harmless when repeated."""
        for each in (*self._filled.values(), *self._empty.values()):
            each.close()

    def read(self, aggregation: int) -> Entries:
        """All entries of an aggregation."""
        source = self._filling(aggregation)
        keys, values = source.contents()
        if source.spec.type == MAP_PERCPU_ARRAY and not any(values):
            keys, values = [], b""
        return Entries(keys, values, source.cpus)

    def drain(self, aggregation: int) -> Entries:
        """Removes all entries of an aggregation with keys, and gives them. Nothing that programs add meanwhile is lost:
        they go on with another map. Gives none where there is no memory for that."""
        source = self._filling(aggregation)
        made = self._keys_made(aggregation)
        try:
            empty = self._empty.pop(aggregation, None) or BpfMap.create(source.spec)
        except OSError:
            return Entries([], b"", source.cpus)
        # The kernel comes back when no program uses the other map any more (maybe_wait_bpf_programs, Linux 5.0).
        self._maps[f"agg_{aggregation}_now"].update(_KEY.pack(0), _KEY.pack(empty.fd))
        keys, values = source.contents(take=True)
        self._filled[aggregation], self._empty[aggregation] = empty, source
        self._made[aggregation] = made
        return Entries(keys, values, source.cpus)

    def fill(self, aggregation: int) -> float:
        """The share of an aggregation's room that keys took since it was last drained; 0 where there can be but one."""
        if f"agg_{aggregation}_now" not in self._maps:
            return 0.0
        made = self._keys_made(aggregation) - self._made.get(aggregation, 0)
        return made / self._filling(aggregation).spec.max_entries

    def _filling(self, aggregation: int) -> BpfMap:
        return self._filled.get(aggregation) or self._maps[f"agg_{aggregation}"]

    def _keys_made(self, aggregation: int) -> int:
        source = self._maps["agg_made"]
        value = source.lookup(_KEY.pack(aggregation))
        return sum(_VALUE.unpack(each)[0] for each in _by_cpu(source, value)) if value else 0

    def set_epoch(self, aggregation: int, epoch: int) -> None:
        """Sets the epoch of an aggregation."""
        self._maps["epochs"].update(_KEY.pack(aggregation), _VALUE.pack(epoch))

    def exec_time(self, pid: int, image: int) -> int | None:
        """When a process began to execute an image, in nanoseconds; None when that was before tracing."""
        value = self._maps["images"].lookup(_IMAGE.pack(pid, image)) if "images" in self._maps else None
        return None if value is None else int(_VALUE.unpack(value)[0])

    def add_progeny(self, processes: Iterable[int]) -> None:
        """Tells of processes that came from the target before the program saw processes fork."""
        for pid in processes:
            self._maps["progeny"].update(_KEY.pack(pid), b"\1")

    def drops(self) -> Mapping[str, Sequence[int]]:
        """How many of each of `DROP_KINDS` were dropped so far, on each CPU; empty when nothing counts them."""
        if "drops" not in self._maps:
            return {}
        source, found = self._maps["drops"], {}
        for index, kind in enumerate(DROP_KINDS):
            value = source.lookup(_KEY.pack(index)) if index < source.spec.max_entries else None
            found[kind] = [_VALUE.unpack(each)[0] for each in _by_cpu(source, value)] if value else []
        return found


def _by_cpu(source: BpfMap, value: bytes) -> list[bytes]:
    size, stride = source.spec.value_size, source.stride
    return [value[start : start + size] for start in range(0, stride * source.cpus, stride)]
