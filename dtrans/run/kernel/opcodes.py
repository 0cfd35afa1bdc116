"""x86-64 instructions that Linux takes for others when a probe stands on them, and then runs wrongly.

To trace an instruction the kernel runs it elsewhere, or does its work itself. Which it is to do it tells by the byte of
the opcode (arch/x86/kernel/uprobes.c, OPCODE1), without asking whether a VEX or EVEX prefix stands before it: a vector
instruction may so be taken for a jump, a call or a return, and the traced program goes wrong without a word.

    62 e2 7d 28 7a ce    vpbroadcastb %esi,%ymm17    is taken for 7a, a jump, and left out
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence

#: Bytes of a vector instruction up to its opcode, by its first: VEX of two and three bytes, EVEX (Intel SDM 2.3, 2.7).
_VECTOR_PREFIXES = {0xC5: 2, 0xC4: 3, 0x62: 4} if platform.machine() == "x86_64" else {}
#: Opcodes that mean something to the kernel's code for probes: conditional jumps, nop, calls, popf, returns, jumps.
_MEANT = frozenset({*range(0x70, 0x80), 0x90, 0x9A, 0x9D, 0xC2, 0xC3, 0xCA, 0xCB, 0xCF, 0xE8, 0xE9, 0xEA, 0xEB, 0xFF})
#: Broadcasts of a general register to a vector, with which functions for strings begin: they touch neither general
#: registers nor memory, so that behind one a function's arguments and its return address still stand where they did.
_BROADCASTS, _BROADCAST_SIZE = frozenset({0x7A, 0x7B, 0x7C}), 6
#: Enough for two of them and the next opcode.
_READ = 2 * _BROADCAST_SIZE + 5


def is_mistaken(code: bytes) -> bool:
    """Whether the kernel takes the instruction at the start of some code for another one."""
    before = _VECTOR_PREFIXES.get(code[0]) if code else None
    return before is not None and len(code) > before and code[before] in _MEANT


def sound_start(code: bytes) -> int | None:
    """How many bytes behind a function's start a probe for its entry or return can stand; None: nowhere."""
    start = 0
    while is_mistaken(code[start:]):
        if code[start] != 0x62 or code[start + 4] not in _BROADCASTS:
            return None
        start += _BROADCAST_SIZE
    return start


def sound_offsets(path: str, offsets: Sequence[int], *, starts: bool) -> Iterator[int | None]:
    """For places in a file the place where a probe can stand without harm, None where there is none. `starts`: they are
    where functions begin, and what stands there need not be what is traced."""
    with open(path, "rb", buffering=0) as file:
        for offset in offsets:
            code = os.pread(file.fileno(), _READ, offset) if _VECTOR_PREFIXES else b""
            start = sound_start(code) if starts else None if is_mistaken(code) else 0
            yield None if start is None else offset + start
