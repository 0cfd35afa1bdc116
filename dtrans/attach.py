"""Where programs attach: one class for each way in which the kernel comes to run a BPF program."""

from __future__ import annotations

from dtrans.typed import Literal
from dtrans.values import dataclass


@dataclass(frozen=True, slots=True)
class TestRun:
    """Fired by the loader itself (BPF_PROG_TEST_RUN of a raw tracepoint program).

    "LOAD": see `dtrans.run.kernel.pages`. "ERROR": a value that the reader did not get; the context is the clause, the
    action, the kind of the fault and the address.
    """

    moment: Literal["BEGIN", "END", "LOAD", "ERROR"]


@dataclass(frozen=True, slots=True)
class RawTracepoint:
    event: str


@dataclass(frozen=True, slots=True)
class Tracepoint:
    group: str
    event: str


@dataclass(frozen=True, slots=True)
class Tracepoints:
    raw: bool
    places: tuple[tuple[str, int], ...]  # (``group:event``, the event of a `raw` one; cookie as in `KernelFunctions`).


#: What a CPU runs when an event happens: a program, the kernel, or either.
Mode = Literal["user", "kernel", "all"]
MODES: tuple[Mode, ...] = ("user", "kernel", "all")


@dataclass(frozen=True, slots=True)
class PerfEvent:
    """A perf software or hardware event (perf_event_open(2)): `period` events, or nanoseconds for cpu-clock.

    `all_cpus`: one event on each online CPU, else one on the first. `mode`: where the events that count happen.
    """

    type: int
    config: int
    period: int
    all_cpus: bool
    mode: Mode = "all"


Moment = Literal["entry", "return"]


@dataclass(frozen=True, slots=True)
class KernelFunctions:
    """Entry or return of kernel functions, all of them by one program of kprobe type (context: ``struct pt_regs``).

    `places`: (function, attach cookie). The cookie, which the program reads with bpf_get_attach_cookie, is the probe's
    number. A function is its name, or ``module:name`` where the kernel has several of that name.
    """

    moment: Moment
    places: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Trampoline:
    """Entry or return of one kernel function by a BPF trampoline (fentry, fexit; context: ``u64`` for each argument,
    and on return one more for the result). `module` is the function's, ``vmlinux`` for the kernel itself."""

    moment: Moment
    function: str
    module: str = "vmlinux"


ANY_PROCESS = "*"  # Ends `UserCode.row` where the code of all processes is meant.


@dataclass(frozen=True, slots=True)
class UserCode:
    """Code of processes: the places of all `Artifact.wanted` with this value (context: ``struct pt_regs``).

    `moment`: the entry or the return of functions, the instructions by which they are left, an offset in them, or the
    site of a probe that a program defines.
    `row` tells apart programs of one moment. The attach cookie is the number of the place's probe, of its site where
    there are sites (exits are: their arguments are the offset in the function, and the stack pointer that its return
    will have), and in its upper half a bit for each clause that wants the place, or where there are more than
    `COOKIE_CLAUSES` the number of their set. `variables` of the place's file make it a site whose arguments are their
    addresses. Above the number of a probe, from bit `CONVENTION_BIT` on, the cookie has the function's `Convention`.
    """

    moment: Literal["entry", "return", "exit", "offset", "site"]
    row: str = ""
    variables: tuple[str, ...] = ()

    @property
    def has_sites(self) -> bool:
        """Whether the cookie tells a site, and not just a probe."""
        return self.moment in ("site", "exit") or bool(self.variables)

    @property
    def is_any_process(self) -> bool:
        """Whether it is the code of all processes, not of one: there the provider's name is not known before the
        probe fires."""
        return self.row.endswith(ANY_PROCESS)


#: How a function is given its arguments: as the C of the machine does it, in the registers that Go takes for integers,
#: on the stack, as Go's assembler has them, or in a way that is not known.
Convention = Literal[0, 1, 2, 3]
C_CONVENTION: Convention = 0
GO_CONVENTION: Convention = 1
GO_ON_STACK: Convention = 2
UNKNOWN_CONVENTION: Convention = 3
CONVENTION_BIT = 30

#: Clauses that one program can tell apart by the bits of a cookie.
COOKIE_CLAUSES = 32

Attach = TestRun | RawTracepoint | Tracepoint | Tracepoints | PerfEvent | KernelFunctions | Trampoline | UserCode
LINGERING = (Tracepoint, Tracepoints, KernelFunctions, Trampoline, UserCode)  # The kernel is slow to detach from there.


@dataclass(frozen=True, slots=True)
class Link:
    """Place `index` in the map `chain` (BPF_MAP_TYPE_PROG_ARRAY), from where another program goes on to this one."""

    chain: str
    index: int
