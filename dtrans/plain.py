"""Frozen dataclasses to and from what JSON can hold.

    Int("int", 4, True)            ->   {"": "Int", "name": "int", "size": 4, "signed": true}
    (Pointer(VOID, "kernel"),)     ->   [{"": "Pointer", "to": {"": "Void"}, "space": "kernel"}]

Tuples become lists and come back as tuples. Values hold no lists of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any


def to_plain(value: Any) -> Any:
    """The value as dictionaries, lists, strings, numbers and None."""
    if is_dataclass(value) and not isinstance(value, type):
        return {"": type(value).__name__, **{part.name: to_plain(getattr(value, part.name)) for part in fields(value)}}
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    return value


def from_plain(value: Any, classes: Mapping[str, type]) -> Any:
    """The value that `to_plain` was given; `classes` by their names. Raises KeyError, TypeError for another text."""
    if isinstance(value, dict):
        parts = {name: from_plain(part, classes) for name, part in value.items() if name}
        return classes[value[""]](**parts)
    if isinstance(value, list):
        return tuple(from_plain(item, classes) for item in value)
    return value
