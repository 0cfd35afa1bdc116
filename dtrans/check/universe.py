"""All probes of a kernel, and which of them a probe description means.

Probes come from three places: the rows of `translators/`, the table of system calls, and the kernel's tracepoints. They
are numbered in a fixed order (dtrace's own first), so the same kernel gives the same ids to ``-l`` and to a numeric
description.

System calls have two readings. In the Solaris one (the default) every Linux call that does the work of a Solaris
call *is* that Solaris probe. A description takes the Solaris probes that it matches; a Linux name that it matches too
is left out where a Solaris probe already answers for that call, so that a clause fires once for each call.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import zip_longest

from dtrans.attach import MODES, Mode
from dtrans.check.calls import UNTYPED, CallSignatures, common
from dtrans.check.functions import ENTRY, RETURN, FunctionProbe, FunctionTable
from dtrans.check.processes import USER_FAMILIES, UserProbe, place_note, site_args, user_probes
from dtrans.check.tracepoints import RawProbe, RawTable, TracepointProbe
from dtrans.errors import DtransError, fail
from dtrans.facts import KernelFacts, TracepointField
from dtrans.globs import is_glob, pattern
from dtrans.knowledge.rows import CallRow, Knowledge, LinuxCall, Point, ProbeRow, ProviderRow, SourceRow
from dtrans.numerals import is_numeral, numeral
from dtrans.options import parse_rate
from dtrans.syntax.ast import ProbeDescription
from dtrans.types import INT64, StructRef, Type, Void
from dtrans.values import dataclass, replace

#: Nanoseconds; clocks of shorter periods are no probes (illumos profile.c, profile_interval_min).
SHORTEST_PERIOD = 200_000
#: Ids of raw tracepoints follow this; those of all but them and what is named are below it.
RAW_IDS = 450_000
#: Ids of probes that come to be when they are named follow this; those of the rest are below it.
NAMED_IDS = 500_000
#: Ids that stand for what descriptions will match in processes.
PROCESS_IDS = 600_000


@dataclass(frozen=True, slots=True)
class RowProbe:
    """A probe that a row of a provider describes. Of a name with parameters: `period` is that of a rate in
    nanoseconds, or a count of events, and `mode` what a CPU must run for an event to count. `process` is the name that
    the script gives the provider of a process (``plockstat$target``)."""

    provider: ProviderRow
    row: ProbeRow
    period: int = 0
    mode: Mode = "all"
    process: str = ""


@dataclass(frozen=True, slots=True)
class CallProbe:
    """A system call: `row` None for a call under Linux's own name."""

    row: CallRow | None
    name: str
    entry: bool


class Holders:
    """The Linux calls for which the first names of system calls answer, so that second names need not."""

    def __init__(self, probes: Iterable[Served]) -> None:
        self._held: set[tuple[str, str]] = set()
        for probe in probes:
            match probe:
                case CallProbe(None, name, _):
                    self._held.add((name, ""))
                case CallProbe(CallRow(spare=False) as row):
                    self.hold(row)

    def hold(self, row: CallRow) -> None:
        self._held |= {(call.name, call.when) for call in row.linux}

    def left(self, row: CallRow) -> tuple[LinuxCall, ...]:
        """The calls of a row for which nothing answers yet: nothing without a guard, or with the same. A row without a
        guard takes what the guards of others leave."""
        calls = (call for call in row.linux if not self._held & {(call.name, ""), (call.name, call.when)})
        return tuple(call if call.when else replace(call, when=self._rest(call.name)) for call in calls)

    def _rest(self, name: str) -> str:
        return " && ".join(f"!({when})" for call, when in sorted(self._held) if call == name)

    def idle(self, probe: Served, calls: Mapping[str, int]) -> bool:
        """Whether a probe is a second name, and others answer for all its calls that a machine has."""
        match probe:
            case CallProbe(CallRow(spare=True) as row) if row.linux:
                return not any(call.name in calls for call in self.left(row))
        return False


Served = RowProbe | CallProbe | TracepointProbe | RawProbe | FunctionProbe | UserProbe


@dataclass(frozen=True, slots=True)
class ProbeRef:
    """One probe, as D names it, and what serves it."""

    id: int
    provider: str
    module: str
    function: str
    name: str
    served: Served

    def __str__(self) -> str:
        return f"{self.provider}:{self.module}:{self.function}:{self.name}"

    @property
    def note(self) -> str:
        """What the tables say that differs from the original; "" where they say nothing."""
        match self.served:
            case RowProbe(_, row):
                return row.note.differs
            case CallProbe(row, _, _) if row is not None:
                return row.note.differs
            case UserProbe() as probe:
                return place_note(probe, self.name).differs
        return ""


class Universe:
    """The probes of one kernel under one reading (`solaris` or Linux's own names)."""

    def __init__(self, facts: KernelFacts, knowledge: Knowledge, *, solaris: bool = True) -> None:
        self.facts = facts
        self.knowledge = knowledge
        self.solaris = solaris
        self._rated: dict[tuple[str, str], ProbeRef] = {}
        self._in_processes: dict[object, ProbeRef] = {}

    @cached_property
    def probes(self) -> tuple[ProbeRef, ...]:
        """All probes with a fixed name but the kernel's functions, which follow them, in the order of ids, from 1."""
        return tuple(
            ProbeRef(number, provider, module, function, name, served)
            for number, (provider, module, function, name, served) in enumerate(self._enumerate(), 1)
        )

    @cached_property
    def functions(self) -> FunctionTable:
        """The kernel's functions; their probes' ids follow those of `probes`."""
        return FunctionTable(self.facts, len(self.probes) + 1)

    def all_probes(self) -> Iterator[ProbeRef]:
        """Every probe that need not be named to be, in the order of ids."""
        yield from self.probes
        for provider in self._function_providers:
            yield from (_of_function(provider, *found) for found in self.functions.all())
        for provider in self._raw_providers:
            yield from (_of_raw(provider, *found) for found in self.raw.all())

    @cached_property
    def raw(self) -> RawTable:
        """The kernel's raw tracepoints."""
        return RawTable(self.facts, RAW_IDS + 1)

    @cached_property
    def _raw_providers(self) -> tuple[str, ...]:
        return self._of_family("raw-tracepoints")

    def _of_family(self, family: str) -> tuple[str, ...]:
        return tuple(name for name, provider in self.knowledge.providers.items() if provider.family == family)

    def listed(self, description: ProbeDescription) -> Iterator[ProbeRef]:
        """The probes of `all_probes` that a description may mean, in the order of ids: of functions and tracepoints of
        the kernel, which are a hundred thousand, those that it does mean."""
        if description.id is not None:
            yield from self._of_id(description.id)
            return
        yield from self.probes
        yield from self._functions_of(description)
        yield from self._raw(description)

    def _functions_of(self, description: ProbeDescription) -> Iterator[ProbeRef]:
        provider = pattern(description.provider)
        for name in filter(provider, self._function_providers):
            yield from (_of_function(name, *found) for found in self.functions.find(description))

    @cached_property
    def _function_providers(self) -> tuple[str, ...]:
        return self._of_family("functions")

    @cached_property
    def calls(self) -> Mapping[str, int]:
        """Linux's system calls by name: their numbers on this machine."""
        return self.knowledge.numbers.get(self.facts.machine, {})

    def available(self, probe: ProbeRef) -> bool:
        """Whether this kernel can serve the probe."""
        match probe.served:
            case RowProbe(_, row):
                return self.source(row) is not None
            case CallProbe(call, _, _):
                # A Solaris call that programs on Linux never make is there and does not fire; one whose work Linux
                # does not do at all is not there.
                return call is None or call.note.fidelity != "none"
            case TracepointProbe() | RawProbe() | FunctionProbe() | UserProbe():
                return True

    def source(self, row: ProbeRow) -> SourceRow | None:
        """The first source of a row whose needs this kernel meets."""
        return self.source_of(row.sources)

    def source_of(self, sources: Sequence[SourceRow]) -> SourceRow | None:
        """The first of some sources whose needs this kernel meets."""
        return next((source for source in sources if not any(self._lacking(source))), None)

    def missing(self, row: ProbeRow) -> tuple[str, ...]:
        """What this kernel lacks of the source that it comes nearest to serving; () when it serves the row."""
        lacking = [tuple(self._lacking(source)) for source in row.sources]
        return min(lacking, key=len, default=())

    def first_missing(self, row: ProbeRow) -> tuple[str, ...]:
        """The first thing that this kernel lacks of each source of a row that it cannot serve."""
        return tuple(next(self._lacking(source)) for source in row.sources)

    def _lacking(self, source: SourceRow) -> Iterator[str]:
        yield from (need for need in source.needs if not self.meets(need))
        yield from (point.at for point in source.points if not self._attachable(point))

    @property
    def modules(self) -> frozenset[str]:
        """The kernel's modules, itself as ``vmlinux`` included."""
        return frozenset(module for module, _ in self.facts.functions())

    def args(self, probe: ProbeRef) -> tuple[str | Type, ...]:
        """The types of a probe's ``args[]``: by D's names, or as the kernel has them."""
        match probe.served:
            case RowProbe(_, row):
                return row.args
            case CallProbe(None, name, True):
                known = self.signatures.of(name)
                return UNTYPED if known is None else known
            case CallProbe(row, _, True):
                assert row is not None
                return self.signatures.of_row(row, self.calls)
            case CallProbe():
                return UNTYPED[:2]
            case TracepointProbe(group, event):
                return tuple(field_type(field) for field in self.facts.tracepoint(group, event) or ())
            case RawProbe(_, event):
                return tuple(param.type for param in self.facts.raw_tracepoint(event) or ())
            case UserProbe("site"):
                return site_args(probe.served, probe.name)
            case UserProbe():
                return ()
            case FunctionProbe(module, name, entry, _):
                function = self.facts.function(name, module)
                if function is None:
                    return ()
                if entry:
                    return tuple(kind for _, kind in function.params)
                return (INT64,) if isinstance(function.returns, Void) else (INT64, function.returns)

    def shared_args(self, probes: Sequence[ProbeRef]) -> tuple[str | Type | None, ...]:
        """The types of args[] that some probes share; None for one that not all have, or not of the same type. Of
        system calls each argument has a type of its own, or 64 bits where they differ."""
        kinds = dict.fromkeys(map(self.args, probes))
        if len(kinds) > 1 and all(isinstance(probe.served, CallProbe) for probe in probes):
            return common(tuple(kinds))  # type: ignore[arg-type]
        return tuple(each[0] if len(set(each)) == 1 else None for each in zip_longest(*kinds))

    @cached_property
    def signatures(self) -> CallSignatures:
        """The types of system calls' arguments."""
        return CallSignatures(self.facts, self.knowledge)

    def meets(self, need: str) -> bool:
        """Whether the kernel has what a row's `needs` names."""
        kind, _, rest = need.partition(":")
        match kind:
            case "feature":
                return self.facts.feature(rest)
            case "rawtp":
                return rest in self.raw
            case "tracepoint":
                return rest in self.tracepoints
            case "function":
                return rest in self.functions
            case "enumerator":
                return self.facts.enumerator(rest) is not None
            case "member":
                return self._has_member(rest)
            case _:
                raise fail("D_KNOWLEDGE", f"a row needs '{need}', which is no known kind of need")

    @cached_property
    def tracepoints(self) -> frozenset[str]:
        return frozenset(self.facts.tracepoints())

    def match(self, description: ProbeDescription) -> tuple[ProbeRef, ...]:
        """The probes that a description means, available ones only, in order."""
        if description.id is not None:
            return tuple(probe for probe in self._of_id(description.id) if self.available(probe))
        found = [probe for probe in self._matching(description) if self.available(probe)]
        return (*self._once_per_call(found), *(probe for probe in self._in_user(description) if self.available(probe)))

    def unavailable(self, description: ProbeDescription) -> tuple[ProbeRef, ...]:
        """The probes that a description names and this kernel cannot serve. Of one that matches others, without the
        system calls that FreeBSD or macOS alone has."""
        if description.id is not None:
            return ()
        found = (*self._matching(description), *self._in_user(description))
        missing = tuple(probe for probe in found if not self.available(probe))
        return missing if len(missing) == len(found) else tuple(probe for probe in missing if not _is_spare(probe))

    # --- enumeration ----------------------------------------------------------------------------------

    def _enumerate(self) -> Iterator[tuple[str, str, str, str, Served]]:
        providers = self.knowledge.providers
        first = [name for name, provider in providers.items() if _begins(provider)]
        for name in [*first, *sorted(set(providers) - set(first))]:
            provider = providers[name]
            if provider.family in USER_FAMILIES:
                continue
            for row in provider.probes:
                if "{" not in row.name:
                    yield name, row.module, row.function, row.name, RowProbe(provider, row)
                for rate in row.rates:
                    yield name, "", "", row.name.format(rate=rate), RowProbe(provider, row, parse_rate(rate))
            match provider.family:
                case "syscalls":
                    for call in self._call_probes():
                        yield name, "", call.name, "entry" if call.entry else "return", call
                case "tracepoints":
                    for tracepoint in self.facts.tracepoints():
                        group, _, event = tracepoint.partition(":")
                        yield name, group, "", event, TracepointProbe(group, event)
                case _:
                    pass

    def _call_probes(self) -> Iterator[CallProbe]:
        rows = self.knowledge.calls if self.solaris else {}
        served = {name: row for name, row in rows.items() if name not in self.calls or row.linux}
        for name in sorted(set(served) | set(self.calls)):
            for entry in (True, False):
                yield CallProbe(served.get(name), name, entry)

    # --- matching -------------------------------------------------------------------------------------

    def _of_id(self, number: int) -> Iterator[ProbeRef]:
        if number <= len(self.probes):
            yield from self.probes[number - 1 : number] if number > 0 else ()
            return
        found = self.functions.by_id(number)
        if found is not None:
            yield from (_of_function(provider, number, found) for provider in self._function_providers)
        raw = self.raw.by_id(number) if RAW_IDS < number < NAMED_IDS else None
        if raw is not None:
            yield from (_of_raw(provider, number, raw) for provider in self._raw_providers)
        yield from (probe for probe in self._rated.values() if probe.id == number)

    def _matching(self, description: ProbeDescription) -> Iterator[ProbeRef]:
        parts = (description.provider, description.module, description.function, description.name)
        provider, module, function, name = (pattern(part) for part in parts)
        rated = self._rated_probe(description)
        if rated is not None:
            yield rated
        functions = [] if self._is_solaris(description) else list(self._functions_of(description))
        yield from functions
        # Other kernels' modules are not this one's: where the provider is written, any stands for a place here.
        named = description.provider.strip("*") != ""
        for probe in self.probes:
            if not (name(probe.name) and provider(probe.provider)):
                continue
            match probe.served:
                case RowProbe(ProviderRow(family="functions"), row):
                    # Solaris' functions answer by their names, where Linux has none that is meant.
                    meant = self._is_solaris(description) or not (functions or is_glob(description.function))
                    if meant and function(row.function):
                        yield probe
                case RowProbe(row_provider, row) if _anywhere(row_provider, description):
                    if self._located(row_provider, row, description.module):
                        yield probe
                case CallProbe():
                    if function(probe.function) and (named or module(probe.module)):
                        yield probe
                case _:
                    if module(probe.module) and function(probe.function):
                        yield probe
        yield from self._raw(description)

    def _is_solaris(self, description: ProbeDescription) -> bool:
        """Whether a description's function has a beginning that only Solaris' have."""
        begins = (self.knowledge.providers[name].prefixes for name in self._function_providers)
        return any(description.function.startswith(each) for each in begins if each)

    def _raw(self, description: ProbeDescription) -> Iterator[ProbeRef]:
        matches = pattern(description.provider)
        for provider in self._raw_providers:
            if matches(provider):
                yield from (_of_raw(provider, *found) for found in self.raw.find(description))

    def _in_user(self, description: ProbeDescription) -> Iterator[ProbeRef]:
        """What a description means in processes; one probe stands for all that the loader will find."""
        for name, found in user_probes(description, self.knowledge.providers):
            served = found if isinstance(found, UserProbe) else RowProbe(*found, process=description.provider)
            parts = description.provider, description.module, description.function, name
            key = (*parts, served.moment if isinstance(served, UserProbe) else served.provider.name)
            if key not in self._in_processes:
                number = PROCESS_IDS + len(self._in_processes)
                self._in_processes[key] = ProbeRef(number, *parts, served)
            yield self._in_processes[key]

    def _located(self, provider: ProviderRow, row: ProbeRow, module: str) -> bool:
        """Whether a row is where a description says. Solaris' modules are not Linux's, so any will do, unless the
        provider has rows of a module of that name: ``io:nfs::start`` means those and no others."""
        if not module:
            return True
        matches = pattern(module)
        own = any(other.module and matches(other.module) for other in provider.probes)
        return matches(row.module) if own else not row.module

    def _rated_probe(self, description: ProbeDescription) -> ProbeRef | None:
        """``profile-997`` and its kin, which have no module and no function, come to be when they are named."""
        if not all(pattern(part)("") for part in (description.module, description.function)):
            return None
        provider_matches = pattern(description.provider)
        for provider in self.knowledge.providers.values():
            if not provider_matches(provider.name):
                continue
            for row in provider.probes:
                found = parameters(row, description)
                if found is None:
                    continue
                key = provider.name, description.name
                if key not in self._rated:
                    number = NAMED_IDS + len(self._rated) + 1
                    served = RowProbe(provider, row, *found)
                    self._rated[key] = ProbeRef(number, provider.name, "", "", description.name, served)
                return self._rated[key]
        return None

    def _once_per_call(self, found: Iterable[ProbeRef]) -> Iterator[ProbeRef]:
        """Without the Linux names of calls that a Solaris name answers for: always, or with others that divide the call
        among them, of which some are meant and the rest is not. And without second names for calls that are meant
        already."""
        found = list(found)
        held = Holders(probe.served for probe in found)
        found = [probe for probe in found if not held.idle(probe.served, self.calls)]
        taken: set[tuple[str, bool]] = set()
        parts: Counter[tuple[str, bool]] = Counter()
        for probe in found:
            match probe.served:
                case CallProbe(CallRow(linux=linux), _, entry):
                    taken |= {(call.name, entry) for call in linux if not call.when}
                    parts.update((call.name, entry) for call in linux if call.when)
        taken |= {key for key, count in parts.items() if count < self._divided[key[0]]}
        for probe in found:
            match probe.served:
                case CallProbe(None, name, entry) if (name, entry) in taken:
                    continue
            yield probe

    @cached_property
    def _divided(self) -> Mapping[str, int]:
        """Linux calls of which each is one Solaris call or another, and how many share it. What a guard alone does not
        take stays with the Linux name."""
        rows = [row for row in self.knowledge.calls.values() if not row.spare]
        shares = Counter(call.name for row in rows for call in row.linux if call.when)
        return Counter({name: count for name, count in shares.items() if count > 1})

    def _attachable(self, point: Point) -> bool:
        kind, _, rest = point.at.partition(":")
        match kind:
            case "rawtp" | "tracepoint":
                return self.meets(point.at)
            case "syscall-entry" | "syscall-return":
                return not rest or any(name in self.calls for name in rest.split(","))
            case "function-entry" | "function-return":
                return rest in self.functions
            case _:
                return True

    def _has_member(self, path: str) -> bool:
        owner, _, name = path.rpartition(".")
        kind, _, tag = owner.rpartition(" ")
        return find_member(self.facts, kind or "struct", tag, name)


def _anywhere(provider: ProviderRow, description: ProbeDescription) -> bool:
    """Whether a description may name Solaris' modules and functions, and mean the provider's rows: where tracepoints
    stand beside them, only one that names a probe."""
    if provider.family == "tracepoints":
        return bool(description.provider and description.name) and not is_glob(description.name)
    return provider.any_location and bool(description.provider.strip("*"))


def _is_spare(probe: ProbeRef) -> bool:
    match probe.served:
        case CallProbe(CallRow(spare=True)):
            return True
    return False


def in_process(probe: ProbeRef) -> bool:
    """Whether a probe stands for what the loader will find in processes."""
    return isinstance(probe.served, UserProbe) or (isinstance(probe.served, RowProbe) and probe.served.process != "")


def parameters(row: ProbeRow, description: ProbeDescription) -> tuple[int, Mode] | None:
    """What a written name says where a row's has ``{rate}`` or ``{mode}-{count}``: the period, and the mode.

    None when the name is not that row's, says nothing of the kind, or means probes that are there already."""
    rest = _parameter(row, description)
    if rest is None:
        return None
    if row.name.endswith("{rate}"):
        if not rest[:1].isdigit() or rest in row.rates:
            return None
        with contextlib.suppress(DtransError):
            period = parse_rate(rest)
            return (period, "all") if period >= SHORTEST_PERIOD else None
        return None
    mode, _, count = rest.rpartition("-")
    for known in MODES:
        if mode == known and is_numeral(count) and numeral(count) > 0:
            return numeral(count), known
    return None


def parameter_hint(row: ProbeRow, description: ProbeDescription) -> str:
    """What to write for the ``{rate}`` or ``{mode}-{count}`` of a row that a description begins as; "" for another."""
    rest = _parameter(row, description)
    if rest is None:
        return ""
    if not row.name.endswith("{rate}"):
        head = row.name.partition("{")[0]
        return f"write {head}user-COUNT, {head}kernel-COUNT or {head}all-COUNT: the probe fires at every COUNT-th event"
    with contextlib.suppress(DtransError):
        if parse_rate(rest) >= SHORTEST_PERIOD:
            return ""
        return f"the shortest period is {SHORTEST_PERIOD // 1000}us, {10**9 // SHORTEST_PERIOD} times a second"
    return f"'{rest}' is no rate: write a number a second (997, 997hz) or a period (10ms, 1s, 1m)"


def _parameter(row: ProbeRow, description: ProbeDescription) -> str | None:
    """The part of a description's name that stands for a row's parameter; None where the name is another."""
    head, brace, _ = row.name.partition("{")
    if not brace or not _dashed(description.name).startswith(_dashed(head)) or is_glob(description.name):
        return None
    return description.name[len(head) :]


def _dashed(name: str) -> str:
    return name.replace("_", "-")


def find_member(facts: KernelFacts, kind: str, tag: str, name: str) -> bool:
    """Whether a kernel structure has a member, those of its anonymous members included."""
    layout = facts.struct(kind, tag)
    if layout is None:
        return False
    return any(
        member.name == name
        or (
            not member.name
            and isinstance(member.type, StructRef)
            and find_member(facts, member.type.kind, member.type.tag, name)
        )
        for member in layout.members
    )


def field_type(field: TracepointField) -> str:
    """The D type of a tracepoint's field: text is a string, another array its address, a pointer stays typed."""
    if "char" in field.type_text.split("[")[0].split() and (field.data_loc or field.length):
        return "string"
    if field.data_loc or field.length:
        return "uintptr_t"
    if field.type_text.endswith("*"):
        words = field.type_text.replace("const ", "").replace("__user ", "").strip()
        return words if words.startswith(("struct ", "char ")) else "void *"
    return f"{'' if field.signed else 'u'}int{field.size * 8}_t" if field.size in (1, 2, 4, 8) else "uintptr_t"


def _of_function(provider: str, number: int, probe: FunctionProbe) -> ProbeRef:
    return ProbeRef(number, provider, probe.module, probe.name, ENTRY if probe.entry else RETURN, probe)


def _of_raw(provider: str, number: int, probe: RawProbe) -> ProbeRef:
    return ProbeRef(number, provider, probe.module, "", probe.event, probe)


def _begins(provider: ProviderRow) -> bool:
    """Whether a provider is dtrace's own, the one that has BEGIN as its first probe."""
    return any(point.at == "begin" for row in provider.probes[:1] for source in row.sources for point in source.points)
