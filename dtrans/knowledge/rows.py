"""The rows of `translators/`: what each Solaris name means on Linux. Plain values; `dtrans.knowledge.load` reads them.

Expressions in rows are D text over the Linux source, never C. In them

* ``ctx->name`` is a field of the source: a field of a tracepoint's format, an argument of a raw tracepoint by its name
  in the kernel, ``ctx->nr``, ``ctx->arg0`` ... ``ctx->arg5`` and (return) ``ctx->ret`` of a system call, ``ctx->pc``
  and ``ctx->upc`` of a sampling clock or perf event (the kernel or user program counter, the other 0), ``ctx->arg0``
  ... ``ctx->arg5`` of ``error`` (the arguments that dtrace:::ERROR has), a parameter of a kernel function by its name
  in the kernel, ``ctx->arg0`` ... of a function or a site in a process, at a function's entry ``ctx->NAME`` the
  address of any variable of its file, and ``ctx->ret`` of such a function's return,
  and on a kernel function's return ``ctx->ret`` (the parameters too where the kernel has ``feature:fentry``);
* ``saved->name`` is what another point of the source kept (`Point.save`);
* ``curthread`` is the thread on whose behalf the probe fires, a ``struct task_struct *``;
* kernel types are BTF's, and members of them are read by BTF offset;
* names that begin with ``__`` are the emitter's intrinsics (`dtrans.plan.intrinsics`): ``__ktime()``, ``__path(p)`` ...

Where a row holds several expressions, they stand in order of preference: the first that names only what this kernel
has is taken. So version differences are feature tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from dtrans.values import dataclass

#: exact: same meaning and value. close: same meaning, small stated difference. partial: a stated part of the meaning.
#: none: Linux has no such thing; `differs` says why.
Fidelity = Literal["exact", "close", "partial", "none"]
#: Names for parts of expressions, each with alternatives in order of preference.
Lets = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Note:
    """How faithful a row is, and in one sentence what differs and why ("" only when exact)."""

    fidelity: Fidelity
    differs: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """One Linux attach point of a source.

    `at` is one of ``rawtp:EVENT``, ``tracepoint:GROUP:EVENT``, ``syscall-entry:NAME,NAME...``,
    ``syscall-return:NAME,...`` (Linux names; empty list: all), ``function-entry:NAME`` and ``function-return:NAME`` (a
    function of the kernel or of a loaded module, which must be traceable and the only one of its name),
    ``user-entry:OBJECT:FUNCTION`` and ``user-return:OBJECT:FUNCTION`` (a function of a program or library, OBJECT as D
    names modules), ``user-site:PROVIDER:NAME`` (a probe that programs define, both names as they write them),
    ``perf:page-faults`` and its kin (perf_event_open(2) events by their `perf list` name), ``clock:all`` and
    ``clock:one`` (the sampling clock on every CPU, on one, at the rate of the probe's name, or at its own:
    ``clock:all:100hz``), ``begin``, ``end``, ``error``.
    `when` is a guard, "" for always. `let` names sub-expressions that the other expressions use, later lets included
    (no recursion), each in order of preference, and those of its provider's file that they use.
    `thread` gives the thread on whose behalf the probe fires, "" for the running one.
    `args` are the operands of ``args[i]``: a translated type is made from the operand by the translator for the
    operand's type, any other type by conversion. `arg` are ``arg0`` ..., "" one that Linux has not; () means the same
    operands as `args`.

    `variables` are those that the expressions of a ``user-entry`` use of the file that the function is in, functions
    too: ``ctx->NAME`` is the address of one in the process, for ``copyin()``.

    A point with `save` does not fire the probe: it keeps values by name, under `key` (the thread, when ()), for the
    other points of its source, which read them as ``saved->name`` with a `key` of the same values (0 where nothing was
    saved). A point without `save` forgets them when it is done, also when its guard did not hold, unless it is to
    `keep` them.
    """

    at: str
    when: str = ""
    let: Lets = ()  # type: ignore[assignment]
    thread: str = ""
    args: tuple[str, ...] = ()
    arg: tuple[str, ...] = ()
    save: Mapping[str, str] = ()  # type: ignore[assignment]
    key: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    keep: bool = False


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One way to serve a probe: every point attaches. `needs` are feature tests beyond the points themselves:
    ``feature:NAME``, ``rawtp:EVENT``, ``tracepoint:GROUP:EVENT``, ``member:struct TAG.NAME``, ``function:NAME``,
    ``enumerator:NAME``.
    `note` overrides the probe's when this source is less faithful than the first."""

    points: tuple[Point, ...]
    needs: tuple[str, ...] = ()
    note: Note | None = None


@dataclass(frozen=True, slots=True)
class ProbeRow:
    """One probe. `name` may hold ``{rate}`` for the profile provider's rates (``profile-{rate}``), and
    ``{mode}-{count}`` for the cpc provider's. `rates` are those that are there before they are named (``profile-97``).

    `module` and `function` are what ``dtrace -l`` shows and descriptions match; mapped providers match any
    module and function that a script writes when `any_location` (Solaris names of kernel modules and functions).
    `args` are the D types of ``args[i]``.
    """

    name: str
    note: Note
    args: tuple[str, ...] = ()
    sources: Sequence[SourceRow] = ()
    module: str = ""
    function: str = ""
    rates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SiteRow:
    """What is known of a probe that programs define under a provider's name: the types of its ``args[]``, which its
    notes do not tell, and what each is, in a word or two. Pointers are the process's: ``char *`` is text for
    ``copyinstr()``."""

    name: str
    args: tuple[str, ...]
    words: tuple[str, ...]
    note: Note


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """One provider. `family`: ``rows`` when its probes are just its rows; ``syscalls`` when they are the table of
    system calls; ``tracepoints`` when every kernel tracepoint is a probe too (module: group, name: event);
    ``raw-tracepoints`` when they are those with the arguments that the kernel calls them with;
    ``functions`` when every kernel function is two (entry, return), and the rows are Solaris' functions, which answer
    where a description matches no function of Linux.

    A provider of processes is named with a process's id at the end (``pid$target``, ``pid123``, ``python*``). Its
    family is ``user-functions`` when every function of a process is two probes, and every instruction one;
    ``user-sites`` when its probes are those that programs define under the provider's name (stapsdt notes), and its
    rows others; ``user-rows`` when its probes are just its rows. `files` are globs of programs and libraries that hold
    the probes: those are attached to also before a process runs them, and what programs load after their start
    (`loaded_later`) in the command of -c, too. `sites` are what is known of probes that programs define. `reason` says
    why a program may have none of the probes, and what is nearest. `without` names functions whose return cannot be
    traced.

    `stability` are the attributes of its name, its probes' modules, functions and names, and their arguments, each
    as ``Evolving/Evolving/ISA`` (the table at the end of its chapter in the Guide); () when none are known.
    `prefixes` are beginnings of functions' names that only Solaris' functions have: a description that begins with one
    means the rows, a glob too, whatever functions of Linux it matches.
    `double_arrows`: -F draws its entries and returns => and <=.
    """

    name: str
    summary: str
    guide: str
    family: Literal[
        "rows", "syscalls", "tracepoints", "raw-tracepoints", "functions", "user-functions", "user-sites", "user-rows"
    ]
    probes: tuple[ProbeRow, ...]
    sites: tuple[SiteRow, ...] = ()
    any_location: bool = True
    files: tuple[str, ...] = ()
    loaded_later: bool = False
    reason: str = ""
    without: tuple[str, ...] = ()
    stability: tuple[str, ...] = ()
    double_arrows: bool = False
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One member of a translated structure: its D type, and how faithful it is. ``char *`` is a string that D may also
    test against 0, as an empty one is."""

    name: str
    type: str
    note: Note


@dataclass(frozen=True, slots=True)
class TranslatorRow:
    """How a structure's members are made from a Linux value: `origin` its type, `param` its name in the
    expressions; `members` name -> expressions in order of preference. A member that is absent is refused by name.
    `let` names sub-expressions of the members; those of the point that the value comes from are known too."""

    origin: str
    param: str
    members: Mapping[str, tuple[str, ...]]
    let: Lets = ()  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class StructureRow:
    """A Solaris structure: ``bufinfo_t``, ``psinfo_t`` ... `tag`: D may also write ``struct TAG``. `extends`: its
    members can be named on those structures too, of the kernel (``curthread->t_procp``) or of `translators/`. `kernel`:
    it is one of Solaris' kernel; others are made by D's translators, and what gives a pointer to one is no value: D
    refuses to print or compare it, or to take it for a key.

    A value of a pointer to it is, where no argument or built-in says better, a pointer to what the only translator
    makes it from: it can be kept in a variable, cast to and calculated with as that one."""

    name: str
    guide: str
    members: Mapping[str, MemberRow]
    translators: tuple[TranslatorRow, ...]
    tag: str = ""
    extends: tuple[str, ...] = ()
    kernel: bool = False


@dataclass(frozen=True, slots=True)
class BuiltinRow:
    """A built-in variable, or with a grave accent before its name one of Solaris' kernel.

    `current` are expressions for the running thread, `thread` for a `curthread` that a point set; both in order of
    preference; empty: refused there, with the note's sentence. `kept` is the description of the only probes at which
    it is to be had, "" for all: elsewhere it is what it was at the last of them, in the same thread."""

    name: str
    type: str
    note: Note
    current: tuple[str, ...] = ()
    thread: tuple[str, ...] = ()
    kept: str = ""


@dataclass(frozen=True, slots=True)
class ConstantRow:
    name: str
    value: int
    note: Note


@dataclass(frozen=True, slots=True)
class LinuxCall:
    """A Linux system call that does a Solaris call's work. `args`: for ``arg0`` ..., which ``ctx->argN`` (an
    expression); () when they stand in the same places. `when` guards it, over ``ctx->argN`` (on return too)."""

    name: str
    args: tuple[str, ...] = ()
    when: str = ""


@dataclass(frozen=True, slots=True)
class CallRow:
    """A Solaris system call. Without `linux` it is matched and never fires, unless its fidelity is none: then a
    program that names it is refused with the note's sentence. `spare`: a second name, or one of FreeBSD or macOS. It
    answers only for calls that a program means by no other name."""

    name: str
    note: Note
    linux: tuple[LinuxCall, ...]
    spare: bool = False


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All of `translators/`. `types`: Solaris typedef -> D type text. `numbers`: machine -> Linux name -> number."""

    providers: Mapping[str, ProviderRow]
    structures: Mapping[str, StructureRow]
    builtins: Mapping[str, BuiltinRow]
    constants: Mapping[str, ConstantRow]
    types: Mapping[str, str]
    calls: Mapping[str, CallRow]
    #: Types of Solaris' kernel that stand for nothing on Linux, with their keyword if they are tags, and why.
    absent: Mapping[str, str]
    #: Variables of Linux's kernel: the types that its type information may lack.
    symbols: Mapping[str, str]
    numbers: Mapping[str, Mapping[str, int]]
    #: Names of D whose stability attributes are not Stable/Stable/Common, and these attributes.
    stability: Mapping[str, str]
    #: System calls whose function in the kernel has another name, and that name.
    call_functions: Mapping[str, str]
    #: Arguments of system calls, as the kernel declares them -> the type that programs know them by.
    call_types: Mapping[str, str]
