"""Programs attached to functions: perf events of kprobes, many functions by one link, BPF trampolines.

Everything attached hangs on the descriptor that is returned. Failures are OSError with the kernel's errno. Structures
and numbers follow include/uapi/linux/bpf.h and perf_event.h.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

from dtrans.files import read_text
from dtrans.run.kernel.bpf import (
    PROG_RAW_TRACEPOINT,
    PROG_TRACING,
    NextId,
    VerifierError,
    all_ids,
    attach_perf_event,
    bpf_call,
    load_program,
    object_info,
    open_event,
)

PROG_KPROBE = 2
TRACE_FENTRY, TRACE_FEXIT = 24, 25
_EVENT_LINK, KPROBE_MULTI = 41, 42
LINK_CREATE = 28
MULTI_RETURN = 1
BAD_ADDRESS = 14
_BTF_FD_BY_ID, _BTF_NEXT_ID = 19, 23
#: struct bpf_btf_info: types, their size, id, name, its length, whether the kernel or a module has it.
_BTF_INFO = struct.Struct("=QIIQII")
#: Bytes of struct bpf_link_info, and where the part begins that differs by the kind of link.
_LINK_INFO, _LINK_UNION = 64, 16

#: BPF: call bpf_get_attach_cookie; exit. And: r0 = 0; exit.
_READ_COOKIE = bytes.fromhex("85000000ae000000 9500000000000000")
RETURN_0 = bytes.fromhex("b700000000000000 9500000000000000")


class _EventLink(ctypes.Structure):
    _fields_ = [
        ("prog_fd", ctypes.c_uint32),
        ("target_fd", ctypes.c_uint32),
        ("attach_type", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("cookie", ctypes.c_uint64),
    ]


class _MultiLink(ctypes.Structure):
    _fields_ = [
        ("prog_fd", ctypes.c_uint32),
        ("target_fd", ctypes.c_uint32),
        ("attach_type", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("multi_flags", ctypes.c_uint32),
        ("count", ctypes.c_uint32),
        ("names", ctypes.c_uint64),
        ("addresses", ctypes.c_uint64),
        ("cookies", ctypes.c_uint64),
    ]


def link_event(event: int, program: int, cookie: int | None) -> int:
    """Makes a perf event run a program, with an attach cookie unless that is None. The descriptor to close is returned.

    Takes the event over. Cookies came with Linux 5.15 (commit 82e6b1eee6a8).
    """
    try:
        if cookie is None:
            attach_perf_event(event, program)
            return os.dup(event)
        link = bpf_call(LINK_CREATE, _EventLink(program, event, _EVENT_LINK, 0, cookie))
        attach_perf_event(event, None)
        return link
    finally:
        # The link, or the copy, holds the event.
        os.close(event)


@cache
def pmu(name: str) -> tuple[int, int]:
    """Type and return bit of the perf PMU ``kprobe`` or ``uprobe``."""
    folder = f"/sys/bus/event_source/devices/{name}"
    bit = read_text(f"{folder}/format/retprobe").strip().rpartition(":")[2]
    return int(read_text(f"{folder}/type")), 1 << int(bit)


def open_kprobe(function: str, address: int, *, entry: bool) -> int:
    """A perf event at the entry or return of a kernel function, by name, or by address where that is not 0."""
    kind, returns = pmu("kprobe")
    name = ctypes.create_string_buffer(function.encode())
    place = (0, address) if address else (ctypes.addressof(name), 0)
    return open_event(kind, 0 if entry else returns, place)


def link_functions(program: int, places: Sequence[tuple[int | str, int]], *, entry: bool) -> int:
    """Attaches a program to many kernel functions in one call (Linux 5.18, CONFIG_FPROBE).

    `places`: names, or addresses, of functions, each with its cookie; all of one kind.
    """
    count = len(places)
    cookies = (ctypes.c_uint64 * count)(*(cookie for _, cookie in places))
    attr = _MultiLink(program, 0, KPROBE_MULTI, 0, 0 if entry else MULTI_RETURN, count)
    attr.cookies = ctypes.addressof(cookies)
    addresses = (ctypes.c_uint64 * count)(*(place for place, _ in places if isinstance(place, int)))
    names = (ctypes.c_char_p * count)(*(place.encode() for place, _ in places if isinstance(place, str)))
    if isinstance(places[0][0], int):
        attr.addresses = ctypes.addressof(addresses)
    else:
        attr.names = ctypes.addressof(names)
    return bpf_call(LINK_CREATE, attr)


@contextmanager
def types_of(module: str) -> Iterator[int]:
    """The descriptor of a module's types, in which its functions have their ids; 0 for the kernel's own, ``vmlinux``.

    Raises OSError (ENOENT for a module without types). Linux 5.11 and later (commit 290248a5b7d8).
    """
    types = 0 if module == "vmlinux" else _module_types(module)
    try:
        yield types
    finally:
        if types:
            os.close(types)


def _module_types(module: str) -> int:
    for number in all_ids(_BTF_NEXT_ID):
        descriptor = bpf_call(_BTF_FD_BY_ID, NextId(number))
        name = ctypes.create_string_buffer(64)
        asked = _BTF_INFO.pack(0, 0, 0, ctypes.addressof(name), len(name), 0)
        *_, of_kernel = _BTF_INFO.unpack(object_info(descriptor, _BTF_INFO.size, asked))
        if of_kernel and name.value.decode() == module:
            return descriptor
        os.close(descriptor)
    raise FileNotFoundError(errno.ENOENT, f"no types of the module {module}")


def missed_returns(link: int) -> int:
    """How many returns the kernel could not catch of a link's functions, since more threads were inside of them than it
    has room for (struct bpf_link_info).

    Linux tells from 6.7 on (commits 7acf32ebeed7, 3acf8ace6823); 0 before. It does not tell of functions of processes.
    """
    try:
        info = object_info(link, _LINK_INFO)
    except OSError:  # Before 5.15 there are no such links.
        return 0
    (kind,) = struct.unpack_from("=I", info)
    (event,) = struct.unpack_from("=I", info, _LINK_UNION)
    match kind:
        case 8:  # BPF_LINK_TYPE_KPROBE_MULTI: addresses, count, flags, missed
            (missed,) = struct.unpack_from("=Q", info, _LINK_UNION + 16)
        case 7 if (
            event == 4
        ):  # BPF_LINK_TYPE_PERF_EVENT, BPF_PERF_EVENT_KRETPROBE: name, its length, offset, address, missed
            (missed,) = struct.unpack_from("=Q", info, _LINK_UNION + 32)
        case _:
            return 0
    return int(missed)


# --- what the kernel can do -------------------------------------------------------------------------------


def has_attach_cookies() -> bool:
    """Whether programs can read the cookie of the place that they run for."""
    return _loads(PROG_KPROBE, _READ_COOKIE, 0)[0]


def has_raw_cookies() -> bool:
    """Whether programs at raw tracepoints can read a cookie."""
    return _loads(PROG_RAW_TRACEPOINT, _READ_COOKIE, 0)[0]


def has_multi_links() -> bool:
    """Whether `link_functions` works: a kernel that can do it stumbles over the bad address, another before."""
    loaded, program = _loads(PROG_KPROBE, RETURN_0, KPROBE_MULTI, keep=True)
    if not loaded:
        return False
    try:
        bpf_call(LINK_CREATE, _MultiLink(program, 0, KPROBE_MULTI, 0, 0, 1, 0, 1, 0))
    except OSError as error:
        return error.errno == BAD_ADDRESS
    finally:
        os.close(program)
    return False


def has_trampoline(function: int) -> bool:
    """Whether a program loads for a function of the kernel, by its BTF id."""
    return _loads(PROG_TRACING, RETURN_0, TRACE_FENTRY, btf_id=function)[0]


def _loads(kind: int, code: bytes, attach_type: int, *, btf_id: int = 0, keep: bool = False) -> tuple[bool, int]:
    try:
        program = load_program(kind, code, "feature", attach_type=attach_type, btf_id=btf_id)
    except VerifierError:
        return False, -1
    if not keep:
        os.close(program)
    return True, program
