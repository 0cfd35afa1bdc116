"""The maps of an aggregation: an empty one takes the place of one that fills up."""

from __future__ import annotations

import struct

from dtrans.run.kernel.bpf import MAP_ARRAY_OF_MAPS, MAP_PERCPU_ARRAY, MAP_PERCPU_HASH, BpfMap, MapSpec
from dtrans.run.kernel.tables import KernelTables

KEY = struct.Struct("=I")
ROOM = 64


def test_keys_find_room_when_those_before_them_are_taken_out() -> None:
    room = BpfMap.create(MapSpec("agg_0", MAP_PERCPU_HASH, 4, 8, ROOM))
    now = BpfMap.create(MapSpec("agg_0_now", MAP_ARRAY_OF_MAPS, 4, 4, 1), room.fd)
    made = BpfMap.create(MapSpec("agg_made", MAP_PERCPU_ARRAY, 4, 8, 1))
    tables = KernelTables({"agg_0": room, "agg_0_now": now, "agg_made": made})
    count = 0

    def program(key: int) -> None:
        """What a program does with a new key: on each CPU it counts once."""
        nonlocal count
        count += 1
        current = tables._filling(0)
        current.update(KEY.pack(key), struct.pack("=Q", 1) * current.cpus)
        made.update(KEY.pack(0), struct.pack("=Q", count) + bytes(8 * (made.cpus - 1)))

    now.update(KEY.pack(0), KEY.pack(room.fd))
    try:
        assert tables.fill(0) == 0
        for begin in range(0, 4 * ROOM, ROOM):
            for key in range(begin, begin + ROOM):
                program(key)
            assert tables.fill(0) == 1
            before = now.lookup(KEY.pack(0))
            assert set(tables.read(0).keys) == {KEY.pack(key) for key in range(begin, begin + ROOM)}
            taken = tables.drain(0)
            assert set(taken.keys) == {KEY.pack(key) for key in range(begin, begin + ROOM)}
            assert taken.values == struct.pack("=Q", 1) * taken.cpus * ROOM
            assert now.lookup(KEY.pack(0)) != before
            assert tables.fill(0) == 0
            assert tables.read(0).keys == []
    finally:
        tables.close()
        for each in (room, now, made):
            each.close()


def test_an_aggregation_without_keys_is_no_entry_before_its_first_event() -> None:
    table = BpfMap.create(MapSpec("agg_0", MAP_PERCPU_ARRAY, 4, 16, 1, 0))
    try:
        tables = KernelTables({"agg_0": table})
        assert tables.read(0).keys == []
        value = struct.pack("=2Q", 5, 7) * table.cpus
        table.update(KEY.pack(0), value)
        assert tables.read(0).keys == [KEY.pack(0)]
        assert tables.read(0).values == value
        assert tables.fill(0) == 0
    finally:
        table.close()
