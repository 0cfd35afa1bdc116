"""Rows to compact JSON and back, so that a start costs a few milliseconds and not a parse of every TOML file.

Each dataclass becomes the list of its fields, in order. The file is data only: reading it runs nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from functools import cached_property
from typing import Any, overload

from dtrans.knowledge.rows import (
    BuiltinRow,
    CallRow,
    ConstantRow,
    Knowledge,
    Lets,
    LinuxCall,
    MemberRow,
    Note,
    Point,
    ProbeRow,
    ProviderRow,
    SourceRow,
    StructureRow,
    TranslatorRow,
)


def encode(knowledge: Knowledge) -> bytes:
    """The rows as JSON."""
    return json.dumps(_plain(knowledge), separators=(",", ":"), ensure_ascii=False).encode()


def decode(content: bytes) -> Knowledge:
    """The rows again. Raises ValueError, TypeError, KeyError, IndexError or AttributeError for any other content."""
    providers, structures, builtins, constants, types, calls, symbols, *rest = json.loads(content)
    return Knowledge(
        {name: _provider(*parts) for name, parts in providers.items()},
        {name: _structure(*parts) for name, parts in structures.items()},
        {
            name: BuiltinRow(text, kind, Note(*note), tuple(current), tuple(thread))
            for name, (text, kind, note, current, thread) in builtins.items()
        },
        {name: ConstantRow(text, value, Note(*note)) for name, (text, value, note) in constants.items()},
        types,
        {
            name: CallRow(text, Note(*note), tuple(LinuxCall(call, tuple(args), when) for call, args, when in linux))
            for name, (text, note, linux) in calls.items()
        },
        symbols,
        *rest,
    )


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return [_plain(getattr(value, one.name)) for one in fields(value)]
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return value


def _provider(
    name: str,
    summary: str,
    guide: str,
    family: Any,
    probes: list[Any],
    any_location: bool,
    files: list[str],
    reason: str,
    without: list[str],
    stability: list[str],
    double_arrows: bool,
) -> ProviderRow:
    return ProviderRow(
        name,
        summary,
        guide,
        family,
        tuple(_probe(*parts) for parts in probes),
        any_location,
        tuple(files),
        reason,
        tuple(without),
        tuple(stability),
        double_arrows,
    )


def _probe(name: str, note: Any, args: list[str], sources: list[Any], module: str, function: str) -> ProbeRow:
    return ProbeRow(name, Note(*note), tuple(args), _Sources(sources) if sources else (), module, function)


class _Sources(Sequence[SourceRow]):
    """The sources of a probe, made when they are first looked at: a program uses few of a thousand probes."""

    def __init__(self, parts: list[Any]) -> None:
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


def _source(points: list[Any], needs: list[str], note: Any) -> SourceRow:
    return SourceRow(tuple(_point(*parts) for parts in points), tuple(needs), note and Note(*note))


def _point(
    at: str,
    when: str,
    let: dict[str, list[str]],
    thread: str,
    args: list[str],
    arg: list[str],
    save: dict[str, str],
    key: list[str],
    variables: list[str],
) -> Point:
    return Point(at, when, _lets(let), thread, tuple(args), tuple(arg), save, tuple(key), tuple(variables))


def _lets(made: dict[str, list[str]]) -> Lets:
    return {name: tuple(texts) for name, texts in made.items()}


def _structure(
    name: str, guide: str, members: dict[str, Any], translators: list[Any], tag: str, extends: str, kernel: bool
) -> StructureRow:
    return StructureRow(
        name,
        guide,
        {key: MemberRow(text, kind, Note(*note)) for key, (text, kind, note) in members.items()},
        tuple(
            TranslatorRow(origin, param, {key: tuple(texts) for key, texts in made.items()}, _lets(let))
            for origin, param, made, let in translators
        ),
        tag,
        extends,
        kernel,
    )
