"""Compiled objects: kept as bytes, linked with maps and late numbers."""

from __future__ import annotations

import marshal
import struct

from hypothesis import given
from hypothesis import strategies as st

from dtrans.run.kernel.bpf import MapSpec
from dtrans.run.programs.objects import Object, ObjectProgram, symbolic_program

MAGIC = 0x7A11C0DE7A11C0DE


def load_64(number: int, source: int = 0, register: int = 1) -> bytes:
    low, high = number & 0xFFFFFFFF, number >> 32
    return struct.pack("<BBhI", 0x18, source << 4 | register, 0, low) + struct.pack("<BBhI", 0, 0, 0, high)


EXIT = bytes.fromhex("9500000000000000")
names = st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1, max_size=20)
numbers = st.integers(0, 2**32 - 1)
objects = st.builds(
    Object,
    st.lists(st.builds(MapSpec, names, numbers, numbers, numbers, numbers, numbers), max_size=4).map(tuple),
    st.lists(
        st.builds(
            ObjectProgram,
            names,
            st.binary(max_size=64),
            st.lists(st.tuples(st.integers(0, 7), names), max_size=3).map(tuple),
        ),
        max_size=4,
    ).map(tuple),
)


@given(objects)
def test_an_object_survives_its_plain_values(made: Object) -> None:
    assert Object.from_plain(marshal.loads(marshal.dumps(made.to_plain()))) == made


def test_map_descriptors_become_names_and_descriptors_again() -> None:
    code = load_64(0, 0, 2) + load_64(17, source=1) + EXIT
    program = symbolic_program("prog_0", code, {17: "agg_0"})
    assert program.maps == ((2, "agg_0"),)
    assert program.code == load_64(0, 0, 2) + load_64(0, source=1) + EXIT
    assert program.linked({"agg_0": 99}, {}) == load_64(0, 0, 2) + load_64(99, source=1) + EXIT


def test_late_numbers_replace_their_magic_in_all_64_bits() -> None:
    program = ObjectProgram("prog_0", load_64(MAGIC) + load_64(MAGIC + 1) + EXIT, ())
    linked = program.linked({}, {MAGIC: 0xFEDCBA9876543210})
    assert linked == load_64(0xFEDCBA9876543210) + load_64(MAGIC + 1) + EXIT


def test_a_negative_late_number_is_its_64_bits() -> None:
    assert ObjectProgram("p", load_64(MAGIC), ()).linked({}, {MAGIC: -5}) == load_64(2**64 - 5)


def test_the_second_half_of_a_load_is_no_instruction() -> None:
    # Its number looks like an opcode; nothing may be put behind it.
    tricky = load_64(0x18 << 32)
    assert ObjectProgram("p", tricky + EXIT, ()).linked({}, {0: 1}) == tricky + EXIT
