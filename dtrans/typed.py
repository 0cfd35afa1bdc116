"""`typing` for the modules that every start imports: names that mean something to the type checker alone.

The standard library's module takes two milliseconds to import. Type checkers and generated programs take its names in
place of these. Left out is what makes a class of its own at run time, as ``NamedTuple`` and ``Generic`` do.
"""

from __future__ import annotations

__all__ = ["TYPE_CHECKING", "Any", "BinaryIO", "Literal", "NoReturn", "Protocol"]

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any, BinaryIO, Literal, NoReturn, Protocol
else:

    class Any:
        """`typing.Any`."""

    class BinaryIO:
        """`typing.BinaryIO`."""

    class Literal:
        """`typing.Literal`: ``Literal["a", "b"]``."""

        def __class_getitem__(cls, values):
            return cls

    class NoReturn:
        """`typing.NoReturn`."""

    class Protocol:
        """`typing.Protocol`."""
