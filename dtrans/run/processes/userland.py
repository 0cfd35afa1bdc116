"""Probes in the code of processes: finds the places that descriptions mean, numbers their probes, and looks again when
processes load more.

    Wanted("pid$target", "libc", "malloc", "entry")   ->   Places(..., "/.../libc.so.6", ((0x98500, 0, cookie),))

A description is matched against what processes have mapped, and for descriptions of any process (``python*``) also
against files that such processes are known to run, so that those fire too that start later. A cookie is the number of
the place's probe (of its site, where arguments are told by notes), and above it one bit for each clause that wants the
place, or the number of their set where there are too many.
"""

from __future__ import annotations

import contextlib
import glob
import re
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from dtrans.artifact import Probe, Wanted, has_clause_sets
from dtrans.attach import CONVENTION_BIT, UserCode
from dtrans.errors import DtransError, fail
from dtrans.globs import is_glob, pattern
from dtrans.numerals import numeral
from dtrans.run.processes.conventions import convention
from dtrans.run.processes.elf import ElfFile, ElfFunction
from dtrans.run.processes.instructions import exit_offsets, instruction_offsets, return_offsets
from dtrans.run.processes.mapped import (
    EXECUTABLE,
    FileKey,
    MappedObject,
    is_mapped,
    load_address,
    mapped_objects,
    process_ids,
)
from dtrans.run.processes.operands import MOST_OPERANDS, Operand, operands, relative, stack_after_return
from dtrans.source import span_of
from dtrans.values import dataclass, field

TARGET = "$target"
#: A probe's provider, module, function and name.
Parts = tuple[str, str, str, str]
#: Ids of probes in processes: those of the kernel's are below. So many are given before any that is larger.
FIRST_ID, _MOST_IDS = 700_000, 300_000
_NUMBER_BITS = 32
#: In the place of a function: the probe's name is an address (libdtrace dt_pid.c).
_NO_FUNCTION = "-"
#: e_machine by ``uname -m`` (include/uapi/linux/elf-em.h).
_MACHINES = {"x86_64": 62, "aarch64": 183}
#: A site: its probe's number, then its operands.
_SITE_HEAD = struct.Struct("<I4x")
SITE_SIZE = _SITE_HEAD.size + MOST_OPERANDS * 16


class ProbeIds:
    """The ids of probes in processes: made of their names, so that they are the same from one command to the next. Of
    two that would have the same id, the later has the next."""

    def __init__(self) -> None:
        self._ids: dict[Parts, int] = {}
        self._taken: set[int] = set()

    def of(self, probe: Parts) -> int:
        found = self._ids.get(probe)
        if found is None:
            found = FIRST_ID + zlib.crc32(":".join(probe).encode(errors="surrogateescape")) % _MOST_IDS
            while found in self._taken:
                found += 1
            self._taken.add(found)
            self._ids[probe] = found
        return found


@dataclass(frozen=True, slots=True)
class Places:
    """Places of one file where one program attaches: in one process, or in all (None). Each is (offset in the file,
    offset of the semaphore or 0, cookie). The returns of functions are caught where they are called, or with `exits` at
    the instructions that return."""

    program: UserCode
    pid: int | None
    path: str
    places: tuple[tuple[int, int, int], ...]
    exits: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    """One place that a description means."""

    probe: Parts
    offset: int
    counter: int = 0
    operands: tuple[Operand, ...] = ()
    arguments: str = ""


@dataclass(slots=True)
class Userland:
    """What is `wanted` of processes. `known` are the probes elsewhere by their numbers, `target` is the process of -c
    (`created`) or -p (None: there is none).

    `probes` are all probes by their numbers, the known ones first, `sites` the packed sites of those that notes
    describe, `clause_sets` the sets of clauses, a bit each. They grow; `fresh` tells what is new. `arguments` are those
    of a probe's first site, as its note writes them.
    """

    wanted: Sequence[Wanted]
    known: Mapping[int, Probe]
    machine: str
    target: int | None
    created: bool = False
    probes: dict[int, Probe] = field(default_factory=dict)
    sites: dict[int, bytes] = field(default_factory=dict)
    clause_sets: dict[int, int] = field(default_factory=dict)
    arguments: dict[int, str] = field(default_factory=dict)
    _numbers: dict[Parts, int] = field(default_factory=dict)
    _ids: ProbeIds = field(default_factory=ProbeIds)
    _site_numbers: dict[tuple[int, tuple[Operand, ...]], int] = field(default_factory=dict)
    _seen: set[tuple[int | None, FileKey]] = field(default_factory=set)
    _matched: dict[int, dict[int, None]] = field(default_factory=dict)
    _next: int = 0
    _set_numbers: dict[int, int] = field(default_factory=dict)
    _told: tuple[int, int, int] = (0, 0, 0)

    def __post_init__(self) -> None:
        self._next = max(self.known, default=-1) + 1
        self.probes.update(self.known)
        self._told = len(self.probes), 0, 0

    # --- what is asked of it ----------------------------------------------------------------------------

    def find(self) -> list[Places]:
        """The places of all descriptions, as processes are now. Raises D_PDESC_ZERO, D_MACRO_UNDEF, D_PROC_*."""
        found = self.look(self._asked())
        for want in self.wanted:
            if not self._matched.get(want.group) and not want.optional:
                raise self._missing(want)
        return found

    def look(self, asked: Iterable[int | None]) -> list[Places]:
        """The places in what processes have mapped since they were last looked at; None: all processes and known
        files. Probes are numbered description by description, as they are listed."""
        things = {pid: list(self._new_objects(pid)) for pid in asked}
        made: dict[tuple[UserCode, int | None, str, bool], dict[tuple[int, int, int], int]] = {}
        for want in self.wanted:
            pid = self._process_of(want)
            for thing in things.get(pid, ()):
                for found in self._in_object(want, pid, thing):
                    number = self._number(found.probe)
                    self._matched.setdefault(want.group, {})[number] = None
                    if want.attach.moment == "site":
                        self.arguments.setdefault(number, found.arguments)
                    if want.attach.has_sites:
                        number = self._site(number, found.operands)
                    else:
                        number |= convention(thing.file, found.probe[2]) << CONVENTION_BIT
                    masks = made.setdefault((want.attach, pid, thing.path, thing.file.moves_stacks), {})
                    place = found.offset, found.counter, number
                    masks[place] = masks.get(place, 0) | 1 << want.clause
        return [
            Places(
                program,
                pid,
                path,
                tuple(
                    (at, counter, clauses(mask) << _NUMBER_BITS | number)
                    for (at, counter, number), mask in masks.items()
                ),
                exits and program.moment == "return",
            )
            for (program, pid, path, exits), masks in made.items()
            for clauses in (self._set_number if has_clause_sets(program, self.wanted) else int,)
        ]

    def more(self, *, everywhere: bool) -> list[Places]:
        """The places in what processes have mapped since; `everywhere` looks at all processes too."""
        asked = dict.fromkeys(map(self._process_of, self.wanted))
        return self.look(pid for pid in asked if pid is not None or everywhere)

    def processes(self) -> dict[int, bool]:
        """The processes that descriptions name, and whether a library that one loads may be meant by one of them."""
        found: dict[int, bool] = {}
        for want in self.wanted:
            pid = self._process_of(want)
            if pid is not None:
                module = want.place.partition(":")[0] if want.place and want.attach.moment != "site" else want.module
                grows = is_glob(module) or not self._matched.get(want.group)
                found[pid] = found.get(pid, False) or grows
        return found

    def of_group(self, group: int) -> list[int]:
        """The numbers of the probes that a description matched, in order."""
        return list(self._matched.get(group, ()))

    def matched(self, description: int) -> int:
        """How many probes the descriptions of one source matched."""
        groups = {want.group for want in self.wanted if want.source == description}
        return sum(len(self._matched.get(group, ())) for group in groups)

    def fresh(self) -> tuple[dict[int, Probe], dict[int, bytes], dict[int, int]]:
        """The probes, sites and sets of clauses that came since this was last asked, which programs have not been told
        of."""
        probes = {number: self.probes[number] for number in list(self.probes)[self._told[0] :]}
        sites = {number: self.sites[number] for number in list(self.sites)[self._told[1] :]}
        sets = {number: self.clause_sets[number] for number in list(self.clause_sets)[self._told[2] :]}
        self._told = len(self.probes), len(self.sites), len(self.clause_sets)
        return probes, sites, sets

    # --- processes and their files ----------------------------------------------------------------------

    def _asked(self) -> Iterator[int | None]:
        """The processes that descriptions name, each once; None for those of any."""
        for want in self.wanted:
            if self.target is None and want.provider.endswith(TARGET):
                hint = "use -c COMMAND or -p PID"
                raise fail("D_MACRO_UNDEF", "macro variable $target is not defined", span_of(want.written), hint=hint)
        for pid in dict.fromkeys(map(self._process_of, self.wanted)):
            if pid == 0:
                want = next(want for want in self.wanted if self._process_of(want) == pid)
                raise fail("D_PROC_BADPID", f"'{want.provider}' does not contain a valid pid", span_of(want.written))
            if pid is not None and not is_mapped(pid):
                want = next(want for want in self.wanted if self._process_of(want) == pid)
                if not want.optional:
                    raise fail("D_PROC_GRAB", f"failed to grab process {pid}: there is none", span_of(want.written))
            yield pid

    def _process_of(self, want: Wanted) -> int | None:
        if want.provider.endswith(TARGET):
            return self.target
        digits = want.provider[len(want.provider.rstrip("0123456789")) :]
        return numeral(digits) if digits else None

    def _new_objects(self, pid: int | None) -> Iterator[MappedObject]:
        """What has come to a process since it was last looked at."""
        for thing in self._objects(pid, [want for want in self.wanted if self._process_of(want) == pid]):
            if (pid, thing.key) not in self._seen:
                self._seen.add((pid, thing.key))
                yield thing

    def _objects(self, pid: int | None, wanted: Sequence[Wanted]) -> Iterator[MappedObject]:
        if pid is not None:
            yield from mapped_objects(pid)
            if self.created and pid == self.target:
                # A place traced in a process is traced from when the process maps it.
                yield from _known_files(want for want in wanted if want.later)
            return
        for process in process_ids():
            yield from mapped_objects(process)
        yield from _known_files(wanted)

    # --- one description, one file ----------------------------------------------------------------------

    def _in_object(self, want: Wanted, pid: int | None, thing: MappedObject) -> Iterator[_Found]:
        if thing.file.machine != _MACHINES.get(self.machine):
            return  # A program of another instruction set, as 32-bit ones are, has its arguments elsewhere.
        if want.attach.moment == "site":
            yield from self._sites(want, pid, thing)
        elif want.function == _NO_FUNCTION and pid is not None:
            yield from _at_address(want, pid, thing)
        elif _means_module(want, thing) and not _defines(thing, want):
            yield from self._functions(want, pid, thing)

    def _functions(self, want: Wanted, pid: int | None, thing: MappedObject) -> Iterator[_Found]:
        provider = f"{want.base}{'' if pid is None else pid}"
        wanted = want.place.partition(":")[2] or want.function
        for function in _named(thing.file, wanted):
            probe = provider, thing.name, function.name, want.name
            match want.attach.moment:
                case "offset":
                    yield from _instructions(want, thing, function, provider)
                case "return" | "exit" if function.name in want.without:
                    continue
                case "return" if thing.file.moves_stacks:
                    for offset in return_offsets(thing.path, function):
                        yield _Found(probe, function.offset + offset)
                case "exit":
                    for offset in exit_offsets(thing.path, function):
                        told = Operand("constant", offset), stack_after_return(self.machine)
                        yield _Found(probe, function.offset + offset, operands=told)
                case _:
                    at = tuple(self._variable(thing.file, name, function.address) for name in want.attach.variables)
                    yield _Found(probe, function.offset, operands=at)

    def _variable(self, file: ElfFile, name: str, function: int) -> Operand:
        """The address of a variable, seen from the function that has just been entered."""
        address = file.symbol(name)
        return Operand("none") if address is None else relative(self.machine, address - function)

    def _sites(self, want: Wanted, pid: int | None, thing: MappedObject) -> Iterator[_Found]:
        digits = "" if pid is None else str(pid)
        whose, _, which = want.place.partition(":")
        for note in thing.file.notes:
            if want.place:
                matches = note.provider == whose and note.name == which
            else:
                matches = _is_provider(want, note.provider, digits) and _is_name(want.name, note.name)
            if not matches or (not want.place and not names_module(want.module, thing)):
                continue
            found = thing.file.find(note.offset)
            function = found[0] if found else ""
            if want.place or pattern(want.function)(function):
                name = want.name if want.place else note.name.replace("__", "-")
                base = want.base if want.place else note.provider
                yield _Found(
                    (f"{base}{digits}", thing.name, function, name),
                    note.offset,
                    note.semaphore,
                    operands(note.arguments, self.machine, note.address, thing.file.symbol),
                    note.arguments,
                )

    # --- numbers ----------------------------------------------------------------------------------------

    def _number(self, probe: Parts) -> int:
        number = self._numbers.get(probe)
        if number is None:
            number = self._numbers[probe] = self._next
            self.probes[number] = Probe(self._ids.of(probe), *probe)
            self._next += 1
        return number

    def _set_number(self, clauses: int) -> int:
        number = self._set_numbers.setdefault(clauses, len(self._set_numbers))
        self.clause_sets[number] = clauses
        return number

    def _site(self, probe: int, at: tuple[Operand, ...]) -> int:
        number = self._site_numbers.setdefault((probe, at), len(self._site_numbers))
        if number not in self.sites:
            packed = _SITE_HEAD.pack(probe) + b"".join(operand.packed() for operand in at)
            self.sites[number] = packed.ljust(SITE_SIZE, b"\0")
        return number

    # --- what is not there ------------------------------------------------------------------------------

    def _missing(self, want: Wanted) -> DtransError:
        """Why a description matched nothing."""
        pid = self._process_of(want)
        things = tuple(self._objects(pid, (want,)))
        reason = want.reason or _reason(want, pid, things)
        tag, told = _failure(want, things)
        hint = reason or "'nm' and 'nm -D' list the functions of a program or library"
        return fail(tag, told, span_of(want.written), hint=hint)


def defined_probes(without: int = 0) -> Iterator[tuple[int, Parts, str]]:
    """The probes that programs define, of every process that runs now, `without` one: its id, provider, module,
    function and name of each, sites of the same names once, and the arguments as the first one's note writes them."""
    by_file: dict[FileKey, dict[tuple[str, str, str], str]] = {}
    for pid in process_ids():
        if pid == without:
            continue
        for thing in mapped_objects(pid):
            if thing.key not in by_file:
                by_file[thing.key] = _defined(thing.file)
            for (provider, function, name), arguments in by_file[thing.key].items():
                yield pid, (provider, thing.name, function, name), arguments


def _defined(file: ElfFile) -> dict[tuple[str, str, str], str]:
    made: dict[tuple[str, str, str], str] = {}
    for note in file.notes:
        found = file.find(note.offset)
        made.setdefault((note.provider, found[0] if found else "", note.name.replace("__", "-")), note.arguments)
    return made


def _known_files(wanted: Iterable[Wanted]) -> Iterator[MappedObject]:
    """The files that processes are known to run."""
    for path in sorted({path for want in wanted for text in want.files for path in glob.glob(text)}):
        real = Path(path).resolve()
        with contextlib.suppress(OSError):
            status = real.stat()
            name = real.name if ".so" in real.name else EXECUTABLE
            yield MappedObject(name, str(real), (status.st_dev, status.st_ino), status.st_mtime_ns)


def _instructions(want: Wanted, thing: MappedObject, function: ElfFunction, provider: str) -> Iterator[_Found]:
    """The instructions of a function whose offsets, in hexadecimal, a description means."""
    matches = pattern(want.name.lstrip("0") or want.name[:1])
    for offset in instruction_offsets(thing.path, function):
        if matches(f"{offset:x}"):
            yield _Found((provider, thing.name, function.name, f"{offset:x}"), function.offset + offset)


def _at_address(want: Wanted, pid: int, thing: MappedObject) -> Iterator[_Found]:
    """The instruction at an address of the process. Raises D_PROC_LIB, D_PROC_NAME, D_PROC_ALIGN."""
    provider = f"{want.base}{pid}"
    if thing.name == EXECUTABLE and not (want.module in ("", EXECUTABLE) or names_module(want.module, thing)):
        told = f"only the {EXECUTABLE} module is valid with the '{_NO_FUNCTION}' function"
        raise fail("D_PROC_LIB", told, span_of(want.written))
    try:
        address = int(want.name, 16)
    except ValueError:
        told = f"only individual addresses may be specified with the '{_NO_FUNCTION}' function"
        raise fail("D_PROC_NAME", told, span_of(want.written), hint="in hexadecimal, as in 401136") from None
    offset = thing.file.offset_of(address - load_address(pid, thing))
    if offset is None:
        return
    found = thing.file.find(offset)
    function = next((one for one in thing.file.functions if found and one.name == found[0]), None)
    if function is not None and offset - function.offset not in instruction_offsets(thing.path, function):
        told = f"address {address:#x} is not aligned on an instruction"
        raise fail("D_PROC_ALIGN", told, span_of(want.written), hint=f"it is in {function.name}")
    yield _Found((provider, EXECUTABLE, _NO_FUNCTION, f"{address:x}"), offset)


#: What may follow the name of a module in its file's: nothing, a suffix, the number of a version.
_VERSIONED = re.compile(r"$|\.|-[0-9]").match


def names_module(text: str, thing: MappedObject) -> bool:
    """Whether a description's module means a file: by its name, by its name up to a dot or the number of a version
    (``libc`` for ``libc.so.6`` and ``libc-2.31.so``), or as ``a.out`` where it is the executable, which its own name
    means as well."""
    names = {thing.name, thing.path.rpartition("/")[2]}
    if not text or is_glob(text):
        return any(map(pattern(text), names))
    return any(_VERSIONED(name.removeprefix(text)) for name in names if name.startswith(text))


def _means_module(want: Wanted, thing: MappedObject) -> bool:
    """Whether a file is one of those that a row names, or that a description does."""
    row = want.place.partition(":")[0]
    return any(names_module(name, thing) for name in row.split(",")) if row else names_module(want.module, thing)


def _defines(thing: MappedObject, want: Wanted) -> bool:
    """Whether a file has the probes itself that a row's functions stand in for."""
    return bool(want.place) and any(note.provider == want.base for note in thing.file.notes)


def _named(file: ElfFile, text: str) -> Iterable[ElfFunction]:
    """The functions that a description means. Of several names of one place a glob takes the plainest that it matches;
    one that is named is called by the plainest of all (libdtrace dt_pid.c asks for the name of the address)."""
    functions = file.functions
    if is_glob(text):
        matches = pattern(text)
        return _plainest(one for one in functions if matches(one.name))
    named = {one.address for one in functions if one.name == text}
    return _plainest(one for one in functions if one.address in named)


def _plainest(functions: Iterable[ElfFunction]) -> Iterable[ElfFunction]:
    """Of functions at one address the one with the plainest name."""
    best: dict[int, ElfFunction] = {}
    for function in functions:
        other = best.get(function.address)
        if other is None or _plainness(function.name) < _plainness(other.name):
            best[function.address] = function
    return best.values()


def _plainness(name: str) -> tuple[int, int, str]:
    return len(name) - len(name.lstrip("_")), len(name), name


def _is_provider(want: Wanted, name: str, digits: str) -> bool:
    if not digits:
        matches = pattern(want.provider)
        return matches(name) or matches(f"{name}1")
    return pattern(want.base)(name)


def _is_name(text: str, name: str) -> bool:
    """D writes ``-`` where a program has to write ``__`` (Guide, "Statically Defined Tracing for User
    Applications")."""
    matches = pattern(text)
    return matches(name.replace("__", "-")) or matches(name)


def _failure(want: Wanted, things: Sequence[MappedObject]) -> tuple[str, str]:
    """The tag and the message of a description that matched nothing: more precise ones where it names one function of a
    module that is there (libdtrace dt_pid.c)."""
    text = f"{want.provider}:{want.module}:{want.function}:{want.name}"
    zero = "D_PDESC_ZERO", f"probe description {text} does not match any probes"
    there = [thing for thing in things if names_module(want.module, thing)]
    named = want.module and want.function and not is_glob(want.module) and not is_glob(want.function)
    if not there or not named or want.place or want.attach.moment == "site" or want.function == _NO_FUNCTION:
        return zero
    sizes = [one.size for thing in there for one in thing.file.functions if one.name == want.function]
    if not sizes:
        return "D_PROC_FUNC", f"failed to lookup '{want.function}' in module '{want.module}'"
    if want.attach.moment != "offset" or is_glob(want.name):
        return zero
    try:
        offset = int(want.name, 16)
    except ValueError:
        return "D_PROC_NAME", f"'{want.name}' is an invalid probe name"
    if offset >= max(sizes):
        return "D_PROC_OFF", f"offset {offset:#x} outside of function '{want.function}'"
    return "D_PROC_ALIGN", f"offset {offset:#x} is not aligned on an instruction"


def _reason(want: Wanted, pid: int | None, things: Sequence[MappedObject]) -> str:
    who = "no process" if pid is None else f"process {pid}"
    if want.attach.moment == "site":
        defined = sorted({note.provider for thing in things for note in thing.file.notes})
        if pid is None:
            others = f": there are those of {', '.join(defined)}" if defined else ""
            return f"no process that runs now defines such a probe{others}"
        return f"{who} defines probes of {', '.join(defined)}" if defined else f"{who} defines no probes of its own"
    if want.function == _NO_FUNCTION:
        return f"{who} has no code at {want.name}"
    module = want.place.partition(":")[0] or want.module
    there = [thing for thing in things if _means_module(want, thing)]
    if not there:
        return f"{who} has no module '{module}': it has {', '.join(thing.name for thing in things)}"
    function = want.place.partition(":")[2] or want.function
    if want.attach.moment == "offset" and any(one.name == function for thing in there for one in thing.file.functions):
        return f"'{want.name}' is no probe of {function}: those are entry, return, and offsets of instructions"
    if any(function in thing.file.chosen for thing in there):
        return (
            f"several functions can be '{function}', and which one it is, is chosen when the program starts: "
            f"they have names of their own, such as *{function}_*"
        )
    names = {function.name for thing in there for function in thing.file.functions}
    if not names:
        return f"'{there[0].name}' has no symbols: it was stripped, and its debug information is not installed"
    if function in names:
        return f"{function} is there, but its '{want.name}' cannot be traced"
    from difflib import get_close_matches

    near = get_close_matches(function, names, 3, 0.67)
    return f"did you mean {' or '.join(near)}?" if near else ""
