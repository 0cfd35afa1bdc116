"""What is told of a provider: all of its probes, each once."""

from __future__ import annotations

import pytest

from dtrans.knowledge.describe import absent_probes, chapter, served_probes, source_title, structures_of
from dtrans.knowledge.load import load
from dtrans.knowledge.rows import Note, Point, ProbeRow, ProviderRow, SourceRow

KNOWLEDGE = load()


def provider(*probes: ProbeRow) -> ProviderRow:
    return ProviderRow("one", "One.", "one Provider", "rows", probes)


@pytest.mark.parametrize("name", sorted(KNOWLEDGE.providers))
def test_every_probe_is_told_once(name: str) -> None:
    row = KNOWLEDGE.providers[name]
    told = [title for one in (*served_probes(row), *absent_probes(row)) for title in one.names]
    assert len(told) == len(set(told)) == len(row.probes)


def test_probes_that_linux_lacks_stand_together_by_reason() -> None:
    missing, other = Note("none", "Linux has no such thing."), Note("none", "Linux has another.")
    served = ProbeRow("a", Note("exact"), sources=(SourceRow((Point("begin"),)),))
    row = provider(served, ProbeRow("b", missing), ProbeRow("c", other), ProbeRow("d", missing))
    assert [one.names for one in served_probes(row)] == [("a",)]
    assert [(one.names, one.note) for one in absent_probes(row)] == [(("b", "d"), missing), (("c",), other)]


def test_a_probe_of_a_module_is_told_with_it() -> None:
    row = provider(ProbeRow("start", Note("none", "Linux has no such thing."), module="nfs"))
    assert [one.names for one in absent_probes(row)] == [("nfs::start",)]


def test_a_source_is_told_by_where_it_attaches() -> None:
    assert (
        source_title(SourceRow((Point("rawtp:a", "x"), Point("rawtp:a", "y"), Point("rawtp:b")))) == "rawtp:a, rawtp:b"
    )


def test_structures_are_those_of_the_arguments_and_have_a_chapter() -> None:
    names = [structure.name for structure in structures_of(KNOWLEDGE, KNOWLEDGE.providers["io"])]
    assert names == ["bufinfo_t", "devinfo_t", "fileinfo_t"]
    assert {chapter(structure) for structure in KNOWLEDGE.structures.values()} <= set(KNOWLEDGE.providers)
