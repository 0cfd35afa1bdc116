"""Maps, programs and the ring buffer by system calls."""

from __future__ import annotations

import os
import struct

import pytest

from dtrans.run.kernel.bpf import (
    MAP_ARRAY,
    MAP_HASH,
    MAP_PERCPU_HASH,
    PROG_RAW_TRACEPOINT,
    BpfMap,
    MapSpec,
    VerifierError,
    load_program,
    map_info,
    online_cpus,
    possible_cpus,
    run_program,
)
from dtrans.run.kernel.ring import RingReader
from dtrans.run.programs.compile import compile_object

KEY, VALUE = struct.Struct("=I"), struct.Struct("=Q")


def _filled(kind: int, entries: int) -> BpfMap:
    made = BpfMap.create(MapSpec("test_map", kind, 4, 8, entries))
    for number in range(entries):
        made.update(KEY.pack(number), VALUE.pack(number * 3) * made.cpus)
    return made


@pytest.mark.parametrize("kind", [MAP_HASH, MAP_ARRAY, MAP_PERCPU_HASH])
@pytest.mark.parametrize("batches", [True, False])
def test_all_items_of_a_map_are_read(kind: int, batches: bool) -> None:
    made = _filled(kind, 5000)
    made._can_batch = batches
    expected = {KEY.pack(number): VALUE.pack(number * 3) * made.cpus for number in range(5000)}
    items = list(made.items())
    assert len(items) == 5000
    assert dict(items) == expected
    made.close()


def test_a_value_has_a_part_for_each_possible_cpu() -> None:
    made = BpfMap.create(MapSpec("test_map", MAP_PERCPU_HASH, 4, 12, 1))
    assert (made.cpus, made.stride) == (possible_cpus(), 16)
    made.update(KEY.pack(1), b"".join(bytes([cpu]) * 12 + bytes(4) for cpu in range(made.cpus)))
    value = made.lookup(KEY.pack(1))
    assert value is not None
    assert [value[cpu * 16] for cpu in range(made.cpus)] == list(range(made.cpus))
    made.close()


@pytest.mark.parametrize("kind", [MAP_HASH, MAP_PERCPU_HASH])
@pytest.mark.parametrize("batches", [True, False])
def test_what_is_taken_is_there_no_more(kind: int, batches: bool) -> None:
    made = _filled(kind, 5000)
    made._can_batch = batches
    keys, values = made.contents(take=True)
    assert dict(zip(keys, struct.unpack(f"={5000 * made.cpus}Q", values)[:: made.cpus], strict=True)) == {
        KEY.pack(number): number * 3 for number in range(5000)
    }
    assert made.contents() == ([], b"")
    made.close()


@pytest.mark.parametrize("kind", [MAP_HASH, MAP_PERCPU_HASH])
def test_a_key_that_is_deleted_is_there_no_more(kind: int) -> None:
    made = _filled(kind, 2)
    assert made.lookup(KEY.pack(0)) is not None
    assert made.delete(KEY.pack(1)) is True
    assert made.delete(KEY.pack(1)) is False
    assert [key for key, _ in made.items()] == [KEY.pack(0)]
    made.close()


def test_an_empty_map_has_no_items() -> None:
    made = BpfMap.create(MapSpec("test_map", MAP_HASH, 4, 8, 10))
    assert list(made.items()) == []
    assert made.lookup(KEY.pack(0)) is None
    made.close()


def test_a_map_tells_what_it_is() -> None:
    spec = MapSpec("test_map", MAP_PERCPU_HASH, 16, 40, 100, 1)
    made = BpfMap.create(spec)
    assert map_info(made.fd) == spec
    made.close()


def test_a_frozen_map_cannot_be_written_from_here() -> None:
    made = _filled(MAP_ARRAY, 1)
    made.freeze()
    with pytest.raises(PermissionError):
        made.update(KEY.pack(0), VALUE.pack(1))
    made.close()


#: r0 = the CPU (helper 8); exit.
_CPU_NUMBER = bytes.fromhex("8500000008000000 9500000000000000")


def test_a_program_runs_on_the_chosen_cpu() -> None:
    program = load_program(PROG_RAW_TRACEPOINT, _CPU_NUMBER, "cpu_number")
    assert [run_program(program, cpu) for cpu in online_cpus()] == list(online_cpus())
    os.close(program)


def test_a_refused_program_tells_one_line() -> None:
    with pytest.raises(VerifierError) as caught:
        load_program(PROG_RAW_TRACEPOINT, bytes.fromhex("9500000000000000"), "no_result")
    assert caught.value.line == "R0 !read_ok"


# --- the ring ---------------------------------------------------------------------------------------------------

RING = """
BPF_RINGBUF_OUTPUT(records, 1);
BPF_ARRAY(numbers, u64, 2);
int write_one(void *ctx) {
    int zero = 0, one = 1;
    u64 *n = numbers.lookup(&zero), *lost = numbers.lookup(&one);
    if (!n || !lost)
        return 0;
    u64 *r = records.ringbuf_reserve(8 + 16);
    if (!r) {
        *lost += 1;
        return 1;
    }
    r[0] = *n;
    r[1] = r[2] = ~*n;
    *n += 1;
    if (r[0] % 7 == 3)
        records.ringbuf_discard(r, 0);
    else
        records.ringbuf_submit(r, BPF_RB_NO_WAKEUP);
    return 0;
}
"""


class Ring:
    """A ring of 4096 bytes and the program that writes into it."""

    def __init__(self, text: str = RING) -> None:
        made = compile_object(text)
        self.maps = {spec.name: BpfMap.create(spec) for spec in made.maps}
        (program,) = made.programs
        code = program.linked({name: each.fd for name, each in self.maps.items()}, {})
        self.program = load_program(PROG_RAW_TRACEPOINT, code, program.name)
        self.reader = RingReader(self.maps["records"].fd, self.maps["records"].spec.max_entries, 24)

    def close(self) -> None:
        self.reader.close()
        os.close(self.program)
        for each in self.maps.values():
            each.close()

    def write(self, count: int) -> int:
        """How many had no place."""
        return sum(run_program(self.program) for _ in range(count))

    def read(self) -> list[int]:
        numbers = []
        for record in self.reader.records():
            first, second, third = struct.unpack("=QQQ", record)
            assert second == third == ~first & (2**64 - 1)
            numbers.append(first)
        return numbers


def _kept(numbers: range) -> list[int]:
    return [number for number in numbers if number % 7 != 3]


#: Records that begin with a number that is the same for 37 of them, and then count on.
RUNS = """
BPF_RINGBUF_OUTPUT(records, 1);
BPF_ARRAY(numbers, u64, 1);
int write_one(void *ctx) {
    int zero = 0;
    u64 *n = numbers.lookup(&zero);
    struct { u16 kind; u16 pad; u32 number; u64 more; } r = {};
    if (!n)
        return 0;
    r.number = *n;
    r.kind = *n / 37 % 3;
    *n += 1;
    return records.ringbuf_output(&r, r.kind == 2 ? 8 : 16, 1 /* BPF_RB_NO_WAKEUP */) != 0;
}
"""


def test_runs_are_of_records_that_are_alike_and_leave_none_out() -> None:
    ring = Ring(RUNS)
    longest = done = 0
    for count in (100, 3, 0, 127, 40, 90, 60, 111):
        assert ring.write(count) == 0
        numbers = []
        for first, stride, many in ring.reader.runs():
            heads = [struct.unpack_from("=HxxI", ring.reader.data, first + stride * each) for each in range(many)]
            assert len({kind for kind, _ in heads}) == 1
            assert all(kind == number // 37 % 3 for kind, number in heads)
            numbers += [number for _, number in heads]
            longest = max(longest, many)
        assert numbers == list(range(done, done + count))
        done += count
    assert longest > 8
    ring.close()


def test_records_come_in_order_around_the_ring_and_discarded_ones_do_not_come() -> None:
    ring = Ring()
    done = 0
    for count in (1, 0, 50, 127, 3, 100, 64, 127, 90):
        assert ring.write(count) == 0
        assert ring.read() == _kept(range(done, done + count))
        assert ring.reader.waiting == 0
        done += count
    ring.close()


def test_a_full_ring_drops_the_newest_and_goes_on_when_read() -> None:
    ring = Ring()
    dropped = ring.write(300)
    assert dropped == 300 - 127  # 32 bytes each; one byte short of full counts as full.
    assert ring.read() == _kept(range(127))
    assert ring.write(1) == 0
    assert ring.read() == [127]
    ring.close()


def test_a_reader_that_stops_early_goes_on_where_it_stopped() -> None:
    ring = Ring()
    ring.write(3)
    records = ring.reader.records()
    assert struct.unpack_from("=Q", next(records)) == (0,)
    records.close()
    assert ring.read() == [1, 2]
    ring.close()


def test_thrown_away_records_do_not_come() -> None:
    ring = Ring()
    ring.write(20)
    ring.reader.discard()
    ring.write(2)
    assert ring.read() == [20, 21]
    ring.close()
