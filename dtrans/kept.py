"""Artifacts to plain values and back: what the cache keeps of a program, and starts from when it runs again."""

from __future__ import annotations

from collections.abc import Mapping

from dtrans.artifact import (
    Accumulate,
    Aggregation,
    Artifact,
    Clear,
    DefaultAction,
    Denormalize,
    Exit,
    Field,
    Freopen,
    Halt,
    LateConstant,
    Layout,
    Missing,
    Normalize,
    Printa,
    Printf,
    PrintStack,
    PrintValue,
    Probe,
    Program,
    SetOption,
    Shape,
    Site,
    System,
    Trace,
    Tracemem,
    Trunc,
    Truncate,
    Wanted,
)
from dtrans.attach import (
    KernelFunctions,
    Link,
    PerfEvent,
    RawTracepoint,
    TestRun,
    Tracepoint,
    Tracepoints,
    Trampoline,
    UserCode,
)
from dtrans.typed import Any


def to_plain(artifact: Artifact) -> Any:
    """The artifact as values that the cache keeps: a dataclass is a tuple of its class's number and its fields, a tuple
    a list. The same artifact gives the same values."""
    return _plain(artifact)


def from_plain(value: Any) -> Artifact:
    """The artifact that `to_plain` took apart."""
    artifact = _typed(value)
    assert isinstance(artifact, Artifact)
    return artifact


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if type(value) in _NUMBERS:
        return _NUMBERS[type(value)], *(_plain(getattr(value, name)) for name in value.__match_args__)
    return value


def _typed(value: Any) -> Any:
    kind = type(value)
    if kind is tuple:
        return _CLASSES[value[0]](*map(_typed, value[1:]))
    if kind is list:
        return tuple(map(_typed, value))
    if kind is dict:
        return {key: _typed(item) for key, item in value.items()}
    return value


_CLASSES: tuple[Any, ...] = (
    Field, Probe, Printf, Printa, Trace, Tracemem, PrintValue, PrintStack, Exit, Clear, Trunc, Normalize, Denormalize,
    System, Freopen, Truncate, Halt, SetOption, Accumulate, DefaultAction, Shape, Missing, Site, Aggregation, TestRun,
    RawTracepoint, Tracepoint, Tracepoints, PerfEvent, KernelFunctions, Trampoline, UserCode, Link, Program, Layout,
    LateConstant, Wanted, Artifact,
)  # fmt: skip
_NUMBERS = {kind: number for number, kind in enumerate(_CLASSES)}
