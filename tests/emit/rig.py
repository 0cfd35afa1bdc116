"""Runs functions of templates/c in the kernel: C text -> loaded programs over one array map that both sides fill.

Each program is a raw tracepoint program that BPF_PROG_TEST_RUN fires. Its body sees ``x``, a pointer to the map's only
value::

    rig = Rig(["strlen"], {"strlen": "x->out[0] = dt_strlen(x->a, CAP);"})
    rig.run("strlen", a=b"abc").out[0]      # 3
"""

from __future__ import annotations

import ctypes
import os
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dtrans.emit.clibrary import library_file
from dtrans.run.kernel.bpf import PROG_RAW_TRACEPOINT, BpfMap, bpf_call, run_program
from dtrans.run.programs.compile import compile_object
from dtrans.run.programs.objects import Object

FOLDER = Path(__file__).parents[2] / "templates" / "c"
#: Strings' capacity, and the value's parts: (name, bytes).
CAP = 256
PARTS = (("a", CAP), ("b", CAP), ("state", CAP + 8), ("dst", CAP), ("room", 2 * CAP), ("work", 8256))
NUMBERS = 8

_VALUE = struct.Struct(f"<{NUMBERS}q{NUMBERS}q")
_NEEDS = re.compile(r"// needs:(.*)")
_LAYOUT = re.compile(r'// layout(\??): (\w+) = offset "(struct \w+)" ([\w.]+)')


def closure(names: Sequence[str]) -> list[str]:
    """The files that `names` need, each before those that need it."""
    found: list[str] = []

    def add(name: str) -> None:
        match = _NEEDS.match((FOLDER / f"{name}.h").read_text())
        assert match, name
        for needed in match[1].split():
            add(needed)
        if name not in found:
            found.append(name)

    for name in names:
        add(name)
    return found


def layouts(names: Sequence[str]) -> list[tuple[bool, str, str, str]]:
    """The layout lines of `names`: (may be missing, macro, type, member)."""
    lines = [line for name in names for line in (FOLDER / f"{name}.h").read_text().splitlines()]
    return [(bool(m[1]), m[2], m[3], m[4]) for line in lines if (m := _LAYOUT.fullmatch(line))]


def wrong_steps(rig: Rig, programs: Mapping[str, str], sought: int = CAP) -> dict[str, int]:
    """What programs cost the verifier where it is far from the line ``// steps:`` of the file that each calls; searches
    are for strings of up to `sought` bytes. Kernels differ by some percent. Without the line it is next to none."""
    wrong = {}
    for program, file in programs.items():
        match library_file(file).steps:
            case (steps,):
                pass
            case (short, byte):
                steps = short + (byte * sought if sought > 8 else 0)
            case _:
                steps = 0
        found = rig.verified[program]
        if not (steps / 2 < found < steps * 1.25 if steps else found < 500):
            wrong[program] = found
    return wrong


@dataclass(frozen=True, slots=True)
class Result:
    """What a program left: the numbers that it gave, and all strings."""

    out: tuple[int, ...]
    parts: Mapping[str, bytes]

    @property
    def text(self) -> bytes:
        """dst up to its NUL, which must be within its capacity."""
        dst = self.parts["dst"]
        assert b"\0" in dst
        return dst[: dst.index(b"\0")]


class Rig:
    """`bodies` by program name, compiled as one text. `defines` are the macros of layouts."""

    def __init__(
        self, names: Sequence[str], bodies: Mapping[str, str], defines: Mapping[str, int] | None = None
    ) -> None:
        members = "".join(f"char {name}[{size}] __attribute__((aligned(8)));\n" for name, size in PARTS)
        macros = "".join(f"#define {name} {value}ULL\n" for name, value in {"CAP": CAP, **(defines or {})}.items())
        functions = "".join((FOLDER / f"{name}.h").read_text() for name in closure(names))
        programs = "".join(
            f"int prog_{name}(void *ctx) {{ u32 zero = 0; struct value *x = values.lookup(&zero);\n"
            f"if (!x) return 0;\n{body}\nreturn 0; }}\n"
            for name, body in bodies.items()
        )
        text = (
            f"{macros}struct value {{ s64 in[{NUMBERS}]; s64 out[{NUMBERS}];\n{members}}};\n"
            f"BPF_ARRAY(values, struct value, 1);\n{functions}{programs}"
        )
        compiled: Object = compile_object(text)
        self._map = BpfMap.create(next(spec for spec in compiled.maps if spec.name == "values"))
        self._fds: dict[str, int] = {}
        #: Program name -> instructions that the verifier walked.
        self.verified: dict[str, int] = {}
        #: And the bytes of stack that it has, out of 512.
        self.stack: dict[str, int] = {}
        self.size: dict[str, int] = {}
        for program in compiled.programs:
            code = bytearray(program.code)
            for index, _ in program.maps:
                struct.pack_into("<i", code, index * 8 + 4, self._map.fd)
            name = program.name.removeprefix("prog_")
            self.size[name] = len(code) // 8
            self._fds[name], self.verified[name], self.stack[name] = _load(bytes(code))

    def close(self) -> None:
        for fd in self._fds.values():
            os.close(fd)
        self._map.close()

    def run(self, program: str, numbers: Sequence[int] = (), **parts: bytes) -> Result:
        """Runs a program over these strings (a NUL is added) and numbers; all other memory holds 0xA5."""
        value = bytearray(_VALUE.pack(*numbers, *[0] * (2 * NUMBERS - len(numbers))))
        for name, size in PARTS:
            given = parts.get(name)
            value += (b"" if given is None else given + b"\0").ljust(size, b"\xa5")
        self._map.update(bytes(4), bytes(value))
        run_program(self._fds[program], 0)
        return self._result()

    def again(self, program: str) -> Result:
        """Runs a program over what the one before left."""
        run_program(self._fds[program], 0)
        return self._result()

    def _result(self) -> Result:
        raw = self._map.lookup(bytes(4))
        assert raw is not None
        found, at = {}, _VALUE.size
        for name, size in PARTS:
            found[name] = raw[at : at + size]
            at += size
        return Result(_VALUE.unpack_from(raw)[NUMBERS:], found)


def _load(code: bytes) -> tuple[int, int, int]:
    """A raw tracepoint program's descriptor, how many instructions the verifier walked, and the bytes of its stack."""
    text, licence, log = (
        ctypes.create_string_buffer(code),
        ctypes.create_string_buffer(b"GPL"),
        ctypes.create_string_buffer(1 << 24),
    )

    def attempt(level: int) -> int:
        attr = _ProgLoad(
            PROG_RAW_TRACEPOINT,
            len(code) // 8,
            ctypes.addressof(text),
            ctypes.addressof(licence),
            level,
            len(log),
            ctypes.addressof(log),
        )
        return bpf_call(5, attr)

    try:
        fd = attempt(4)  # BPF_LOG_STATS
    except OSError as error:
        try:
            attempt(1)
        except OSError:
            raise AssertionError(log.value.decode(errors="replace")[-6000:]) from error
        raise
    processed = re.search(rb"processed (\d+) insns", log.value)
    stack = re.search(rb"stack depth (\d+)", log.value)
    assert processed
    assert stack
    return fd, int(processed[1]), int(stack[1])


class _ProgLoad(ctypes.Structure):
    """The start of union bpf_attr for BPF_PROG_LOAD (include/uapi/linux/bpf.h)."""

    _fields_ = [
        ("kind", ctypes.c_uint32),
        ("count", ctypes.c_uint32),
        ("code", ctypes.c_uint64),
        ("licence", ctypes.c_uint64),
        ("log_level", ctypes.c_uint32),
        ("log_size", ctypes.c_uint32),
        ("log", ctypes.c_uint64),
        ("kernel", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
    ]
