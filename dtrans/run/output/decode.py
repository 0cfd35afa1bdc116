"""Fields of records and keys: how their bytes become values, and values that stand for names become text.

Text is `bytes` from here to the sink. A D string is bytes, C's printf counts bytes for widths and precisions, and so
does Python's ``bytes %``: columns come out as in dtrace, and traced data reach the terminal unchanged, UTF-8 or not.

    Field("str", 8, 256)   b"/etc/passwd\\0..."  ->  b"/etc/passwd"
    Field("func", 264, 8)  0xffffffff81234567    ->  b"vmlinux`vfs_read"
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from operator import attrgetter, itemgetter

from dtrans.artifact import Artifact, Field, FieldKind, Probe
from dtrans.typed import Any, Protocol
from dtrans.values import dataclass

Buffer = bytes | bytearray | memoryview
#: Takes what `struct` made of a field's bytes, gives the value or its text.
Convert = Callable[[Any], Any]
#: Takes one record that starts at an offset.
RecordHandler = Callable[[Buffer, int], None]
#: From (buffer, offset of the record) to one item for each field.
Unpack = Callable[[Buffer, int], tuple[Any, ...]]

_CODES: Mapping[tuple[str, int], str] = {
    **{("int", size): code for size, code in ((1, "b"), (2, "h"), (4, "i"), (8, "q"))},
    **{("uint", size): code for size, code in ((1, "B"), (2, "H"), (4, "I"), (8, "Q"))},
    ("float", 4): "f",
    ("float", 8): "d",
    **dict.fromkeys((("literal", 4), ("probeprov", 4), ("probemod", 4), ("probefunc", 4), ("probename", 4)), "I"),
    **dict.fromkeys((("sym", 8), ("func", 8), ("mod", 8), ("kaddr", 8)), "Q"),
}
#: The first page of a process is never mapped, and the widest address of one has 56 bits (Linux, x86_64/mm.rst).
_LOWEST_CODE, _HIGHEST_CODE = 0x1000, 1 << 56
_USER_ADDRESS = struct.Struct("<IIQ")
_PROBE_PARTS: Mapping[FieldKind, str] = {
    "probeprov": "provider",
    "probemod": "module",
    "probefunc": "function",
    "probename": "name",
}


class Resolver(Protocol):
    """Names of addresses: ``module`function+0x1c``, ``module`function``, ``module`0x1234`` or ``0x1234``."""

    def kernel(self, address: int) -> str:
        """The name of a kernel address."""
        ...

    def user(self, pid: int, address: int, image: int = 0) -> str:
        """The name of an address in a process; `pid` 0 is the target process of -c or -p.

        `image` tells what it was executing then (self_exec_id of the kernel), 0 what it does now.
        """
        ...

    def may_be_code(self, pid: int, address: int, image: int = 0) -> bool:
        """Whether a process may have code at an address: False where it is known to have nothing there."""
        ...


class NoSymbols:
    """A resolver that knows no names: every address is told in hexadecimal."""

    def kernel(self, address: int) -> str:
        return f"{address:#x}"

    def user(self, pid: int, address: int, image: int = 0) -> str:
        return f"{address:#x}"

    def may_be_code(self, pid: int, address: int, image: int = 0) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class KernelNamesOnly(NoSymbols):
    """A resolver that knows the kernel's names only: the option noresolve."""

    resolver: Resolver

    def kernel(self, address: int) -> str:
        return self.resolver.kernel(address)


def to_text(name: str) -> bytes:
    """A Python string in the representation of printed text."""
    return name.encode("utf-8", "surrogateescape")


def c_string(data: bytes) -> bytes:
    """The characters before the first NUL, or all of them."""
    return data.partition(b"\0")[0]


def split_offset(name: str) -> tuple[str, int]:
    """A resolved name without its offset, and the offset: ``("genunix`open", 0x1c)``."""
    base, plus, offset = name.rpartition("+0x")
    if plus:
        try:
            return base, int(offset, 16)
        except ValueError:
            pass
    return name, 0


def module_of(name: str) -> str:
    """The module of a resolved name; the address itself when no module is known."""
    return name.partition("`")[0]


def struct_code(field: Field) -> str:
    """The `struct` code that reads the field as one item."""
    return _CODES.get((field.kind, field.size)) or f"{field.size}s"


def unpacker(fields: Sequence[Field]) -> Unpack:
    """A function from (buffer, offset of the record) to one item for each field, in one `struct` call.

    Fields may be given in any order. Where they overlap (the same bytes as a number and as characters), further calls
    read what the first leaves.
    """
    left = sorted(set(fields), key=lambda field: field.offset)
    order, read_all = _layer_reader(left)
    while len(order) < len(set(fields)):
        more, read_more = _layer_reader([field for field in left if field not in order])
        order += more
        read_all = _both(read_all, read_more)
    if order == list(fields):
        return read_all
    pick = itemgetter(*[order.index(field) for field in fields])
    return lambda buffer, offset: pick(read_all(buffer, offset))


def run_reader(fields: Sequence[Field], stride: int) -> Callable[[Buffer], list[Any]] | None:
    """A function from records that are `stride` bytes apart to the items of the fields of one record, of the next, and
    so on; None where fields overlap."""
    left = sorted(set(fields), key=lambda field: field.offset)
    layout, end = "<", 0
    for field in left:
        if field.offset < end:
            return None
        layout += f"{field.offset - end}x{struct_code(field)}"
        end = field.offset + field.size
    unpack = struct.Struct(f"{layout}{stride - end}x").iter_unpack
    order = [left.index(field) for field in fields]

    def items(records: Buffer) -> list[Any]:
        read = list(chain.from_iterable(unpack(records)))
        if left == list(fields):
            return read
        made = read[:]
        for place, stands in enumerate(order):
            made[place :: len(order)] = read[stands :: len(order)]
        return made

    return items


def read_all(fields: Sequence[Field], records: Sequence[bytes]) -> list[Any]:
    """The items of the fields of all records, which are of one size: of the first, of the next, and so on."""
    if (read := run_reader(fields, len(records[0]))) is not None:
        return read(b"".join(records))
    one = unpacker(fields)
    return [item for record in records for item in one(record, 0)]


def _layer_reader(fields: Sequence[Field]) -> tuple[list[Field], Unpack]:
    """Of fields sorted by offset, those that lie one behind the other, and their reader."""
    layer: list[Field] = []
    layout, end = "<", 0
    for field in fields:
        if field.offset >= end:
            layer.append(field)
            layout += f"{field.offset - end}x{struct_code(field)}"
            end = field.offset + field.size
    return layer, struct.Struct(layout).unpack_from


def _both(first: Unpack, second: Unpack) -> Unpack:
    return lambda buffer, offset: first(buffer, offset) + second(buffer, offset)


class ProbeTexts(dict[int, bytes]):
    """A text for each probe number, made when it is first wanted: a program may match tens of thousands of probes.

    A number that is no probe's has no text.
    """

    def __init__(self, probes: Mapping[int, Probe], text_of: Callable[[Probe], str]) -> None:
        super().__init__()
        self._probes = probes
        self._text_of = text_of

    def __missing__(self, number: int) -> bytes:
        probe = self._probes.get(number)
        text = self[number] = to_text(self._text_of(probe)) if probe else b""
        return text


class Names:
    """What a record's numbers stand for: probe names, literal strings, and the symbols of addresses."""

    def __init__(self, artifact: Artifact, resolver: Resolver) -> None:
        self.resolver = resolver
        self.strings = tuple(to_text(text) for text in artifact.strings)
        self.probes = {kind: ProbeTexts(artifact.probes, attrgetter(part)) for kind, part in _PROBE_PARTS.items()}

    def text_of(self, field: Field) -> Convert:
        """From a field's item to the bytes of a string: for all kinds whose value class is ``str`` or ``chars``."""
        match field.kind:
            case "literal":
                return self.strings.__getitem__
            case "probeprov" | "probemod" | "probefunc" | "probename":
                return self.probes[field.kind].__getitem__
            case _:
                return c_string

    def place_of(self, field: Field, *, offsets: bool) -> Convert:
        """From an address's item to its name; `offsets` keeps ``+0x1c``, which keys and sym() do without."""
        kernel, user = self.resolver.kernel, self.resolver.user
        match field.kind:
            case "mod":
                return lambda address: to_text(module_of(kernel(address)))
            case "umod":
                return lambda item: to_text(module_of(_user_place(user, item)))
            case "usym" | "ufunc" if not offsets:
                return lambda item: to_text(split_offset(_user_place(user, item))[0])
            case "usym" | "ufunc" | "uaddr":
                return lambda item: to_text(_user_place(user, item))
            case "sym" | "func" if not offsets:
                return lambda address: to_text(split_offset(kernel(address))[0])
            case _:
                return lambda address: to_text(kernel(address))

    def place_order(self, field: Field) -> Convert:
        """From an address's item to what dtrace sorts it by: (process, start of the symbol)."""
        kernel, user = self.resolver.kernel, self.resolver.user

        def user_order(item: bytes) -> tuple[int, int]:
            pid, image, address = _USER_ADDRESS.unpack(item)
            offset = split_offset(user(pid, address, image))[1] if field.kind in ("usym", "ufunc") else 0
            return pid, address - offset

        def kernel_order(address: int) -> tuple[int, int]:
            offset = split_offset(kernel(address))[1] if field.kind in ("sym", "func") else 0
            return 0, address - offset

        return kernel_order if field.size == 8 else user_order

    def frames(self, field: Field, item: bytes) -> list[bytes]:
        """The names of a stack's frames, innermost first."""
        if field.kind == "stack":
            return [to_text(self.resolver.kernel(address)) for address in stack_addresses(item)]
        pid, image = struct.unpack_from("<II", item)
        return [to_text(self.resolver.user(pid, address, image)) for address in self.user_stack(item)]

    def user_stack(self, item: bytes) -> list[int]:
        """The addresses of a process's stack, innermost first, up to one where the process has no code."""
        pid, image = struct.unpack_from("<II", item)
        addresses = user_addresses(item[8:])
        for place, address in enumerate(addresses):
            if place and not self.resolver.may_be_code(pid, address, image):
                return addresses[:place]
        return addresses

    def stack_text(self, field: Field, item: bytes, indent: int, frame: bytes = b"%s") -> bytes:
        """A stack as dtrace prints it: a newline, then one line for each frame (libdtrace dt_consume.c)."""
        return b"\n" + b"".join(b" " * indent + frame % name + b"\n" for name in self.frames(field, item))


def _user_place(user: Callable[[int, int, int], str], item: bytes) -> str:
    pid, image, address = _USER_ADDRESS.unpack(item)
    return user(pid, address, image)


def stack_addresses(item: bytes) -> list[int]:
    """The addresses up to the 0 that ends them."""
    addresses = struct.unpack_from(f"<{len(item) // 8}Q", item)
    return list(addresses[: addresses.index(0)]) if 0 in addresses else list(addresses)


def user_addresses(item: bytes) -> list[int]:
    """The addresses of a process's stack, innermost first.

    Code that keeps no frame pointers has other values in their place: the stack ends where one leads to what cannot be
    code."""
    addresses = stack_addresses(item)
    for place, address in enumerate(addresses):
        if place and not _LOWEST_CODE <= address < _HIGHEST_CODE:
            return addresses[:place]
    return addresses
