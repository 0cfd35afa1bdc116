"""Functions that a program calls stand behind it, each once, and every call finds its function."""

from __future__ import annotations

import struct

from dtrans.run.kernel.subprograms import with_subprograms

EXIT = struct.pack("<BBhi", 0x95, 0, 0, 0)
MOVE = struct.pack("<BBhi", 0xB7, 0, 0, 7)
HELPER = struct.pack("<BBhi", 0x85, 0, 0, 14)


def call(number: int) -> bytes:
    return struct.pack("<BBhi", 0x85, 0x10, 0, number)


def branch(offset: int) -> bytes:
    return struct.pack("<BBhi", 0x15, 0, offset, 0)


def linked(code: bytes, *section: bytes) -> list[bytes]:
    """The instructions of a program; `section` has one instruction a part, or several."""
    whole = b"".join(section)
    made, begins = with_subprograms(code, lambda index: whole[index * 8 : index * 8 + 8])
    assert sorted(begins) == sorted(
        {
            at + 1 + struct.unpack_from("<i", made, at * 8 + 4)[0]
            for at in range(len(made) // 8)
            if made[at * 8 : at * 8 + 2] == b"\x85\x10"
        }
    )
    return [made[at : at + 8] for at in range(0, len(made), 8)]


def test_a_program_without_calls_stays_as_it_is() -> None:
    assert linked(HELPER + EXIT, MOVE, EXIT) == [HELPER, EXIT]


def test_a_called_function_stands_behind_the_program_once() -> None:
    # The section's index 2, less 1, is what a call of another section holds.
    assert linked(call(1) + call(1) + EXIT, MOVE, EXIT, MOVE, EXIT, MOVE, EXIT) == [
        call(2), call(1), EXIT,
        MOVE, EXIT,
    ]  # fmt: skip


def test_functions_that_functions_call_come_too() -> None:
    # At 2 one that calls the one at 0, from 3: 4 back from the next instruction.
    assert linked(call(1) + EXIT, MOVE, EXIT, MOVE, call(-4), EXIT) == [
        call(1), EXIT,
        MOVE, call(1), EXIT,
        MOVE, EXIT,
    ]  # fmt: skip


def test_a_function_goes_as_far_as_its_branches_do() -> None:
    loop_back = struct.pack("<BBhi", 0x05, 0, -2, 0)
    body = [branch(1), EXIT, MOVE, loop_back]
    assert linked(call(-1) + EXIT, *body, MOVE, EXIT) == [call(1), EXIT, *body]


def test_the_second_half_of_a_load_ends_no_function() -> None:
    load = struct.pack("<BBhi", 0x18, 1, 0, 5)
    assert linked(call(-1) + EXIT, load, EXIT, MOVE, EXIT) == [call(1), EXIT, load, EXIT, MOVE, EXIT]
