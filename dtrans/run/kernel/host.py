"""`KernelFacts` of the running kernel: tracefs for tracepoints, BTF for types, small trials for features.

    events/sched/sched_switch/format           facts.tracepoint("sched", "sched_switch")
      field:pid_t prev_pid; offset:24;    ->     TracepointField("prev_pid", "pid_t", 24, 4, signed=True)
      size:4; signed:1;

Nothing is asked before it is needed, and nothing is asked twice.
"""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from functools import cached_property

from dtrans.cache import cache_key
from dtrans.errors import fail
from dtrans.files import read_bytes, read_text
from dtrans.run.kernel.bpf import PERF_TYPE_HARDWARE, online_cpus, open_perf_event
from dtrans.run.kernel.links import has_attach_cookies, has_multi_links, has_raw_cookies, has_trampoline
from dtrans.run.kernel.privileges import lockdown_level, needs_root_to
from dtrans.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from dtrans.facts import Param, TracepointField
    from dtrans.run.kernel.btf import KernelTypes
    from dtrans.types import Function, Struct, Type

_TRACEFS_PLACES = ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")
_FIELD = r"(?m)^\tfield:(.*);\toffset:(\d+);\tsize:(\d+);\tsigned:(\d);"
#: The name is the last word of a declaration; what follows it is an array's length, a number or a constant's name.
_DECLARATION = r"(?s)^(.*?)\s*(\w+)\s*(\[[^]]*\])?$"
_WIDTHS = ((("long", "64", "*"), 8), (("32", "int ", "unsigned int", "enum"), 4), (("16", "short"), 2))


def find_tracefs() -> str:
    """Where tracefs is; mounted on /sys/kernel/tracing when it is nowhere. Raises D_NO_TRACEFS, D_NO_PRIVILEGES."""
    for place in _TRACEFS_PLACES:
        try:
            os.stat(f"{place}/events")
        except PermissionError:
            raise needs_root_to(f"read {place}") from None
        except OSError:
            continue
        return place
    place = _TRACEFS_PLACES[0]
    hint = f"mount -t tracefs tracefs {place}"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"tracefs", place.encode(), b"tracefs", 0, None) != 0:
        reason = os.strerror(ctypes.get_errno())
        raise fail("D_NO_TRACEFS", f"tracefs is not mounted, and mounting it on {place} failed: {reason}", hint=hint)
    if not os.path.isdir(f"{place}/events"):
        raise fail("D_NO_TRACEFS", "tracefs has no events", hint="the kernel was built without tracepoints")
    return place


def parse_tracepoint(text: str) -> tuple[TracepointField, ...]:
    """The fields of a tracepoint's format file, without the common ones that all have."""
    import re

    from dtrans.facts import TracepointField

    fields = []
    for declaration, offset, size, signed in re.findall(_FIELD, text):
        match = re.match(_DECLARATION, declaration)
        if match is None or match[2].startswith("common_"):
            continue
        kind, name, brackets = match.groups()
        located = kind.startswith(("__data_loc ", "__rel_loc "))
        element = kind.partition(" ")[2] if located else kind
        # ``__data_loc char[] name`` has its brackets in the type.
        fields.append(
            TracepointField(
                name=name,
                type_text=kind if kind.startswith("__rel_loc ") else element.removesuffix("[]").strip(),
                offset=int(offset),
                size=int(size),
                signed=signed == "1",
                length=_length(brackets, element, int(size)),
                data_loc=kind.startswith("__data_loc "),
            )
        )
    return tuple(fields)


def _length(brackets: str | None, element: str, size: int) -> int:
    """The number of elements: ``[16]`` says it; for ``[]`` and ``[CONSTANT]`` the field's size does."""
    if brackets is None:
        return 0
    inner = brackets[1:-1].strip()
    if inner.isdecimal():
        return int(inner)
    width = next((width for words, width in _WIDTHS if any(word in element for word in words)), 1)
    return size // width


def kernel_fingerprint() -> str:
    """What tells one kernel with its modules from another, the same after a reboot: for the keys of caches."""
    system = os.uname()
    parts: list[str | bytes] = [f"{system.release} {system.version} {system.machine}"]
    with suppress(OSError):
        parts.append(read_bytes("/sys/kernel/notes"))  # Its build id.
    with suppress(OSError):
        parts.append(f"{os.stat('/sys/kernel/btf/vmlinux').st_size}")
    with suppress(OSError):  # The kernel may have been built without modules.
        # By name and size: one that was built anew and loaded again is another.
        parts += sorted(" ".join(line.split()[:2]) for line in read_text("/proc/modules").splitlines())
    return cache_key(parts)


class HostFacts:
    """`dtrans.facts.KernelFacts` of the running kernel. Methods raise D_NO_BTF, D_NO_TRACEFS, D_NO_PRIVILEGES."""

    def __init__(self) -> None:
        self._tracepoint: dict[tuple[str, str], tuple[TracepointField, ...] | None] = {}
        self._struct: dict[tuple[str, str], Struct | None] = {}
        self._feature: dict[str, bool] = {}

    @cached_property
    def release(self) -> str:
        return os.uname().release

    @cached_property
    def machine(self) -> str:
        return os.uname().machine

    @cached_property
    def _tracefs(self) -> str:
        return find_tracefs()

    @cached_property
    def _types(self) -> KernelTypes:
        from dtrans.run.kernel.btf import KernelTypes

        return KernelTypes()

    @cached_property
    def _tracepoints(self) -> tuple[str, ...]:
        try:
            text = read_text(f"{self._tracefs}/available_events")
        except PermissionError:
            raise needs_root_to(f"read {self._tracefs}") from None
        return tuple(sorted(text.split()))

    def tracepoints(self) -> tuple[str, ...]:
        return self._tracepoints

    def tracepoint(self, group: str, event: str) -> tuple[TracepointField, ...] | None:
        if (group, event) not in self._tracepoint:
            self._tracepoint[group, event] = self._read_tracepoint(group, event)
        return self._tracepoint[group, event]

    def _read_tracepoint(self, group: str, event: str) -> tuple[TracepointField, ...] | None:
        path = f"{self._tracefs}/events/{group}/{event}/format"
        try:
            return parse_tracepoint(read_text(path))
        except PermissionError:
            raise needs_root_to(f"read {path}") from None
        except OSError:
            return None

    def tracepoint_id(self, group: str, event: str) -> int | None:
        """The number by which perf_event_open(2) knows a tracepoint; it changes from boot to boot."""
        path = f"{self._tracefs}/events/{group}/{event}/id"
        try:
            return int(read_text(path))
        except PermissionError:
            raise needs_root_to(f"read {path}") from None
        except OSError:
            return None

    def raw_tracepoints(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return self._raw_tracepoints

    @cached_property
    def _raw_tracepoints(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        from dtrans.run.kernel.tracepoints import raw_tracepoints

        return raw_tracepoints(kernel_fingerprint())

    def raw_tracepoint(self, event: str) -> tuple[Param, ...] | None:
        from dtrans.facts import Param
        from dtrans.types import UINT64, Function, StructRef

        # Each tracepoint has a function that calls its probes (include/linux/tracepoint.h, __DECLARE_TRACE); the
        # typedef btf_trace_EVENT has the same parameters without their names. The first is the probe's own data.
        function = self._types.function(f"__traceiter_{event}")
        if function is None:
            kind = self._types.typedef(f"btf_trace_{event}")
            function = getattr(kind, "to", None)
        if not isinstance(function, Function):
            return None
        named = enumerate(function.params[1:])
        # A small union comes by value, in the register of a number.
        return tuple(
            Param(name or f"arg{number}", UINT64 if isinstance(kind, StructRef) else kind)
            for number, (name, kind) in named
        )

    def struct(self, kind: str, tag: str) -> Struct | None:
        if (kind, tag) not in self._struct:
            self._struct[kind, tag] = self._types.struct(kind, tag)
        return self._struct[kind, tag]

    def written(self, kind: str, tag: str) -> tuple[str, ...] | None:
        return self._types.written(kind, tag)

    def typedef(self, name: str) -> Type | None:
        return self._types.typedef(name)

    def enumerators(self, tag: str) -> tuple[tuple[str, int], ...] | None:
        return self._types.enumerators(tag)

    def enumerator(self, name: str) -> int | None:
        return self._types.enumerator(name)

    def function(self, name: str, module: str = "") -> Function | None:
        return self._types.function(name, module)

    def function_id(self, name: str, module: str) -> int | None:
        """The BTF id of a function, which trampolines attach to."""
        return self._types.function_id(name, module)

    def functions(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return self._functions

    def function_addresses(self, place: str) -> tuple[int, ...]:
        """The addresses of all functions of a name, ``module:name``."""
        return self._code_addresses.get(place, ())

    @cached_property
    def _code_addresses(self) -> dict[str, tuple[int, ...]]:
        from dtrans.run.kernel.functions import KERNEL_MODULE

        found: dict[str, tuple[int, ...]] = {}
        with open("/proc/kallsyms") as lines:
            for line in lines:
                address, kind, name, *module = line.split()
                if kind in "tTwW":
                    place = f"{module[0][1:-1] if module else KERNEL_MODULE}:{name}"
                    found[place] = (*found.get(place, ()), int(address, 16))
        return found

    @cached_property
    def _functions(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        from dtrans.run.kernel.functions import traceable_functions

        if not (self.feature("kprobe") or self.feature("fentry")):
            return ()
        try:
            return traceable_functions(self._tracefs, kernel_fingerprint())
        except PermissionError:
            raise needs_root_to(f"read {self._tracefs}") from None
        except OSError:
            return ()

    @cached_property
    def _addresses(self) -> dict[str, int]:
        # Zero stands for an address that this process may not see (Documentation/admin-guide/sysctl/kernel.rst,
        # kptr_restrict). Per-CPU variables have offsets; data symbols are of the kinds b, d, r and their capitals.
        found: dict[str, int] = {}
        with open("/proc/kallsyms", "rb") as lines:
            for line in lines:
                address, kind, name, *module = line.split()
                if kind in b"bBdDrRaA" and not module:
                    found.setdefault(name.decode(), int(address, 16))
        return found

    def symbol(self, name: str) -> tuple[int, Type | None] | None:
        address = self._addresses.get(name, 0)
        return (address, self._types.variable(name)) if address else None

    def feature(self, name: str) -> bool:
        if name not in self._feature:
            self._feature[name] = self._has(name)
        return self._feature[name]

    def _has(self, name: str) -> bool:
        match name:
            case "kprobe" | "uprobe":
                # Their perf PMUs (Linux 4.17, commit e12f03d7031a).
                return os.path.exists(f"/sys/bus/event_source/devices/{name}")
            case "kprobe_multi":
                return self.feature("attach_cookie") and has_multi_links()
            case "uprobe_multi":
                from dtrans.run.kernel.uprobes import has_multi_uprobes

                return has_multi_uprobes()
            case "attach_cookie":
                return has_attach_cookies()
            case "raw_cookie":
                return has_raw_cookies()
            case "fentry":
                function = self.function_id("vfs_read", "vmlinux")
                return function is not None and has_trampoline(function)
            case "ia32":
                # arch/x86/entry/vdso/vdso32-setup.c; arch/arm64/kernel/sys_compat.c.
                return os.path.exists("/proc/sys/abi/vsyscall32") or self.function("compat_arm_syscall") is not None
            case "schedstats":
                return os.path.exists("/proc/sys/kernel/sched_schedstats")
            case "write_user":
                # The level `integrity` already forbids the helper (security/security.c, LOCKDOWN_BPF_WRITE_USER).
                return lockdown_level() == "none"
            case "hardware_counters":
                return self._hardware_counters()
        raise ValueError(f"no such kernel feature: {name}")

    def _hardware_counters(self) -> bool:
        try:
            os.close(open_perf_event(PERF_TYPE_HARDWARE, 0, 1_000_000_000, online_cpus()[0]))
        except OSError:
            return False
        return True
