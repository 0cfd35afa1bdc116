from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from dtrans.artifact import Field
from dtrans.run.output.decode import (
    NoSymbols,
    module_of,
    split_offset,
    stack_addresses,
    struct_code,
    unpacker,
    user_addresses,
)
from tests.run.made import make_names

fields = st.builds(
    Field,
    st.sampled_from(["int", "uint", "bytes"]),
    st.integers(0, 40),
    st.sampled_from([1, 2, 4, 8]),
)


@given(st.lists(fields, max_size=8), st.binary(min_size=56, max_size=56))
def test_fields_in_any_order_and_overlap_read_as_each_alone(wanted: list[Field], data: bytes) -> None:
    alone = tuple(struct.unpack_from("<" + struct_code(field), data, field.offset + 3)[0] for field in wanted)
    assert unpacker(wanted)(data, 3) == alone


def test_names_of_addresses_split_at_their_offset() -> None:
    assert split_offset("vmlinux`vfs_read+0x1c") == ("vmlinux`vfs_read", 0x1C)
    assert split_offset("vmlinux`vfs_read") == ("vmlinux`vfs_read", 0)
    assert split_offset("libstdc++.so`operator+0xyz") == ("libstdc++.so`operator+0xyz", 0)
    assert split_offset("0xffff") == ("0xffff", 0)


def test_a_module_stands_before_the_backquote() -> None:
    assert module_of("ext4`sync+0x1") == "ext4"
    assert module_of("ext4`0x1234") == "ext4"
    assert module_of("0x1234") == "0x1234"


def test_stacks_end_at_zero_or_at_their_size() -> None:
    assert stack_addresses(struct.pack("<3Q", 1, 2, 0)) == [1, 2]
    assert stack_addresses(struct.pack("<2Q", 1, 2)) == [1, 2]
    assert stack_addresses(b"") == []


def test_a_process_s_stack_ends_where_no_code_can_be() -> None:
    """Only the first address is certain: a program may jump anywhere."""
    code = 0x7F0000001000
    for nowhere in (0x6C, 0x7365_636F_7270_5F5F, (1 << 64) - 1):
        assert user_addresses(struct.pack("<4Q", nowhere, code, nowhere, code)) == [nowhere, code]
    assert user_addresses(struct.pack("<3Q", code, 0x1000, 0)) == [code, 0x1000]


def test_without_symbols_addresses_are_hexadecimal() -> None:
    assert NoSymbols().kernel(255) == "0xff"
    assert NoSymbols().user(1, 255) == "0xff"


def test_user_addresses_sort_by_process_and_start_of_symbol() -> None:
    names = make_names()
    order = names.place_order(Field("usym", 0, 16))
    assert order(struct.pack("<IIQ", 42, 0, 0x4010)) == (42, 0x4000)
    assert names.place_order(Field("uaddr", 0, 16))(struct.pack("<IIQ", 42, 0, 0x4010)) == (42, 0x4010)
    assert names.place_order(Field("func", 0, 8))(0x1010) == (0, 0x1000)


def test_an_unknown_probe_has_an_empty_name() -> None:
    assert make_names().text_of(Field("probefunc", 0, 4))(999) == b""
