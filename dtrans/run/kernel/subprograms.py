"""Functions that a program calls (BPF to BPF), put behind it: what the kernel loads is one run of instructions.

BCC leaves them in one section (`templates/c/subprogram.h`), and a call says where in it the function begins, or within
the section how far away. In the kernel a call says how far away the function is, counted from the next instruction:

    prog_0: call 2       section: 0 ... 1, 2: leaf        ->   prog_0: call +1; exit; leaf

All of them take numbers and give one. The kernel is told so by types in BTF, and then verifies each once, for any
numbers, and not again at each call (a global function: commit 51c39bb1d5d1, Linux 5.6).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence

#: Opcodes: a call, a function's end, a jump, a load of 16 bytes; the classes of jumps (include/uapi/linux/bpf.h).
_CALL, _EXIT, _JUMP, _WIDE_LOAD = 0x85, 0x95, 0x05, 0x18
_JUMPS = (0x05, 0x06)
#: A call's source register when it is of a function of the program.
_PSEUDO_CALL = 1
#: An instruction: opcode, registers, offset, number.
_INSTRUCTION = struct.Struct("<BBhi")


def with_subprograms(code: bytes, read: Callable[[int], bytes]) -> tuple[bytes, tuple[int, ...]]:
    """A program's instructions, then those of all functions that it calls and that they call, each once; and the
    indices where these functions begin.

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
    return bytes(whole), tuple(begins.values())


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


# --- their types --------------------------------------------------------------------------------------------

#: enum of kinds, and linkages of functions (include/uapi/linux/btf.h).
_KIND_INT, _KIND_FUNC, _KIND_PROTO = 1, 12, 13
_STATIC, _GLOBAL = 0, 1
_PARAMETERS = "abcde"
#: The types' numbers: what `function_types` gives to the program itself, and to the functions that it calls.
_PROGRAM_TYPE, _FUNCTION_TYPE = 4, 5
_BTF_HEADER = struct.Struct("<HBBI4I")
_BTF_MAGIC = 0xEB9F


def function_types(*, called_by_helpers: bool = False) -> bytes:
    """BTF that describes a program, and a function of five numbers of 64 bits that gives one. One that helpers call
    must be static, and is then verified where it is given to one."""
    names = {name: at for at, name in _offsets(("u64", "program", "subprogram", *_PARAMETERS))}
    strings = b"\0" + b"".join(name.encode() + b"\0" for name in names)
    number, plain, called = 1, 2, 3
    linkage = _STATIC if called_by_helpers else _GLOBAL
    types = [
        struct.pack("<4I", names["u64"], _KIND_INT << 24, 8, 64),
        struct.pack("<3I", 0, _KIND_PROTO << 24, number),
        struct.pack("<3I", 0, _KIND_PROTO << 24 | len(_PARAMETERS), number)
        + b"".join(struct.pack("<2I", names[name], number) for name in _PARAMETERS),
        struct.pack("<3I", names["program"], _KIND_FUNC << 24 | _STATIC, plain),
        struct.pack("<3I", names["subprogram"], _KIND_FUNC << 24 | linkage, called),
    ]
    whole = b"".join(types)
    return (
        _BTF_HEADER.pack(_BTF_MAGIC, 1, 0, _BTF_HEADER.size, 0, len(whole), len(whole), len(strings)) + whole + strings
    )


def _offsets(names: Sequence[str]) -> Iterator[tuple[int, str]]:
    at = 1
    for name in names:
        yield at, name
        at += len(name) + 1


def function_places(begins: Sequence[int]) -> bytes:
    """``struct bpf_func_info`` of a program, then of the functions behind it: where each begins, and its type."""
    places = sorted(begins)
    return struct.pack("<2I", 0, _PROGRAM_TYPE) + b"".join(struct.pack("<2I", at, _FUNCTION_TYPE) for at in places)
