"""Arguments of probes that programs define, as their notes write them, made into what BPF programs can follow.

    "-4@-20(%rbp) 8@%rdi 4@$1"   ->   (Operand("memory", -20, base=BP, size=4, signed), Operand("register", ...), ...)

The grammar is that of the page "UserSpaceProbeImplementation" of SystemTap's wiki: ``SIZE@OPERAND`` with a sign before
the size of signed values, and operands as the machine's assembler has them (x86: AT&T).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import Literal

from dtrans.values import dataclass

OperandKind = Literal["none", "constant", "register", "memory"]

#: Probes of programs have at most this many arguments (sys/sdt.h, STAP_PROBE12).
MOST_OPERANDS = 12
#: An operand in the map of sites: constant, offsets of two registers in struct pt_regs, kind, scale, size, signed.
OPERAND = struct.Struct("<qHHBBBB")
NO_REGISTER = 0xFFFF
_KINDS: dict[OperandKind, int] = {"none": 0, "constant": 1, "register": 2, "memory": 3}

_X86_WORDS = "r15 r14 r13 r12 bp bx r11 r10 r9 r8 ax cx dx si di orig_ax ip cs flags sp ss".split()
_X86_REGISTER = re.compile(r"%(?:[re]?(ax|bx|cx|dx|si|di|bp|sp|ip)|([abcd])l|(si|di|bp|sp)l|(r(?:8|9|1[0-5]))[dwb]?)$")
_X86_MEMORY = re.compile(
    r"(?:(?P<before>-?(?:0[xX][0-9a-fA-F]+|\d+))\+(?=[A-Za-z_.$]))?"
    r"(?P<symbol>[A-Za-z_.$][\w.$@]*)?(?P<disp>(?:[+-]?(?:0[xX][0-9a-fA-F]+|\d+))*)"
    r"\((?P<base>%\w+)?(?:,(?P<index>%\w+)(?:,(?P<scale>[1248]))?)?\)$"
)
_NUMBER = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]+|\d+)")
_ARM_REGISTER = re.compile(r"[xw](?:[12]?\d|30)$|sp$")
#: A base, and behind it a number, the lower twelve bits of a symbol's address, or a register, which may be shifted.
_ARM_MEMORY = re.compile(
    r"\[(?P<base>x\d+|sp)(?:,\s*(?:#?:lo12:(?P<symbol>[\w.$]+)(?:\+(?P<more>\d+))?|(?P<index>x\d+)(?:,\s*lsl\s*#?(?P<shift>[0-3]))?|"
    r"#?(?P<disp>-?\w+)))?\]$"
)
#: Names of the register that is always 0.
_ARM_ZEROS = frozenset({"xzr", "wzr"})
#: What an address has below the part that a page's number is.
_LOW_BITS = 0xFFF
#: The program counter's place in ``struct user_pt_regs``, in words.
_ARM_COUNTER = 32
_SIZED = re.compile(r"(-?)([1248])@(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Operand:
    """Where one argument is. `base` and `index` are offsets of registers in ``struct pt_regs``, `scale` a power of two;
    `size` in bytes. Kind "none" is an argument that BPF programs cannot get at."""

    kind: OperandKind
    constant: int = 0
    base: int = NO_REGISTER
    index: int = NO_REGISTER
    scale: int = 0
    size: int = 8
    signed: bool = False

    def packed(self) -> bytes:
        """As `OPERAND`."""
        constant = (self.constant + (1 << 63)) % (1 << 64) - (1 << 63)
        return OPERAND.pack(constant, self.base, self.index, _KINDS[self.kind], self.scale, self.size, self.signed)


def operands(text: str, machine: str, address: int, symbol: Callable[[str], int | None]) -> tuple[Operand, ...]:
    """The arguments of a site, in order. `machine` as ``uname -m`` has it; `address` is the site's in its file, and
    `symbol` gives the address there of a variable by name."""
    return tuple(_operand(word, machine, address, symbol) for word in _operand_words(text)[:MOST_OPERANDS])


def relative(machine: str, distance: int) -> Operand:
    """The address that is so many bytes from the instruction at hand."""
    counter = _X86_WORDS.index("ip") if machine == "x86_64" else _ARM_COUNTER
    return Operand("register", distance, counter * 8)


def stack_after_return(machine: str) -> Operand:
    """The stack pointer that a function's caller has again, at the instruction that returns."""
    if machine == "x86_64":
        return Operand("register", 8, _X86_WORDS.index("sp") * 8)
    return Operand("register", 0, _arm_register("sp"))


def _operand_words(text: str) -> list[str]:
    """At blanks, but not within brackets: ``8@[sp, 16]`` is one word."""
    return re.findall(r"(?:\[[^\]]*\]|\S)+", text)


def _operand(word: str, machine: str, address: int, symbol: Callable[[str], int | None]) -> Operand:
    sized = _SIZED.fullmatch(word)
    sign, size, place = ("", 8, word) if sized is None else (sized[1], int(sized[2]), sized[3])
    if "@" in place and sized is None:
        return Operand("none")  # Of a kind that has no integer value: ``8f@%xmm0``.
    found = _x86(place, address, symbol) if machine == "x86_64" else _arm(place, symbol)
    kind, constant, base, index, scale = found
    return Operand(kind, constant, base, index, scale, size, bool(sign))


_Place = tuple[OperandKind, int, int, int, int]
_NOWHERE: _Place = ("none", 0, NO_REGISTER, NO_REGISTER, 0)


def _x86(place: str, address: int, symbol: Callable[[str], int | None]) -> _Place:
    if place.startswith("$"):
        return _constant(place[1:])
    register = _x86_register(place)
    if register is not None:
        return "register", 0, register, NO_REGISTER, 0
    memory = _X86_MEMORY.fullmatch(place)
    if memory is None:
        return _NOWHERE
    displacement = sum(int(number, 0) for number in _NUMBER.findall(f"{memory['disp']}+{memory['before'] or 0}"))
    base, index = (_x86_register(memory[part]) if memory[part] else NO_REGISTER for part in ("base", "index"))
    if base is None or index is None:
        return _NOWHERE
    if memory["symbol"] or memory["base"] == "%rip":
        # Relative to the instruction, since the file may be loaded anywhere: the site's address is the one known place.
        variable = symbol(memory["symbol"] or "")
        if variable is None or memory["base"] != "%rip":
            return _NOWHERE
        displacement += variable - address
    return "memory", displacement, base, index, {"1": 0, "2": 1, "4": 2, "8": 3}[memory["scale"] or "1"]


def _x86_register(name: str) -> int | None:
    match = _X86_REGISTER.match(name)
    if match is None:
        return None
    word = match[1] or (f"{match[2]}x" if match[2] else "") or match[3] or match[4]
    return _X86_WORDS.index(word) * 8


def _arm(place: str, symbol: Callable[[str], int | None]) -> _Place:
    if place in _ARM_ZEROS:
        return _constant("0")
    if _ARM_REGISTER.match(place):
        return "register", 0, _arm_register(place), NO_REGISTER, 0
    memory = _ARM_MEMORY.match(place)
    if memory is None:
        return _constant(place)
    base, index = (_arm_register(memory[part]) if memory[part] else NO_REGISTER for part in ("base", "index"))
    if memory["symbol"]:
        # The base holds the page of the symbol, wherever the file is loaded.
        variable = symbol(memory["symbol"])
        if variable is None:
            return _NOWHERE
        return "memory", (variable & _LOW_BITS) + int(memory["more"] or 0), base, NO_REGISTER, 0
    offset = _constant(memory["disp"] or "0")
    return _NOWHERE if offset[0] == "none" else ("memory", offset[1], base, index, int(memory["shift"] or 0))


def _arm_register(name: str) -> int:
    return 31 * 8 if name == "sp" else int(name[1:]) * 8


def _constant(text: str) -> _Place:
    try:
        return "constant", int(text, 0), NO_REGISTER, NO_REGISTER, 0
    except ValueError:
        return _NOWHERE
