"""What a kernel offers: the only thing the compiler knows of the machine.

`KernelFacts` is what the compiler asks. `dtrans.run.kernel.host` answers from the running kernel; `dtrans.recorded`
answers from a JSON text that it recorded, so that the compiler is tested anywhere, unprivileged, with the same bytes
out.
"""

from __future__ import annotations

from dtrans.typed import Protocol
from dtrans.types import Function, Struct, Type
from dtrans.values import dataclass


@dataclass(frozen=True, slots=True)
class TracepointField:
    """One field of a tracepoint's format file (tracefs ``events/GROUP/EVENT/format``), the common ones left out.

    `type_text` is the declaration's C type as the file writes it; `data_loc` marks ``__data_loc`` fields, whose 32 bits
    hold offset (low 16) and length (high 16) of data that follows; `length` is the element count of an array, else 0.
    """

    name: str
    type_text: str
    offset: int
    size: int
    signed: bool
    length: int = 0
    data_loc: bool = False


@dataclass(frozen=True, slots=True)
class Param:
    """One argument of a raw tracepoint, after the leading data pointer."""

    name: str
    type: Type


class KernelFacts(Protocol):
    """Questions to a kernel. Every answer is immutable; None where the kernel has no such thing."""

    @property
    def release(self) -> str:
        """As ``uname -r`` gives it. For people: the compiler never decides by it."""
        ...

    @property
    def machine(self) -> str:
        """As ``uname -m`` gives it: chooses the table of system calls."""
        ...

    def tracepoints(self) -> tuple[str, ...]:
        """All tracepoints as ``group:event``, sorted."""
        ...

    def tracepoint(self, group: str, event: str) -> tuple[TracepointField, ...] | None:
        """The fields of a tracepoint."""
        ...

    def raw_tracepoints(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The raw tracepoints that BTF describes, by module: ``vmlinux`` first, then the loaded modules by name; the
        events of each sorted."""
        ...

    def raw_tracepoint(self, event: str) -> tuple[Param, ...] | None:
        """The arguments of a raw tracepoint, by BTF."""
        ...

    def struct(self, kind: str, tag: str) -> Struct | None:
        """The layout of a kernel structure (`kind` ``struct``) or union, by tag."""
        ...

    def written(self, kind: str, tag: str) -> tuple[str, ...] | None:
        """The types of a kernel structure's members as C writes them, typedefs kept; for people."""
        ...

    def typedef(self, name: str) -> Type | None:
        """What a kernel typedef stands for, resolved to the end."""
        ...

    def enumerators(self, tag: str) -> tuple[tuple[str, int], ...] | None:
        """The enumerators of a kernel enumeration, by its tag."""
        ...

    def enumerator(self, name: str) -> int | None:
        """The value of one enumerator of any kernel enumeration."""
        ...

    def function(self, name: str, module: str = "") -> Function | None:
        """The type of a kernel function, by BTF; with a module (``vmlinux``: the kernel itself) of that one's."""
        ...

    def functions(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The kernel functions that can be traced, by module: ``vmlinux`` first, then the loaded modules by name; the
        functions of each sorted."""
        ...

    def symbol(self, name: str) -> tuple[int, Type | None] | None:
        """Address (/proc/kallsyms) of a kernel variable, None when it is unknown, and by BTF its type."""
        ...

    def feature(self, name: str) -> bool:
        """Whether the kernel has a feature by name: ``kprobe``, ``kprobe_multi`` (many functions by one call),
        ``fentry``, ``attach_cookie`` (a number for each place that a program is attached to), ``raw_cookie`` (at raw
        tracepoints too), ``ia32``, ``schedstats``, ``write_user`` (bpf_probe_write_user allowed),
        ``hardware_counters``, ``uprobe``, ``uprobe_multi`` (many places in processes by one call)."""
        ...
