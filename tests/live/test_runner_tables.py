"""Aggregations without keys are one element of a per-CPU array: what was taken of it never comes back."""

from __future__ import annotations

import struct

from dtrans.run.kernel.bpf import MAP_PERCPU_ARRAY, BpfMap, MapSpec
from dtrans.run.kernel.tables import KernelTables

KEY = struct.pack("=I", 0)


def put(table: BpfMap, *numbers: int) -> None:
    """The same two numbers on each CPU."""
    table.update(KEY, struct.pack("=2Q", *numbers) * table.cpus)


def test_what_was_taken_of_an_array_is_left_out_from_then_on() -> None:
    table = BpfMap.create(MapSpec("agg_0", MAP_PERCPU_ARRAY, 4, 16, 1, 0))
    try:
        tables = KernelTables({"agg_0": table})
        assert list(tables.read(0)) == []
        put(table, 5, 7)
        assert list(tables.read(0)) == [(KEY, [struct.pack("=2Q", 5, 7)] * table.cpus)]
        assert tables.take(0, KEY) == [struct.pack("=2Q", 5, 7)] * table.cpus
        assert list(tables.read(0)) == []
        put(table, 6, 9)
        assert tables.take(0, KEY) == [struct.pack("=2Q", 1, 2)] * table.cpus
        put(table, 6, 10)
        assert list(tables.read(0)) == [(KEY, [struct.pack("=2Q", 0, 1)] * table.cpus)]
    finally:
        table.close()
