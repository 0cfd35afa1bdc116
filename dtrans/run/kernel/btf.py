"""The kernel's types, from BTF: structures, typedefs, enumerations, functions and variables as `dtrans.types` values.

libbpf reads the 5 MB of /sys/kernel/btf/vmlinux in about 12 ms and answers by name; the records that it points to are
decoded here (include/uapi/linux/btf.h, Documentation/bpf/btf.rst). Modules have BTF of their own, which continues the
kernel's; it is read when a name is not in the kernel itself.

    struct task_struct { ... pid_t tgid; ... }   ->   Struct(..., StructMember("tgid", Int("int", 4, True), 19616))
"""

from __future__ import annotations

import contextlib
import ctypes
import re
import struct
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

from dtrans.errors import DtransError, fail
from dtrans.types import VOID, Array, EnumRef, Float, Function, Int, Pointer, Struct, StructMember, StructRef, Type
from dtrans.values import dataclass

_BTF_FOLDER = Path("/sys/kernel/btf")
#: libbpf itself, or the copy of it in BCC's own library.
_BTF_LIBRARIES = ("libbpf.so.1", "libbpf.so.0", "libbcc_bpf.so.0")

_INT, _PTR, _ARRAY, _STRUCT, _UNION, _ENUM, _FWD, _TYPEDEF, _VOLATILE, _CONST, _RESTRICT = range(1, 12)
_FUNC, _FUNC_PROTO, _VAR, _DATASEC, _FLOAT, _DECL_TAG, _TYPE_TAG, _ENUM64 = range(12, 20)
_TRANSPARENT = frozenset({_TYPEDEF, _VOLATILE, _CONST, _RESTRICT, _TYPE_TAG})
_KindName = Literal["int", "pointer", "array", "struct", "union", "enum", "forward", "float", "function"]
_KIND_NAMES: dict[int, _KindName] = {
    _INT: "int",
    _PTR: "pointer",
    _ARRAY: "array",
    _STRUCT: "struct",
    _UNION: "union",
    _ENUM: "enum",
    _ENUM64: "enum",
    _FWD: "forward",
    _FLOAT: "float",
    _FUNC_PROTO: "function",
}
_INT_SIGNED = 1
_TRACEPOINT = re.compile(rb"\0btf_trace_(\w+)(?=\0)")

#: BTF has DWARF's names of integers; C programmers know these.
_INT_NAMES = {
    "short int": "short",
    "short unsigned int": "unsigned short",
    "long int": "long",
    "long unsigned int": "unsigned long",
    "long long int": "long long",
    "long long unsigned int": "unsigned long long",
}


@dataclass(frozen=True, slots=True)
class _Record:
    """struct btf_type; `address` is where what follows it starts."""

    name: str
    kind: int
    count: int
    flag: bool
    size: int  # or the type that this one is about
    address: int


@cache
def _btf_library() -> Any:
    for name in _BTF_LIBRARIES:
        try:
            lib = ctypes.CDLL(name, use_errno=True)
        except OSError:
            continue
        if not hasattr(lib, "btf__type_cnt"):  # libbpf 0.6; BCC's copy may keep them hidden.
            continue
        lib.libbpf_set_print(None)  # It would write to the user's terminal.
        pointer, number, text = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_char_p
        lib.btf__parse.restype, lib.btf__parse.argtypes = pointer, [text, pointer]
        lib.btf__parse_split.restype, lib.btf__parse_split.argtypes = pointer, [text, pointer]
        lib.btf__type_cnt.restype, lib.btf__type_cnt.argtypes = number, [pointer]
        lib.btf__type_by_id.restype, lib.btf__type_by_id.argtypes = pointer, [pointer, number]
        lib.btf__name_by_offset.restype, lib.btf__name_by_offset.argtypes = text, [pointer, number]
        lib.btf__raw_data.restype, lib.btf__raw_data.argtypes = pointer, [pointer, ctypes.POINTER(number)]
        lib.btf__find_by_name_kind.restype = ctypes.c_int32
        lib.btf__find_by_name_kind.argtypes = [pointer, text, number]
        return lib
    raise fail("D_NO_BTF", "libbpf is not installed", hint="it comes with BCC: install the package libbpf1 or libbpf")


class _Btf:
    """One BTF object: the kernel's (`base` None), or a module's, whose ids go on after the kernel's."""

    def __init__(self, path: Path, base: _Btf | None = None) -> None:
        self.lib = _btf_library()
        self.base = base
        self.module = path.name if base else ""
        self.first = base.count if base else 1
        raw = str(path).encode()
        lib = self.lib
        self.handle: int | None = lib.btf__parse_split(raw, base.handle) if base else lib.btf__parse(raw, None)
        if self._is_error(self.handle):
            raise fail(
                "D_NO_BTF",
                f"the kernel's type information cannot be read from {path}",
                hint="the kernel must be built with CONFIG_DEBUG_INFO_BTF=y",
            )
        self.count: int = self.lib.btf__type_cnt(self.handle)
        self._found: dict[tuple[str, int], int | None] = {}
        self._places: dict[str, int] = {}

    @staticmethod
    def _is_error(handle: int | None) -> bool:
        # libbpf before 1.0 returns an errno, negated, as a pointer.
        return not handle or handle >= 2**64 - 4096

    def find(self, name: str, kind: int) -> int | None:
        """The id of a type, of the kernel's too if this is a module's. libbpf walks over all types for it, which takes
        milliseconds, so it is not asked twice, nor for what is not among the strings."""
        if (name, kind) not in self._found:
            found: int = self.lib.btf__find_by_name_kind(self.handle, name.encode(), kind) if name in self else 0
            self._found[name, kind] = found if found > 0 else None
        return self._found[name, kind]

    def __contains__(self, name: str) -> bool:
        return any(True for _ in self._string_numbers(name))

    def address(self, number: int) -> int:
        address: int = self.lib.btf__type_by_id(self.handle, number)
        return address

    def text(self, offset: int) -> str:
        raw: bytes | None = self.lib.btf__name_by_offset(self.handle, offset)
        return raw.decode(errors="replace") if raw else ""

    def record(self, number: int) -> _Record:
        address = self.address(number)
        name, info, size = struct.unpack("=III", ctypes.string_at(address, 12))
        return _Record(self.text(name), info >> 24 & 0x1F, info & 0xFFFF, bool(info >> 31), size, address + 12)

    def rows(self, record: _Record, layout: str) -> Iterator[tuple[int, ...]]:
        """What follows a record: as many rows as it counts."""
        row = struct.Struct(f"={layout}")
        return row.iter_unpack(ctypes.string_at(record.address, record.count * row.size))

    def enumerators(self, record: _Record) -> Iterator[tuple[str, int]]:
        if record.kind == _ENUM:
            for name, value in self.rows(record, "II"):
                # pahole before 1.24 marked no enumeration as signed, though some had small negative values.
                negative = value >> 31 if record.flag else value > 2**32 - 4096
                yield self.text(name), value - 2**32 if negative else value
        else:
            for name, low, high in self.rows(record, "III"):
                value = high << 32 | low
                yield self.text(name), value - 2**64 if record.flag and value >> 63 else value

    def enumerator(self, name: str) -> int | None:
        """The value of one enumerator of any enumeration.

        No index leads from it to its enumeration, and a walk over all types would take a tenth of a second: its name's
        number is looked for in the raw records, and each place found must turn out to be in an enumeration.
        """
        start, end = self.address(self.first), self.address(self.count - 1)
        records = ctypes.string_at(start, end - start)
        for number in self._string_numbers(name):
            pattern, at = struct.pack("=I", number), -1
            while (at := records.find(pattern, at + 1)) >= 0:
                record = self.record(self._type_at(start + at))
                if record.kind in (_ENUM, _ENUM64):
                    for found, value in self.enumerators(record):
                        if found == name:
                            return value
        return None

    def _type_at(self, address: int) -> int:
        """The id of the type whose record covers an address: ids are in the order of addresses."""
        ids = range(self.first, self.count)
        return ids[bisect_right(ids, address, key=self.address) - 1]

    def _string_numbers(self, text: str) -> Iterator[int]:
        """The offsets of a string among the strings; a module's own go on after the kernel's."""
        before = 0
        if self.base is not None:
            yield from self.base._string_numbers(text)
            before = len(self.base.strings)
        if text not in self._places:
            self._places[text] = self.strings.find(b"\0" + text.encode() + b"\0")
        if (at := self._places[text]) >= 0:
            yield before + at + 1

    @cached_property
    def strings(self) -> bytes:
        size = ctypes.c_uint32()
        raw: int = self.lib.btf__raw_data(self.handle, ctypes.byref(size))
        _, _, _, header, _, _, start, length = struct.unpack("=HBBIIIII", ctypes.string_at(raw, 24))
        return ctypes.string_at(raw + header + start, length)


def described_tracepoints(path: Path) -> tuple[str, ...]:
    """The tracepoints that a BTF file describes, sorted: each has a type btf_trace_NAME of what it is called with
    (include/trace/bpf_probe.h). Their names stand among the file's strings. Raises OSError."""
    return tuple(sorted({name.decode() for name in _TRACEPOINT.findall(path.read_bytes())}))


class KernelTypes:
    """All types of the running kernel and its loaded modules. Names are looked for in the kernel first.

    Anonymous structures and unions have the tag ``#ID``, in a module ``#MODULE:ID``. Raises D_NO_BTF when the kernel
    has none.
    """

    def __init__(self) -> None:
        self._kernel = _Btf(_BTF_FOLDER / "vmlinux")

    @cached_property
    def _modules(self) -> dict[str, _Btf]:
        found = {}
        for path in sorted(_BTF_FOLDER.iterdir()):
            if path.name != "vmlinux":
                # A module may have been unloaded since, or have been built for another kernel.
                with contextlib.suppress(DtransError):
                    found[path.name] = _Btf(path, self._kernel)
        return found

    def _find(self, name: str, *kinds: int) -> tuple[_Btf, _Record] | None:
        for kind in kinds:
            if number := self._kernel.find(name, kind):
                return self._kernel, self._kernel.record(number)
        for module in self._modules.values():
            for kind in kinds:
                if number := module.find(name, kind):
                    return module, module.record(number)
        return None

    def struct(self, kind: str, tag: str) -> Struct | None:
        """The layout of a structure or union by its tag, anonymous ones by theirs."""
        found = self._layout(kind, tag)
        return _struct(*found, tag) if found else None

    def _layout(self, kind: str, tag: str) -> tuple[_Btf, _Record] | None:
        wanted = _STRUCT if kind == "struct" else _UNION
        if not tag.startswith("#"):
            return self._find(tag, wanted)
        module, _, number = tag[1:].rpartition(":")
        btf = self._modules.get(module) if module else self._kernel
        if btf is None or not number.isdecimal() or not 0 < int(number) < btf.count:
            return None
        record = btf.record(int(number))
        return (btf, record) if record.kind == wanted else None

    def typedef(self, name: str) -> Type | None:
        """What a typedef stands for, resolved to the end."""
        found = self._find(name, _TYPEDEF)
        return _type(found[0], found[1].size) if found else None

    def enumerators(self, tag: str) -> tuple[tuple[str, int], ...] | None:
        """The enumerators of an enumeration by its tag."""
        found = self._find(tag, _ENUM, _ENUM64)
        return tuple(found[0].enumerators(found[1])) if found else None

    def enumerator(self, name: str) -> int | None:
        """The value of one enumerator of any enumeration."""
        for btf in (self._kernel, *self._modules.values()):
            if (value := btf.enumerator(name)) is not None:
                return value
        return None

    def written(self, kind: str, tag: str) -> tuple[str, ...] | None:
        """The names of the types of a structure's members, as C writes them: typedefs kept, in the members' order."""
        found = self._layout(kind, tag)
        return tuple(_written(found[0], number) for _, number, _ in found[0].rows(found[1], "III")) if found else None

    def function(self, name: str, module: str = "") -> Function | None:
        """The type of a function, of the one in a module (``vmlinux``: the kernel itself) if that is given."""
        found = self._find(name, _FUNC)
        if module:
            btf = self._of_module(module)
            number = btf.find(name, _FUNC) if btf else None
            found = (btf, btf.record(number)) if btf and number else None
        if found is None:
            return None
        made = _type(found[0], found[1].size)
        return made if isinstance(made, Function) else None

    def _of_module(self, module: str) -> _Btf | None:
        return self._kernel if module == "vmlinux" else self._modules.get(module)

    def variable(self, name: str) -> Type | None:
        """The type of a variable; BTF has per-CPU variables, since 6.16 others too."""
        found = self._find(name, _VAR)
        return _type(found[0], found[1].size) if found else None

    def function_id(self, name: str, module: str) -> int | None:
        """The BTF id of a function, which programs attach to."""
        btf = self._of_module(module)
        return btf.find(name, _FUNC) if btf else None


def _struct(btf: _Btf, record: _Record, tag: str) -> Struct:
    members = []
    for name, number, offset in btf.rows(record, "III"):
        # With the flag, the top 8 bits are a bit-field's width (btf.rst, BTF_KIND_STRUCT).
        bits = offset >> 24 if record.flag else 0
        at = offset & 0xFFFFFF if record.flag else offset
        members.append(StructMember(btf.text(name), _type(btf, number), at, bits))
    return Struct(StructRef(_word(record.kind), tag), record.size, tuple(members))


def _word(kind: int) -> Literal["struct", "union"]:
    return "struct" if kind == _STRUCT else "union"


def _type(btf: _Btf, number: int) -> Type:
    """A type by its id: typedefs and qualifiers resolved, structures and enumerations by name."""
    number = _bare(btf, number)[0]
    if number == 0:
        return VOID
    record = btf.record(number)
    match _KIND_NAMES.get(record.kind):
        case "int":
            return _int(record)
        case "pointer":
            return Pointer(_type(btf, record.size), "user" if _bare(btf, record.size)[1] else "kernel")
        case "array":
            element, _, length = struct.unpack("=III", ctypes.string_at(record.address, 12))
            return Array(_type(btf, element), length)
        case "struct" | "union" as word:
            return StructRef(word, record.name or _anonymous_tag(btf, number))
        case "forward":
            return StructRef("union" if record.flag else "struct", record.name)
        case "enum":
            return EnumRef(record.name or _anonymous_tag(btf, number), record.size or 4, signed=_is_signed(btf, record))
        case "float":
            return Float(record.name, record.size)
        case "function":
            return _function(btf, record)
    return VOID


def _written(btf: _Btf, number: int) -> str:
    """A type's name as C writes it without a variable (as libctf's ctf_type_name, which print() of illumos shows)."""
    if number == 0:
        return "void"
    record = btf.record(number)
    if record.kind == _TYPEDEF:
        return record.name
    if record.kind in _TRANSPARENT:
        return {_CONST: "const ", _VOLATILE: "volatile "}.get(record.kind, "") + _written(btf, record.size)
    match _KIND_NAMES.get(record.kind):
        case "pointer":
            to = _written(btf, record.size)
            if to.endswith(" ()"):
                return to[:-2] + "(*)()"
            return to + ("*" if to.endswith("*") else " *")
        case "array":
            element, _, length = struct.unpack("=III", ctypes.string_at(record.address, 12))
            return f"{_written(btf, element)} [{length}]"
        case "function":
            return f"{_written(btf, record.size)} ()"
        case "struct" | "union" | "enum" as word:
            return f"{word} {record.name}"
        case "forward":
            return f"{'union' if record.flag else 'struct'} {record.name}"
    return _INT_NAMES.get(record.name, record.name)


def _bare(btf: _Btf, number: int) -> tuple[int, bool]:
    """The id of what typedefs and qualifiers stand before, and whether one of them was the tag ``user``."""
    user = False
    while number:
        record = btf.record(number)
        if record.kind not in _TRANSPARENT:
            break
        user = user or (record.kind == _TYPE_TAG and record.name == "user")
        number = record.size
    return number, user


def _anonymous_tag(btf: _Btf, number: int) -> str:
    # A module's BTF speaks of the kernel's anonymous types too, by the kernel's ids.
    return f"#{btf.module}:{number}" if btf.module and number >= btf.first else f"#{number}"


def _int(record: _Record) -> Int:
    (encoding,) = struct.unpack("=I", ctypes.string_at(record.address, 4))
    name = _INT_NAMES.get(record.name, record.name)
    # BTF leaves the sign of plain char open; to D it is signed (Guide, "Types, Operators and Expressions").
    return Int(name, record.size, signed=bool(encoding >> 24 & _INT_SIGNED) or name == "char")


def _is_signed(btf: _Btf, record: _Record) -> bool:
    return record.kind not in (_ENUM, _ENUM64) or record.flag or any(value < 0 for _, value in btf.enumerators(record))


def _function(btf: _Btf, record: _Record) -> Function:
    rows = [(btf.text(name), number) for name, number in btf.rows(record, "II")]
    # A last parameter without name and type stands for "...".
    variadic = bool(rows) and rows[-1] == ("", 0)
    params = tuple((name, _type(btf, number)) for name, number in (rows[:-1] if variadic else rows))
    return Function(_type(btf, record.size), params, variadic)
