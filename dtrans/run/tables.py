"""An aggregation's maps in the kernel, in the form in which `dtrans.run.aggregate` reads them."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence

from dtrans.artifact import DROP_KINDS
from dtrans.run.bpf import BpfMap

_KEY, _VALUE = struct.Struct("=I"), struct.Struct("=Q")


class KernelTables:
    """The maps ``agg_N``, ``epochs`` and ``drops`` of a loaded program, by the names of `dtrans.artifact`."""

    def __init__(self, maps: Mapping[str, BpfMap]) -> None:
        self._maps = maps

    def read(self, aggregation: int) -> Iterable[tuple[bytes, Sequence[bytes]]]:
        """All entries of an aggregation: the packed key, and the value on each CPU."""
        source = self._maps[f"agg_{aggregation}"]
        return ((key, _by_cpu(source, value)) for key, value in source.items())

    def take(self, aggregation: int, key: bytes) -> Sequence[bytes] | None:
        """Removes an entry, and gives its last values; None when there is none (any more)."""
        source = self._maps[f"agg_{aggregation}"]
        value = source.take(key)
        return None if value is None else _by_cpu(source, value)

    def set_epoch(self, aggregation: int, epoch: int) -> None:
        """Sets the epoch of an aggregation."""
        self._maps["epochs"].update(_KEY.pack(aggregation), _VALUE.pack(epoch))

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
