"""What a C text was compiled to, as bytes that can be kept: instructions, and maps by name."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from dtrans.artifact import map_number
from dtrans.run.kernel.bpf import MapSpec
from dtrans.typed import Any
from dtrans.values import dataclass

#: Names the form of `Object.to_plain`: part of the keys under which objects are kept.
OBJECT_FORMAT = "dtrans object 3"
#: Opcode of the 16-byte instruction that loads a 64-bit number, and its source register's value for a map.
_LOAD_IMM64, _PSEUDO_MAP_FD = 0x18, 1


class StackError(Exception):
    """A program needs more than the 512 bytes of stack that the kernel gives it; `function` is its name."""

    def __init__(self, function: str) -> None:
        super().__init__(function)
        self.function = function


@dataclass(frozen=True, slots=True)
class ObjectProgram:
    """One compiled function, and behind it those that it calls: they begin at the indices `functions`. `maps` says
    which instruction (by index) loads which map's descriptor."""

    name: str
    code: bytes
    maps: tuple[tuple[int, str], ...]
    functions: tuple[int, ...] = ()

    def linked(self, descriptors: Mapping[str, int], constants: Mapping[int, int]) -> bytes:
        """The instructions with the maps' descriptors in place, and numbers instead of those that stand for them.

        Only 64-bit immediate loads are looked at. `constants` by the number that stands in the code (64 bits).
        """
        code, used = bytearray(self.code), dict(self.maps)
        index, count = 0, len(code) // 8
        while index < count:
            opcode, registers, _, low = struct.unpack_from("<BBhI", code, index * 8)
            if opcode != _LOAD_IMM64:
                index += 1
                continue
            if index in used:
                struct.pack_into("<BBhi", code, index * 8, opcode, registers, 0, descriptors[used[index]])
            elif not registers >> 4:
                (high,) = struct.unpack_from("<I", code, index * 8 + 12)
                number = constants.get(high << 32 | low)
                if number is not None:
                    struct.pack_into("<I", code, index * 8 + 4, number & 0xFFFFFFFF)
                    struct.pack_into("<I", code, index * 8 + 12, number >> 32 & 0xFFFFFFFF)
            index += 2
        return bytes(code)


@dataclass(frozen=True, slots=True)
class Object:
    """A compiled C text. It holds nothing of the process that made it: maps' descriptors are names."""

    maps: tuple[MapSpec, ...]
    programs: tuple[ObjectProgram, ...]

    def to_plain(self) -> Any:
        """The object as values that the cache keeps."""
        maps = [(m.name, m.type, m.key_size, m.value_size, m.max_entries, m.flags) for m in self.maps]
        return maps, [(p.name, p.code, p.maps, p.functions) for p in self.programs]

    @classmethod
    def from_plain(cls, value: Any) -> Object:
        """The object that `to_plain` took apart."""
        maps, programs = value
        return cls(tuple(MapSpec(*parts) for parts in maps), tuple(ObjectProgram(*parts) for parts in programs))


def symbolic_program(
    name: str, code: bytes, names: Mapping[int, str], functions: tuple[int, ...] = ()
) -> ObjectProgram:
    """Compiled instructions with the maps' descriptors taken out, and where each stood. `names` by descriptor."""
    by_number = {map_number(each): each for each in names.values()}
    cleaned, used = bytearray(code), []
    index, count = 0, len(code) // 8
    while index < count:
        opcode, registers, _, number = struct.unpack_from("<BBhi", code, index * 8)
        if opcode != _LOAD_IMM64:
            index += 1
            continue
        found = None
        if registers >> 4 == _PSEUDO_MAP_FD:
            found = names[number]
        elif not registers >> 4:
            (high,) = struct.unpack_from("<I", code, index * 8 + 12)
            found = by_number.get(high << 32 | number & 0xFFFFFFFF)
        if found is not None:
            used.append((index, found))
            register = registers & 15 | _PSEUDO_MAP_FD << 4
            struct.pack_into("<BBhiBBhi", cleaned, index * 8, _LOAD_IMM64, register, 0, 0, 0, 0, 0, 0)
        index += 2
    return ObjectProgram(name, bytes(cleaned), tuple(used), functions)
