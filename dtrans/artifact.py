"""What the compiler hands to the runner: the C text, and how to read what comes back.

The runner never sees D. It compiles `Artifact.c_text` with BCC after a prologue of ``#define`` lines made from
`Artifact.layouts` on the running kernel, attaches `Artifact.programs`, and turns ring-buffer records and aggregation
maps into text by the `Site` and `Aggregation` tables.

Maps that every artifact's C text declares when it needs them (names are fixed, both sides know them):

==============  ====================================================================================
``records``     BPF_MAP_TYPE_RINGBUF: the records described below; created by the loader's size
``drops``       per-CPU array of u64, one slot for each of `DROP_KINDS`
``spec_open``   hash: number of a speculation (u32) -> its word (u64) and its drops (u64); see below
``spec_free``   stack: their numbers (u32) that are free, from 1 to option nspec; filled by the loader
``chill_text``  array of one long string, which takes its time to copy; filled by the loader
``epochs``      array of u64 by aggregation id: bumped by the reader to restart ``min`` and ``max``
``switches``    array of u64 by `SWITCHES`: u64 flags that the reader sets and programs read
``agg_N``       per-CPU hash: aggregation N, packed key fields -> value laid out by its function; without keys a
                per-CPU array of one value, where the function's values only grow
``agg_N_now``   array of one map: the one like ``agg_N`` that programs fill at the time; made by the loader
``agg_made``    per-CPU array of u64 by aggregation id: the keys that were made so far
``progeny``     hash: u32 process id -> u8: the processes that come from the target; those of before by the reader
``images``      hash: u32 process id, u32 self_exec_id -> u64 time at which the process began to execute that image
``page_places`` array of one value: where the kernel sees memory; filled by the loader (`dtrans.run.kernel.pages`)
``host``        array of s64: the numbers that `Artifact.host` names
``names_PART``  hash: probe number (u32) -> a member of `Probe`, text ended by NUL or u64; filled by the loader
``user_sites``  hash: site number (u32) -> probe number (u32), padding, operands (as of a note), by the loader
``clause_sets`` hash: number of a set of clauses (u32) -> a bit for each clause (u64 words); see `UserCode`
==============  ====================================================================================

A record starts with `RECORD_HEADER` (``<HHI``: site number, CPU, probe number) and is followed by its fields at the
offsets the site gives (counted from the start of the record, header included). Site `FAULT_SITE` marks a run-time
fault, laid out as `FAULT_RECORD`.

The record of a site with a `speculation` carries a word that is one speculation's own. The reader keeps it until a
`SPECULATION_RECORD` with that word comes: of site `COMMIT_SITE`, which prints what was kept, or `DISCARD_SITE`.

What a record tells of a process's memory may be missing: no program may wait for what must come from a disk first. Then
bit N of the first word of `MISSING` is set for part N, where a word has the address, and above it the size; the reader
gets it from the process, or a fault stands in the record's place.

Probe numbers index `Artifact.probes`. A program that serves many probes computes the number by adding, so the
table is sparse.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping

from dtrans.attach import COOKIE_CLAUSES, Attach, Link, UserCode
from dtrans.source import Written
from dtrans.typed import Literal
from dtrans.values import dataclass, field

RECORD_HEADER = struct.Struct("<HHI")
FAULT_SITE = 0xFFFF
#: After the header: clause (u32), action (u32, 0 the predicate), fault kind (u32), padding, address (u64).
FAULT_RECORD = struct.Struct("<HHIIIIIQ")
COMMIT_SITE, DISCARD_SITE = 0xFFFE, 0xFFFD
#: Which parts are missing (u32), the process (u32), its task_struct.start_boottime, its mm_struct.start_stack. Then
#: what clauses of ERROR may ask: bpf_get_current_pid_tgid(), bpf_get_current_uid_gid(), the thread's name in two words.
MISSING = struct.Struct("<IIQQQQQQ")
#: What a process that has ended had of a part that a record lacks: a header with the process in the probe's place, the
#: two that tell it from others, the part as it stands in the record, and how many bytes follow.
ENDED_SITE = 0xFFFC
ENDED_RECORD = struct.Struct("<HHIQQQQ")
#: The part's address is below, its size in the process above.
MISSING_SIZE_SHIFT = 48
#: Parts of a record that can be told to be missing.
MOST_MISSING = 32
#: A header, and the word of the speculation, whose low `SPECULATION_ID` bits are its id.
SPECULATION_RECORD = struct.Struct("<HHIQ")
SPECULATION_ID = 12

#: Fault kinds by number, worded as dtrace words them (libdtrace dt_error.c, dtrace_faultstr).
FAULTS = (
    "unknown fault",
    "invalid address",
    "invalid alignment",
    "illegal operation",
    "divide-by-zero",
    "out of scratch space",
    "invalid kernel access",
    "invalid user access",
    "tuple stack overflow",
    "bad stack",
)
#: Fault kinds whose message carries the address.
ADDRESS_FAULTS = frozenset({1, 2})

DROP_KINDS = ("principal", "aggregation", "dynamic", "speculative", "unavailable", "error")
#: Those that dtrace tells for each CPU; the others are no CPU's own.
DROPS_BY_CPU = frozenset({"principal", "aggregation"})
SWITCHES = ("stopped",)

FieldKind = Literal[
    "int",  # signed integer of `size` bytes
    "uint",  # unsigned integer
    "float",  # floating-point number of `size` bytes
    "str",  # NUL-terminated string in `size` bytes
    "literal",  # u32 index into Artifact.strings
    "probeprov",  # u32 probe number, shown as that part of the probe's name
    "probemod",
    "probefunc",
    "probename",
    "bytes",  # raw memory of `size` bytes
    "stack",  # u64 kernel addresses, innermost first, 0 ends
    "ustack",  # u32 process id, u32 image (its self_exec_id), then u64 user addresses, 0 ends
    "sym",  # u64 kernel address: module`function
    "func",  # the same as sym (Guide, "Actions and Subroutines")
    "mod",  # u64 kernel address: module
    "kaddr",  # u64 kernel address shown by %a as module`function+offset
    "usym",  # u32 process id, u32 image, u64 user address
    "ufunc",
    "umod",
    "uaddr",
]


@dataclass(frozen=True, slots=True)
class Field:
    """One value in a record or in an aggregation's key."""

    kind: FieldKind
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Probe:
    """A probe as D names it."""

    id: int
    provider: str
    module: str
    function: str
    name: str


# --- actions that a record carries, in the order of the clause -----------------------------------------
# `present` is the offset of a u8 that is 1 when the action was taken (it stood in a branch), None when it always was.


@dataclass(frozen=True, slots=True)
class Printf:
    format: str
    args: tuple[Field, ...]
    present: int | None = None


@dataclass(frozen=True, slots=True)
class Printa:
    """`aggregations` by id; `format` None for the default form."""

    aggregations: tuple[int, ...]
    format: str | None
    present: int | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """``trace(x)``: `bytes` fields print as dtrace's hex dump, integers and strings in its default form."""

    value: Field
    present: int | None = None


@dataclass(frozen=True, slots=True)
class Tracemem:
    """``tracemem(addr, size[, length])``: `length` is the field of the run-time size, None for all of it."""

    value: Field
    length: Field | None = None
    present: int | None = None


@dataclass(frozen=True, slots=True)
class PrintValue:
    """``print(x)``: `shape` describes the type (see `Shape`)."""

    value: Field
    shape: Shape
    present: int | None = None


@dataclass(frozen=True, slots=True)
class PrintStack:
    """``stack()``, ``ustack()``, ``sym()`` and their kin used as actions."""

    value: Field
    present: int | None = None


@dataclass(frozen=True, slots=True)
class Exit:
    status: Field
    present: int | None = None


@dataclass(frozen=True, slots=True)
class Clear:
    aggregation: int
    present: int | None = None


@dataclass(frozen=True, slots=True)
class Trunc:
    """Keep the `count` greatest values (negative: the least); `count` None removes all."""

    aggregation: int
    count: Field | None
    present: int | None = None


@dataclass(frozen=True, slots=True)
class Normalize:
    aggregation: int
    factor: Field
    present: int | None = None


@dataclass(frozen=True, slots=True)
class Denormalize:
    aggregation: int
    present: int | None = None


@dataclass(frozen=True, slots=True)
class System:
    """Run a shell command: destructive."""

    format: str
    args: tuple[Field, ...]
    present: int | None = None


@dataclass(frozen=True, slots=True)
class Freopen:
    format: str
    args: tuple[Field, ...]
    present: int | None = None


@dataclass(frozen=True, slots=True)
class Truncate:
    """ftruncate(): empty the file that output goes to."""

    present: int | None = None


@dataclass(frozen=True, slots=True)
class Halt:
    """``panic()`` and ``breakpoint()``, by the kernel's key for it (Documentation/admin-guide/sysrq.rst): c, g."""

    key: Literal["c", "g"]
    present: int | None = None


@dataclass(frozen=True, slots=True)
class SetOption:
    """setopt(): a format that makes ``NAME`` or ``NAME=VALUE``."""

    format: str
    args: tuple[Field, ...] = ()
    present: int | None = None


@dataclass(frozen=True, slots=True)
class Accumulate:
    """An event that an aggregation's map lacks, since a part of its `key` was missing: the reader counts it."""

    aggregation: int
    key: Field
    operand: Field
    weight: Field
    present: int | None = None


@dataclass(frozen=True, slots=True)
class DefaultAction:
    """A clause without actions: only its probe is told, and nothing at all when quiet but for the option flowindent."""

    present: int | None = None


Action = (
    Printf
    | Printa
    | Trace
    | Tracemem
    | PrintValue
    | PrintStack
    | Exit
    | Clear
    | Trunc
    | Normalize
    | Denormalize
    | System
    | Freopen
    | Truncate
    | Halt
    | SetOption
    | Accumulate
    | DefaultAction
)


@dataclass(frozen=True, slots=True)
class Shape:
    """A type as ``print()`` shows it: `name` its C name; `kind` int, uint, float, pointer, function (a pointer to one),
    char, string, enum, array, struct.

    `members` (name, bit offset from the start of the value, bit size or 0, shape) of a structure; `element` and
    `length` of an array; `enumerators` of an enum.
    """

    name: str
    kind: str
    size: int
    members: tuple[tuple[str, int, int, Shape], ...] = ()
    element: Shape | None = None
    length: int = 0
    enumerators: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Missing:
    """A part of a record that comes from a process's memory: a string of `size` bytes with its NUL, or all of them.

    `action` is the number of the action that it is for, as faults count them.
    """

    offset: int
    size: int
    is_text: bool
    action: int


@dataclass(frozen=True, slots=True)
class Site:
    """One kind of record: the data recording actions of one clause. Its number is its index.

    `clause` is the clause's number, counted from 1 as dtrace counts enabled probe ids. `speculation` is the offset of
    the word of the speculation that the record belongs to, None for one that is printed as it comes. `time` is the
    offset of a u64 with nanoseconds since the epoch, None where records have none. `process` is the offset of
    `MISSING`, None where nothing can be `missing`.
    """

    clause: int
    size: int
    actions: tuple[Action, ...]
    speculation: int | None = None
    time: int | None = None
    process: int | None = None
    missing: tuple[Missing, ...] = ()


@dataclass(frozen=True, slots=True)
class Aggregation:
    """One aggregation; its id is its index. Map ``agg_ID``: key fields (offsets from the key's start) to a value.

    Values by `function`, all u64 unless said: count: n. sum: s64. avg: n, s64 sum. min, max: s64 value, epoch.
    stddev: n, s64 sum, low and high half of the 128-bit sum of squares. quantize: 127 buckets, value 0 in bucket 63,
    1 in 64, -1 in 62, 2^k in 64 + k. lquantize: below, levels..., above. llquantize: below, then the buckets, above.
    `parameters`: lquantize (base, limit, step), llquantize (factor, low, high, steps); () for the rest.

    `by_bucket`: the value is more than a map's value holds. The map has an element for each bucket that something is
    in: its key is `key_size` bytes and the bucket's number, a u64, and its value one word.
    """

    name: str
    function: Literal["count", "sum", "avg", "min", "max", "stddev", "quantize", "lquantize", "llquantize"]
    keys: tuple[Field, ...]
    key_size: int
    value_size: int
    parameters: tuple[int, ...] = ()
    by_bucket: bool = False

    @property
    def map_key_size(self) -> int:
        """The bytes of one key of the map."""
        return self.key_size + 8 * self.by_bucket

    @property
    def map_words(self) -> int:
        """The u64 of one value of the map."""
        return 1 if self.by_bucket else self.value_size // 8


# --- programs -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Program:
    """One BPF program: the C function's name and where it attaches.

    Programs are attached in order and detached in reverse; `auxiliary` ones keep state (thread exit, on-CPU
    time) and are attached before any other and detached after. One that has a `link` is not attached: it goes on where
    another of the same place has ended. `clauses` are those that it runs, in whole or in part.
    """

    function: str
    attach: Attach
    auxiliary: bool = False
    link: Link | None = None
    clauses: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """A number of the running kernel that the C text uses by the name `macro`.

    `kind` offset: byte offset of member `path` (dotted) in type `of` (``struct task_struct``); size: size of type `of`;
    bits: bit offset of a bit-field, from the start; field: byte offset of field `path` in tracepoint `of`;
    symbol: address of kernel variable `of`; function: 1, where the kernel has the function `of`. An `optional` one is
    left undefined where the kernel lacks it.
    """

    macro: str
    kind: Literal["offset", "bits", "size", "field", "symbol", "function"]
    of: str
    path: str = ""
    optional: bool = False


#: The upper half of the numbers that stand for maps.
_MAP_NUMBER = 0x64746D61


def map_number(name: str) -> int:
    """The number that stands for a map in the functions that programs call, where BCC puts in no descriptor."""
    return _MAP_NUMBER << 32 | zlib.crc32(name.encode())


@dataclass(frozen=True, slots=True)
class LateConstant:
    """A number known only when the program starts: the loader puts it in place of `magic` in loaded instructions.

    `what`: ``target`` (process id of -c or -p), ``pid`` (of the tracer itself), ``wall`` (nanoseconds to add to the
    monotonic clock to get the time since the epoch), ``tick`` (nanoseconds of the kernel's clock tick, a jiffy). The
    number stands as a 64-bit immediate load (ld_imm64).
    """

    magic: int
    what: Literal["target", "pid", "wall", "tick"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A description of probes in processes: the loader looks for them in what processes have mapped, at the start and
    when they map more.

    `provider` as written (``pid$target``, ``python*``), `module`, `function` and `name` the globs that it gives;
    `base` is the provider's name without the process. `place` says where a row attaches: ``OBJECT,...:FUNCTION``, or
    ``PROVIDER:NAME`` of a probe that a program defines. `files` are globs of files that such processes run, or load
    when they run already (`later`); `without` are functions that cannot have the probe. `group` is the number of the
    written description, `source` that of its D text.
    """

    attach: UserCode
    clause: int
    group: int
    source: int
    provider: str
    base: str
    module: str
    function: str
    name: str
    place: str = ""
    files: tuple[str, ...] = ()
    later: bool = False
    without: tuple[str, ...] = ()
    #: Matching nothing is no error.
    optional: bool = False
    #: Why there may be none.
    reason: str = ""
    written: Written = ("", 0, 0, 0, "")  # Where the description stands.


def has_clause_sets(attach: UserCode, wanted: Iterable[Wanted]) -> bool:
    """Whether the cookies of a program's places hold numbers of sets of clauses, and no bits."""
    return any(want.clause >= COOKIE_CLAUSES for want in wanted if want.attach == attach)


@dataclass(frozen=True, slots=True)
class Artifact:
    c_text: str
    programs: tuple[Program, ...]
    probes: Mapping[int, Probe]
    sites: tuple[Site, ...]
    aggregations: tuple[Aggregation, ...]
    strings: tuple[str, ...]
    layouts: tuple[Layout, ...]
    late: tuple[LateConstant, ...]
    #: Options as `dtrans.options` parses them, defaults left out.
    options: Mapping[str, str]
    #: How many probes the program matched, for "matched N probes".
    matched: int
    #: D description of what is traced, one per clause group, as ``dtrace`` names it in messages: "description 'x'".
    descriptions: tuple[tuple[str, int], ...] = ()
    #: Providers whose entries and returns -F draws => and <=.
    double_arrows: tuple[str, ...] = ()
    #: What is told of the program before tracing, always.
    warnings: tuple[str, ...] = field(default=())
    #: What differs from the original on this kernel, told with -v: (probe or member, sentence).
    notes: tuple[tuple[str, str], ...] = field(default=())
    wanted: tuple[Wanted, ...] = ()
    #: Numbers of the machine that the runner keeps up to date in the map ``host``: see `dtrans.run.kernel.numbers`.
    host: tuple[str, ...] = field(default=())
    #: Where strings stand in the map ``globals`` that are empty, and not NULL, before they are set.
    empty: tuple[int, ...] = field(default=())
    #: Where each clause stands, by its number.
    clauses: Mapping[int, Written] = field(default_factory=dict)
