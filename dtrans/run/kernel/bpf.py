"""The bpf(2) and perf_event_open(2) system calls: maps, programs, and what they attach to.

Everything lives by file descriptor and nothing is pinned, so that the kernel frees all of it when this process ends,
however it ends. Failures are OSError with the kernel's errno: what they mean to a person is said by
`dtrans.run.kernel.privileges` and `dtrans.run.programs.load`. Structures and numbers follow include/uapi/linux/bpf.h
and perf_event.h.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import struct
import time
from collections.abc import Iterator, Sequence
from functools import cache

from dtrans.files import read_text
from dtrans.typed import Any
from dtrans.values import dataclass

#: System call numbers (arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h).
_SYSCALLS = {"x86_64": {"bpf": 321, "perf_event_open": 298}, "aarch64": {"bpf": 280, "perf_event_open": 241}}

MAP_HASH, MAP_ARRAY, MAP_PROG_ARRAY, MAP_PERCPU_HASH, MAP_PERCPU_ARRAY, MAP_ARRAY_OF_MAPS = 1, 2, 3, 5, 6, 12
MAP_RINGBUF = 27
_PER_CPU_MAPS = frozenset({MAP_PERCPU_HASH, MAP_PERCPU_ARRAY, 10, 21})

#: What helps when the kernel does not make a map.
MAPS_HINT = "make it smaller: options bufsize, aggsize, dynvarsize, strsize, nspec"

PROG_TRACEPOINT, PROG_PERF_EVENT, PROG_RAW_TRACEPOINT, PROG_TRACING = 5, 7, 17, 26

PERF_TYPE_HARDWARE, PERF_TYPE_SOFTWARE, PERF_TYPE_TRACEPOINT = 0, 1, 2

_MAP_CREATE, _MAP_LOOKUP, _MAP_UPDATE, _MAP_DELETE, _MAP_NEXT_KEY, _PROG_LOAD = 0, 1, 2, 3, 4, 5
_PROG_TEST_RUN, _PROG_NEXT_ID, _MAP_NEXT_ID, _MAP_FD_BY_ID, _OBJECT_INFO = 10, 11, 12, 14, 15
_RAW_TRACEPOINT_OPEN, _BTF_LOAD, _MAP_FREEZE, _MAP_LOOKUP_BATCH, _MAP_TAKE_BATCH = 17, 18, 22, 24, 25

_TEST_RUN_ON_CPU = 1
_PERF_IOC_ENABLE, _PERF_IOC_SET_BPF, _PERF_FLAG_CLOEXEC = 0x2400, 0x40042408, 8
#: Longest context of a raw tracepoint program: 12 arguments (MAX_BPF_FUNC_ARGS, include/linux/bpf.h).
_RAW_CONTEXT = 96
#: Size of struct perf_event_attr with a clock in it (PERF_ATTR_SIZE_VER4, Linux 4.1).
_ACCOUNT_ATTR_SIZE = 104
_BATCH_BYTES = 1 << 20
_LOG_BYTES = 4 << 20

_ENOENT, _EINVAL, _ENOSPC, _ENOTSUPP = 2, 22, 28, 524


class _MapCreate(ctypes.Structure):
    _fields_ = [
        ("map_type", ctypes.c_uint32),
        ("key_size", ctypes.c_uint32),
        ("value_size", ctypes.c_uint32),
        ("max_entries", ctypes.c_uint32),
        ("map_flags", ctypes.c_uint32),
        ("inner_map_fd", ctypes.c_uint32),
        ("numa_node", ctypes.c_uint32),
        ("map_name", ctypes.c_char * 16),
    ]


class _MapElement(ctypes.Structure):
    _fields_ = [
        ("map_fd", ctypes.c_uint32),
        ("key", ctypes.c_uint64),
        ("value", ctypes.c_uint64),
        ("flags", ctypes.c_uint64),
    ]


class _MapBatch(ctypes.Structure):
    _fields_ = [
        ("in_batch", ctypes.c_uint64),
        ("out_batch", ctypes.c_uint64),
        ("keys", ctypes.c_uint64),
        ("values", ctypes.c_uint64),
        ("count", ctypes.c_uint32),
        ("map_fd", ctypes.c_uint32),
        ("elem_flags", ctypes.c_uint64),
        ("flags", ctypes.c_uint64),
    ]


class _ProgLoad(ctypes.Structure):
    _fields_ = [
        ("prog_type", ctypes.c_uint32),
        ("insn_cnt", ctypes.c_uint32),
        ("insns", ctypes.c_uint64),
        ("license", ctypes.c_uint64),
        ("log_level", ctypes.c_uint32),
        ("log_size", ctypes.c_uint32),
        ("log_buf", ctypes.c_uint64),
        ("kern_version", ctypes.c_uint32),
        ("prog_flags", ctypes.c_uint32),
        ("prog_name", ctypes.c_char * 16),
        ("prog_ifindex", ctypes.c_uint32),
        ("expected_attach_type", ctypes.c_uint32),
        ("prog_btf_fd", ctypes.c_uint32),
        ("func_info_rec_size", ctypes.c_uint32),
        ("func_info", ctypes.c_uint64),
        ("func_info_cnt", ctypes.c_uint32),
        ("line_info_rec_size", ctypes.c_uint32),
        ("line_info", ctypes.c_uint64),
        ("line_info_cnt", ctypes.c_uint32),
        ("attach_btf_id", ctypes.c_uint32),
        ("attach_btf_obj_fd", ctypes.c_uint32),
    ]


class _BtfLoad(ctypes.Structure):
    _fields_ = [
        ("btf", ctypes.c_uint64),
        ("btf_log_buf", ctypes.c_uint64),
        ("btf_size", ctypes.c_uint32),
        ("btf_log_size", ctypes.c_uint32),
        ("btf_log_level", ctypes.c_uint32),
    ]


class _TestRun(ctypes.Structure):
    _fields_ = [
        ("prog_fd", ctypes.c_uint32),
        ("retval", ctypes.c_uint32),
        ("data_size_in", ctypes.c_uint32),
        ("data_size_out", ctypes.c_uint32),
        ("data_in", ctypes.c_uint64),
        ("data_out", ctypes.c_uint64),
        ("repeat", ctypes.c_uint32),
        ("duration", ctypes.c_uint32),
        ("ctx_size_in", ctypes.c_uint32),
        ("ctx_size_out", ctypes.c_uint32),
        ("ctx_in", ctypes.c_uint64),
        ("ctx_out", ctypes.c_uint64),
        ("flags", ctypes.c_uint32),
        ("cpu", ctypes.c_uint32),
        ("batch_size", ctypes.c_uint32),
    ]


class NextId(ctypes.Structure):
    _fields_ = [("start_id", ctypes.c_uint32), ("next_id", ctypes.c_uint32), ("open_flags", ctypes.c_uint32)]


class _ObjectInfo(ctypes.Structure):
    _fields_ = [("bpf_fd", ctypes.c_uint32), ("info_len", ctypes.c_uint32), ("info", ctypes.c_uint64)]


class _RawTracepointOpen(ctypes.Structure):
    _fields_ = [("name", ctypes.c_uint64), ("prog_fd", ctypes.c_uint32), ("cookie", ctypes.c_uint64)]


class VerifierError(Exception):
    """The kernel did not load a program. `errno` is its answer, `log` the verifier's text, "" if it gave none."""

    def __init__(self, errno: int, log: str) -> None:
        super().__init__(os.strerror(errno))
        self.errno = errno
        self.log = log

    @property
    def line(self) -> str:
        """The one line of the log that says what was wrong."""
        # The log ends with statistics; the reason stands just before them.
        lines = [line.strip() for line in self.log.splitlines() if line.strip()]
        while lines and lines[-1].startswith(("processed ", "verification time", "stack depth", "peak_states")):
            lines.pop()
        return lines[-1] if lines else os.strerror(self.errno)


@cache
def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


@cache
def _syscall_number(name: str) -> int:
    try:
        return _SYSCALLS[os.uname().machine][name]
    except KeyError:
        raise OSError(38, f"no {name}(2) known for {os.uname().machine}") from None


def bpf_call(command: int, attr: ctypes.Structure) -> int:
    """bpf(2): its result. Raises OSError."""
    number = _syscall_number("bpf")
    for _ in range(8):
        result: int = _libc().syscall(number, command, ctypes.byref(attr), ctypes.sizeof(attr))
        # EAGAIN: a program's verification was interrupted by a signal (libbpf retries as well).
        if result >= 0 or ctypes.get_errno() != 11:
            break
    if result < 0:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno))
    return result


def _address(buffer: Any) -> int:
    return ctypes.addressof(buffer)


def parse_cpu_list(text: str) -> tuple[int, ...]:
    """CPU numbers from the kernel's list form: ``0-2,5`` is (0, 1, 2, 5)."""
    cpus: list[int] = []
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        if first:
            cpus += range(int(first), int(last or first) + 1)
    return tuple(cpus)


@cache
def possible_cpus() -> int:
    """How many values a per-CPU element holds: the kernel's number of possible CPUs."""
    return max(parse_cpu_list(read_text("/sys/devices/system/cpu/possible"))) + 1


def online_cpus() -> tuple[int, ...]:
    """The CPUs that run now."""
    return parse_cpu_list(read_text("/sys/devices/system/cpu/online"))


# --- maps -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MapSpec:
    """What a map is made of; sizes in bytes. Numbers as enum bpf_map_type and BPF_F_* define them."""

    name: str
    type: int
    key_size: int
    value_size: int
    max_entries: int
    flags: int = 0


def object_name(name: str) -> bytes:
    """A name that the kernel takes for a map or program: at most 15 letters, digits, ``_``."""
    return "".join(char if char.isalnum() and char.isascii() else "_" for char in name)[:15].encode()


class BpfMap:
    """An open map. Keys and values are bytes; a per-CPU value is the values of all possible CPUs, one after another."""

    def __init__(self, spec: MapSpec, fd: int) -> None:
        self.spec = spec
        self.fd = fd
        #: Values in one element.
        self.cpus = possible_cpus() if spec.type in _PER_CPU_MAPS else 1
        #: Bytes of one value; per-CPU values are padded to 8 (kernel/bpf/syscall.c, bpf_map_value_size).
        self.stride = (spec.value_size + 7) // 8 * 8 if self.cpus > 1 or spec.type in _PER_CPU_MAPS else spec.value_size
        self._value_bytes = self.stride * self.cpus
        self._can_batch = True

    @classmethod
    def create(cls, spec: MapSpec, inner: int = 0) -> BpfMap:
        """A new map; a map of maps is for those that are like the one whose descriptor is `inner`. Raises OSError."""
        attr = _MapCreate(
            spec.type,
            spec.key_size,
            spec.value_size,
            spec.max_entries,
            spec.flags,
            inner,
            map_name=object_name(spec.name),
        )
        return cls(spec, bpf_call(_MAP_CREATE, attr))

    def close(self) -> None:
        """Gives the map back to the kernel, which frees it when no program uses it. Harmless when repeated."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def lookup(self, key: bytes) -> bytes | None:
        """The value of a key, or None."""
        keys = ctypes.create_string_buffer(key, self.spec.key_size)
        value = ctypes.create_string_buffer(self._value_bytes)
        try:
            bpf_call(_MAP_LOOKUP, _MapElement(self.fd, _address(keys), _address(value)))
        except OSError as error:
            if error.errno == _ENOENT:
                return None
            raise
        return value.raw

    def update(self, key: bytes, value: bytes) -> None:
        """Sets the value of a key; `value` as `lookup` gives it."""
        keys = ctypes.create_string_buffer(key, self.spec.key_size)
        values = ctypes.create_string_buffer(value, self._value_bytes)
        bpf_call(_MAP_UPDATE, _MapElement(self.fd, _address(keys), _address(values)))

    def push(self, value: bytes) -> None:
        """Puts a value into a queue or a stack, which has no keys. Raises OSError."""
        values = ctypes.create_string_buffer(value, self._value_bytes)
        bpf_call(_MAP_UPDATE, _MapElement(self.fd, 0, _address(values)))

    def delete(self, key: bytes) -> bool:
        """Removes a key; False when there was none."""
        keys = ctypes.create_string_buffer(key, self.spec.key_size)
        try:
            bpf_call(_MAP_DELETE, _MapElement(self.fd, _address(keys)))
        except OSError as error:
            if error.errno == _ENOENT:
                return False
            raise
        return True

    def freeze(self) -> None:
        """From now on only programs can write it."""
        bpf_call(_MAP_FREEZE, _MapElement(self.fd))

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """All keys and values; elements that come or go meanwhile may be missed, as in any walk of a live map."""
        keys, values = self.contents()
        size = self._value_bytes
        return zip(keys, (values[start : start + size] for start in range(0, len(values), size)), strict=True)

    def contents(self, *, take: bool = False) -> tuple[list[bytes], bytes]:
        """All keys, and all their values one after another. With `take` they are removed: no program may be using the
        map then. Raises OSError."""
        if self._can_batch:
            try:
                return self._by_batch(_MAP_TAKE_BATCH if take else _MAP_LOOKUP_BATCH)
            except OSError as error:
                # Batches came with 5.6, for each kind of map in its own release.
                if error.errno not in (_EINVAL, _ENOTSUPP):
                    raise
                self._can_batch = False
        found = list(self._items_by_key())
        if take:
            for key, _ in found:
                self.delete(key)
        return [key for key, _ in found], b"".join(value for _, value in found)

    def _by_batch(self, command: int) -> tuple[list[bytes], bytes]:
        key_size, value_size = self.spec.key_size, self._value_bytes
        room = max(16, min(self.spec.max_entries, _BATCH_BYTES // (key_size + value_size)))
        # The cursor is a bucket number for hashes and a key for arrays.
        cursors = [ctypes.create_string_buffer(max(8, key_size)) for _ in range(2)]
        keys = ctypes.create_string_buffer(room * key_size)
        values = ctypes.create_string_buffer(room * value_size)
        started = finished = False
        found: list[bytes] = []
        parts: list[bytes] = []
        while not finished:
            start = _address(cursors[0]) if started else 0
            attr = _MapBatch(start, _address(cursors[1]), _address(keys), _address(values), room, self.fd)
            try:
                bpf_call(command, attr)
            except OSError as error:
                if error.errno == _ENOSPC:  # One bucket holds more than there is room for.
                    room *= 2
                    keys = ctypes.create_string_buffer(room * key_size)
                    values = ctypes.create_string_buffer(room * value_size)
                    continue
                if error.errno != _ENOENT:
                    raise
                finished = True
            got = ctypes.string_at(keys, attr.count * key_size)
            found += [got[start : start + key_size] for start in range(0, len(got), key_size)]
            parts.append(ctypes.string_at(values, attr.count * value_size))
            started = True
            cursors.reverse()
        return found, b"".join(parts)

    def _items_by_key(self) -> Iterator[tuple[bytes, bytes]]:
        key = ctypes.create_string_buffer(self.spec.key_size)
        following = ctypes.create_string_buffer(self.spec.key_size)
        first = True
        while True:
            try:
                bpf_call(_MAP_NEXT_KEY, _MapElement(self.fd, 0 if first else _address(key), _address(following)))
            except OSError as error:
                if error.errno == _ENOENT:
                    return
                raise
            first = False
            value = self.lookup(following.raw)
            if value is not None:
                yield following.raw, value
            key, following = following, key


# --- programs -------------------------------------------------------------------------------------------


def load_program(
    kind: int,
    code: bytes,
    name: str,
    *,
    attach_type: int = 0,
    btf_id: int = 0,
    types: int = 0,
    functions: Sequence[int] = (),
    callbacks: Sequence[int] = (),
) -> int:
    """The descriptor of a loaded program. `btf_id` is the function's to which it attaches, in the types of which
    `types` is the descriptor, 0 for the kernel's own. `functions` are the indices of instructions where functions begin
    that it calls (`dtrans.run.kernel.subprograms`), `callbacks` of those that a helper calls for it; not both. Raises
    VerifierError.

    The verifier writes its log only for a second try: writing it makes loading many times slower.
    """
    instructions = ctypes.create_string_buffer(code, len(code))
    # Most helpers that read kernel memory are for programs under the GPL only.
    licence = ctypes.create_string_buffer(b"GPL")
    attr = _ProgLoad(
        prog_type=kind,
        insn_cnt=len(code) // 8,
        insns=_address(instructions),
        license=_address(licence),
        prog_name=object_name(name),
        expected_attach_type=attach_type,
        attach_btf_id=btf_id,
        attach_btf_obj_fd=types,
    )
    begins = functions or callbacks
    if not begins:
        return _try_to_load(attr)
    from dtrans.run.kernel.subprograms import function_places, function_types

    places = ctypes.create_string_buffer(function_places(begins))
    own = _load_types(function_types(called_by_helpers=bool(callbacks)))
    try:
        attr.prog_btf_fd = own
        attr.func_info, attr.func_info_cnt, attr.func_info_rec_size = _address(places), 1 + len(begins), 8
        return _try_to_load(attr)
    finally:
        os.close(own)


def _try_to_load(attr: _ProgLoad) -> int:
    try:
        return bpf_call(_PROG_LOAD, attr)
    except OSError as error:
        first = error
    log = ctypes.create_string_buffer(_LOG_BYTES)
    attr.log_level, attr.log_size, attr.log_buf = 1, len(log), _address(log)
    try:
        return bpf_call(_PROG_LOAD, attr)
    except OSError:
        raise VerifierError(first.errno or 0, log.value.decode(errors="replace")) from None


def _load_types(btf: bytes) -> int:
    """The descriptor of types (BTF). Raises VerifierError."""
    data = ctypes.create_string_buffer(btf, len(btf))
    try:
        return bpf_call(_BTF_LOAD, _BtfLoad(_address(data), 0, len(btf), 0, 0))
    except OSError as error:
        raise VerifierError(error.errno or 0, "") from None


def run_program(program: int, cpu: int | None = None, arguments: Sequence[int] = ()) -> int:
    """Runs a raw tracepoint program once, with the arguments and zeros as its context: its result, 32 bits. Raises
    OSError.

    Without a CPU it runs on this one, and as this process; on a chosen CPU the current task is whatever runs there.
    Linux 5.10 and later (commit 1b4d60ec162f).
    """
    context = ctypes.create_string_buffer(struct.pack(f"={len(arguments)}Q", *arguments), _RAW_CONTEXT)
    attr = _TestRun(prog_fd=program, ctx_size_in=_RAW_CONTEXT, ctx_in=_address(context))
    if cpu is not None:
        attr.flags, attr.cpu = _TEST_RUN_ON_CPU, cpu
    bpf_call(_PROG_TEST_RUN, attr)
    return int(attr.retval)


def open_raw_tracepoint(event: str, program: int, cookie: int = 0) -> int:
    """Attaches a program to a raw tracepoint, by its event name, until the descriptor is closed. Raises OSError.
    Before Linux 6.10 (commit 68ca5d4eebb8) the cookie must be 0."""
    name = ctypes.create_string_buffer(event.encode())
    return bpf_call(_RAW_TRACEPOINT_OPEN, _RawTracepointOpen(_address(name), program, cookie))


def open_trampoline(program: int) -> int:
    """Attaches a program of type tracing to the function that it was loaded for. Raises OSError."""
    return bpf_call(_RAW_TRACEPOINT_OPEN, _RawTracepointOpen(0, program))


#: Bits of perf_event_attr: exclude_kernel, exclude_user.
_EXCLUDED = {"all": 0, "user": 1 << 5, "kernel": 1 << 4}


def open_perf_event(kind: int, config: int, period: int, cpu: int, mode: str = "all") -> int:
    """perf_event_open(2) on one CPU, for all processes: an event not yet enabled. Raises OSError.

    `mode`: ``user``, ``kernel`` or ``all``, what the CPU must run for an event to count."""
    return open_event(kind, config, (0, 0), period, cpu, flags=_EXCLUDED[mode])


def open_event(
    kind: int,
    config: int,
    more: tuple[int, int],
    period: int = 1,
    cpu: int | None = None,
    pid: int = -1,
    flags: int = 0,
) -> int:
    """perf_event_open(2) with config1 and config2, on the first CPU unless one is given. Raises OSError."""
    # The second published size of struct perf_event_attr (PERF_ATTR_SIZE_VER1), which all kernels take; bit 0: disabled
    packed = struct.pack("<IIQQQQQIIQQ", kind, 72, config, period, 0, 0, 1 | flags, 1, 0, *more)
    attr = ctypes.create_string_buffer(packed, len(packed))
    if cpu is None:
        cpu = -1 if pid >= 0 else online_cpus()[0]
    return _open_perf(attr, pid, cpu)


def _open_perf(attr: Any, pid: int, cpu: int) -> int:
    fd: int = _libc().syscall(_syscall_number("perf_event_open"), attr, pid, cpu, -1, _PERF_FLAG_CLOEXEC)
    if fd < 0:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno))
    return fd


def open_perf_account(cpu: int, wake: int) -> int:
    """An event on one CPU that counts nothing, and tells what all processes map, fork, exec and exit (`sideband`).

    `wake`: bytes told after which it is readable. Each record ends with its time by CLOCK_MONOTONIC. Raises OSError.
    """
    # mmap, comm, task, watermark, sample_id_all, mmap2, comm_exec, use_clockid.
    told = sum(1 << bit for bit in (8, 9, 13, 14, 18, 23, 24, 25))
    attr = ctypes.create_string_buffer(_ACCOUNT_ATTR_SIZE)
    # type, size, config, period, sample_type (time), read_format, flags, wakeup_watermark; clockid at 92.
    struct.pack_into("<IIQQQQQI", attr, 0, PERF_TYPE_SOFTWARE, _ACCOUNT_ATTR_SIZE, 9, 0, 4, 0, told, wake)
    struct.pack_into("<i", attr, 92, time.CLOCK_MONOTONIC)
    return _open_perf(attr, -1, cpu)


def attach_perf_event(event: int, program: int | None) -> None:
    """Makes a perf event run a program until its descriptor is closed, and enables it. With None a link has made it so
    already. Raises OSError."""
    if program is not None:
        fcntl.ioctl(event, _PERF_IOC_SET_BPF, program)
    fcntl.ioctl(event, _PERF_IOC_ENABLE, 0)


# --- what the kernel holds --------------------------------------------------------------------------------


def map_info(fd: int) -> MapSpec:
    """What an open map was made of (struct bpf_map_info)."""
    kind, _, key_size, value_size, entries, flags, name = struct.unpack_from("<6I16s", object_info(fd, 64))
    return MapSpec(name.split(b"\0")[0].decode(), kind, key_size, value_size, entries, flags)


def program_ids() -> set[int]:
    """The ids of all programs that the kernel holds now, of whoever."""
    return set(all_ids(_PROG_NEXT_ID))


def map_ids() -> set[int]:
    """The ids of all maps that the kernel holds now, of whoever."""
    return set(all_ids(_MAP_NEXT_ID))


def recursion_misses(program: int) -> int:
    """How often the kernel left a program out, as it fired inside of one on the same CPU (struct bpf_prog_info).

    Linux counts it from 5.12 on (commit 9ed9e9ba2337), for kprobes and tracepoints from 6.7 on; 0 before.
    """
    (missed,) = struct.unpack_from("=Q", object_info(program, 216), 208)
    return int(missed)


def object_info(fd: int, size: int, asked: bytes = b"") -> bytes:
    """What the kernel tells of a program, map, link or BTF: as much of its structure as it knows, the rest 0. `asked`
    is what it finds there, where it reads the structure too."""
    info = ctypes.create_string_buffer(asked, size)
    bpf_call(_OBJECT_INFO, _ObjectInfo(fd, size, _address(info)))
    return info.raw


def all_ids(command: int) -> Iterator[int]:
    """The numbers of all objects of a kind, which the command names."""
    attr = NextId(0)
    while True:
        try:
            bpf_call(command, attr)
        except OSError as error:
            if error.errno == _ENOENT:
                return
            raise
        yield int(attr.next_id)
        attr.start_id = attr.next_id
