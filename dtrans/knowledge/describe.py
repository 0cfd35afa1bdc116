"""What the rows say of a provider, grouped as people read it: ``dtrans explain`` and the reference manual tell the
same.

    providers["tcp"]  ->  ProbeFacts("send", ("pktinfo_t *", ...), Note("close", "..."), (SourceRow(...),)), ...
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dtrans.knowledge.rows import Knowledge, Note, ProbeRow, ProviderRow, SiteRow, SourceRow, StructureRow
from dtrans.values import dataclass

#: What a provider's probes are, beyond its rows.
_FAMILIES: Mapping[str, str] = {
    "syscalls": "Each system call is two probes, entry and return, with the call's name as their function.",
    "tracepoints": "Each tracepoint of the kernel is a probe, too: its group is the module, and its fields are args[].",
    "raw-tracepoints": "Each tracepoint of the kernel is a probe: its group is the module, vmlinux where it has "
    "none, and what the kernel calls it with is args[].",
    "user-sites": "The probes are those that programs define under this name.",
    "functions": "Each function of the kernel and of its modules is two probes, entry and return.",
}


@dataclass(frozen=True, slots=True)
class ProbeFacts:
    """Probes that share all but the name. `names` as a program writes them, a module of their own before them."""

    names: tuple[str, ...]
    args: tuple[str, ...]
    note: Note
    sources: Sequence[SourceRow]


def family_sentence(provider: ProviderRow) -> str:
    """What its probes are beside the rows, "" when they are the rows."""
    return _FAMILIES.get(provider.family, "")


def served_probes(provider: ProviderRow) -> Iterator[ProbeFacts]:
    """The probes that Linux has a source for, in order."""
    for probe in provider.probes:
        if probe.sources:
            yield ProbeFacts((probe_title(probe),), probe.args, probe.note, probe.sources)


def absent_probes(provider: ProviderRow) -> Iterator[ProbeFacts]:
    """The probes that Linux has nothing for: those with one reason together."""
    reasons: dict[Note, list[str]] = {}
    for probe in provider.probes:
        if not probe.sources:
            reasons.setdefault(probe.note, []).append(probe_title(probe))
    for note, names in reasons.items():
        yield ProbeFacts(tuple(names), (), note, ())


def known_sites(provider: ProviderRow) -> Iterator[tuple[tuple[str, ...], SiteRow]]:
    """What is known of probes that programs define: names, and the first of those that share all but the name."""
    alike: dict[tuple[object, ...], list[SiteRow]] = {}
    for site in provider.sites:
        alike.setdefault((site.args, site.words, site.note), []).append(site)
    for sites in alike.values():
        yield tuple(site.name for site in sites), sites[0]


def declared_args(site: SiteRow) -> tuple[str, ...]:
    """Its arguments as D declares them: ``char *file``."""
    return tuple(f"{kind} {word}".replace("* ", "*") for kind, word in zip(site.args, site.words, strict=True))


def probe_title(probe: ProbeRow) -> str:
    """A probe's name; with its module and function before it where they tell it from others."""
    if probe.module or probe.function:
        return f"{probe.module}:{probe.function}:{probe.name}"
    return probe.name


def source_title(source: SourceRow) -> str:
    """Where a source attaches: each place once."""
    return ", ".join(dict.fromkeys(point.at for point in source.points))


def structures_of(knowledge: Knowledge, provider: ProviderRow) -> tuple[StructureRow, ...]:
    """The translated structures among its probes' arguments, in the order in which they first stand there."""
    names = (text.removesuffix(" *") for probe in provider.probes for text in probe.args)
    return tuple(knowledge.structures[name] for name in dict.fromkeys(names) if name in knowledge.structures)


def chapter(structure: StructureRow) -> str:
    """The provider in whose chapter of the Guide a structure is described."""
    return structure.guide.partition(" Provider")[0]
