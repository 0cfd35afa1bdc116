"""An aggregation's maps in the kernel, in the form in which `dtrans.run.output.aggregate` reads them."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence

from dtrans.artifact import DROP_KINDS
from dtrans.run.kernel.bpf import MAP_PERCPU_ARRAY, BpfMap

_KEY, _VALUE, _IMAGE = struct.Struct("=I"), struct.Struct("=Q"), struct.Struct("=II")


class KernelTables:
    """The maps ``agg_N``, ``epochs``, ``images`` and ``drops`` of a program, by the names of `dtrans.artifact`."""

    def __init__(self, maps: Mapping[str, BpfMap]) -> None:
        self._maps = maps
        # An element of an array cannot be removed: what was taken of it is subtracted from then on.
        self._taken: dict[int, list[bytes]] = {}

    def read(self, aggregation: int) -> Iterable[tuple[bytes, Sequence[bytes]]]:
        """All entries of an aggregation: the packed key, and the value on each CPU."""
        source = self._maps[f"agg_{aggregation}"]
        if source.spec.type == MAP_PERCPU_ARRAY:
            values = self._since_taken(source, aggregation)
            return [(_KEY.pack(0), values)] if any(map(any, values)) else []
        return ((key, _by_cpu(source, value)) for key, value in source.items())

    def take(self, aggregation: int, key: bytes) -> Sequence[bytes] | None:
        """Removes an entry, and gives its last values; None when there is none (any more)."""
        source = self._maps[f"agg_{aggregation}"]
        if source.spec.type == MAP_PERCPU_ARRAY:
            values = self._since_taken(source, aggregation)
            before = self._taken.get(aggregation)
            self._taken[aggregation] = values if before is None else list(map(_plus_words, before, values))
            return values
        value = source.take(key)
        return None if value is None else _by_cpu(source, value)

    def _since_taken(self, source: BpfMap, aggregation: int) -> list[bytes]:
        """The only value of an array on each CPU, less what was taken."""
        value = source.lookup(_KEY.pack(0))
        values = _by_cpu(source, value) if value else []
        before = self._taken.get(aggregation)
        return values if before is None else list(map(_minus_words, values, before))

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


def _minus_words(one: bytes, two: bytes) -> bytes:
    return _words(one, two, -1)


def _plus_words(one: bytes, two: bytes) -> bytes:
    return _words(one, two, 1)


def _words(one: bytes, two: bytes, sign: int) -> bytes:
    """Two values added or subtracted, 64 bits at a time."""
    form = struct.Struct(f"={len(one) // 8}Q")
    return form.pack(*((a + sign * b) & ~(-1 << 64) for a, b in zip(form.unpack(one), form.unpack(two), strict=True)))


def _by_cpu(source: BpfMap, value: bytes) -> list[bytes]:
    size, stride = source.spec.value_size, source.stride
    return [value[start : start + size] for start in range(0, stride * source.cpus, stride)]
