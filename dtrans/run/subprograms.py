"""Functions that a program calls (BPF to BPF), put behind it: what the kernel loads is one run of instructions.

BCC leaves them in one section (`templates/c/subprogram.h`), and a call says where in it the function begins, or within
the section how far away. In the kernel a call says how far away the function is, counted from the next instruction:

    prog_0: call 2       section: 0 ... 1, 2: leaf        ->   prog_0: call +1; exit; leaf
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

#: Opcodes: a call, a function's end, a jump, a load of 16 bytes; the classes of jumps (include/uapi/linux/bpf.h).
_CALL, _EXIT, _JUMP, _WIDE_LOAD = 0x85, 0x95, 0x05, 0x18
_JUMPS = (0x05, 0x06)
#: A call's source register when it is of a function of the program.
_PSEUDO_CALL = 1
#: An instruction: opcode, registers, offset, number.
_INSTRUCTION = struct.Struct("<BBhi")


def with_subprograms(code: bytes, read: Callable[[int], bytes]) -> bytes:
    """A program's instructions, then those of all functions that it calls and that they call, each once.

    `read` gives an instruction of the section, 8 bytes, by its index there.
    """
    whole = bytearray(code)
    #: Where functions begin, by index in the section; calls, by index in `whole`, and the index that they call.
    begins: dict[int, int] = {}
    calls = [(at, number + 1) for at, number in _calls(code)]
    for at, target in calls:
        if target not in begins:
            begins[target] = len(whole) // 8
            function = _called(target, read)
            calls += [(begins[target] + inner, target + inner + 1 + number) for inner, number in _calls(function)]
            whole += function
        struct.pack_into("<i", whole, at * 8 + 4, begins[target] - at - 1)
    return bytes(whole)


def _calls(code: bytes) -> Iterator[tuple[int, int]]:
    """The calls of functions: their indices and numbers."""
    for at, (opcode, registers, _, number) in enumerate(_INSTRUCTION.iter_unpack(code)):
        if opcode == _CALL and registers >> 4 == _PSEUDO_CALL:
            yield at, number


def _called(first: int, read: Callable[[int], bytes]) -> bytes:
    """The function that begins at an index. It ends with an exit or a jump back that no jump of its own goes beyond."""
    code = bytearray()
    at = furthest = 0
    while True:
        code += read(first + at)
        opcode, _, offset, _ = _INSTRUCTION.unpack_from(code, at * 8)
        if opcode == _WIDE_LOAD:
            at += 1
            code += read(first + at)
        elif opcode & 7 in _JUMPS and opcode not in (_CALL, _EXIT):
            furthest = max(furthest, at + 1 + offset)
        at += 1
        if opcode in (_EXIT, _JUMP) and furthest < at:
            return bytes(code)
