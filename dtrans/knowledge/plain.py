"""Rows to plain values and back, so that a start costs a few milliseconds and not a parse of every TOML file.

Each dataclass becomes the tuple of its fields, in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from functools import cached_property
from typing import Any, overload

from dtrans.knowledge.rows import (
    BuiltinRow,
    CallRow,
    ConstantRow,
    Knowledge,
    LinuxCall,
    MemberRow,
    Note,
    Point,
    ProbeRow,
    ProviderRow,
    SiteRow,
    SourceRow,
    StructureRow,
    TranslatorRow,
)


def to_plain(knowledge: Knowledge) -> Any:
    """The rows as values that the cache keeps."""
    return _plain(knowledge)


def from_plain(value: Any) -> Knowledge:
    """The rows that `to_plain` took apart."""
    providers, structures, builtins, constants, types, calls, symbols, *rest = value
    return Knowledge(
        {name: _provider(*parts) for name, parts in providers.items()},
        {name: _structure(*parts) for name, parts in structures.items()},
        {
            name: BuiltinRow(text, kind, Note(*note), current, thread, kept)
            for name, (text, kind, note, current, thread, kept) in builtins.items()
        },
        {name: ConstantRow(text, value, Note(*note)) for name, (text, value, note) in constants.items()},
        types,
        {
            name: CallRow(text, Note(*note), tuple(LinuxCall(call, args, when) for call, args, when in linux), spare)
            for name, (text, note, linux, spare) in calls.items()
        },
        symbols,
        *rest,
    )


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return tuple(_plain(getattr(value, one.name)) for one in fields(value))
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return value


def _provider(
    name: str, summary: str, guide: str, family: Any, probes: tuple[Any, ...], sites: tuple[Any, ...], *rest: Any
) -> ProviderRow:
    made = tuple(SiteRow(text, args, words, Note(*note)) for text, args, words, note in sites)
    return ProviderRow(name, summary, guide, family, tuple(_probe(*parts) for parts in probes), made, *rest)


def _probe(name: str, note: Any, args: tuple[str, ...], sources: tuple[Any, ...], *rest: Any) -> ProbeRow:
    return ProbeRow(name, Note(*note), args, _Sources(sources) if sources else (), *rest)


class _Sources(Sequence[SourceRow]):
    """The sources of a probe, made when they are first looked at: a program uses few of a thousand probes."""

    def __init__(self, parts: tuple[Any, ...]) -> None:
        self._parts = parts

    @cached_property
    def _rows(self) -> tuple[SourceRow, ...]:
        return tuple(_source(*parts) for parts in self._parts)

    @overload
    def __getitem__(self, index: int) -> SourceRow: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[SourceRow]: ...
    def __getitem__(self, index: int | slice) -> SourceRow | Sequence[SourceRow]:
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._parts)

    def __eq__(self, other: object) -> bool:
        return self._rows == (other._rows if isinstance(other, _Sources) else other)

    def __hash__(self) -> int:
        return hash(self._rows)


def _source(points: tuple[Any, ...], needs: tuple[str, ...], note: Any) -> SourceRow:
    return SourceRow(tuple(Point(*parts) for parts in points), needs, note and Note(*note))


def _structure(
    name: str,
    guide: str,
    members: dict[str, Any],
    translators: tuple[Any, ...],
    tag: str,
    extends: tuple[str, ...],
    kernel: bool,
) -> StructureRow:
    return StructureRow(
        name,
        guide,
        {key: MemberRow(text, kind, Note(*note)) for key, (text, kind, note) in members.items()},
        tuple(TranslatorRow(origin, param, made, let) for origin, param, made, let in translators),
        tag,
        extends,
        kernel,
    )
