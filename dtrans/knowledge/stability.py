"""Stability attributes: how far a name, and what it means, can be relied on (Guide, chapter "Stability").

Attributes.parse("Evolving/Evolving/ISA")   ->  Attributes("Evolving", "Evolving", "ISA")
least([Evolving/Evolving/ISA, Stable/Private/Common])  ->  Evolving/Private/ISA
"""

from __future__ import annotations

from collections.abc import Iterable

from dtrans.knowledge.rows import ProviderRow
from dtrans.values import dataclass

#: From the least stable to the most.
STABILITIES = ("Internal", "Private", "Obsolete", "External", "Unstable", "Evolving", "Stable", "Standard")
#: From the most dependent to the least.
CLASSES = ("Unknown", "CPU", "Platform", "Group", "ISA", "Common")
#: They may be written in capitals or not.
_WORDS = {word.lower(): word for word in (*STABILITIES, *CLASSES)}


@dataclass(frozen=True, slots=True)
class Attributes:
    """The stability of an interface's names and of its data, and what it depends on."""

    names: str
    data: str
    dependency: str

    @staticmethod
    def parse(text: str) -> Attributes:
        """Raises ValueError for text that is not of the form ``Stable/Stable/Common``."""
        parts = [_WORDS.get(part.lower(), "") for part in text.split("/")]
        if len(parts) != 3 or parts[0] not in STABILITIES or parts[1] not in STABILITIES or parts[2] not in CLASSES:
            raise ValueError(f"no stability attributes: {text}")
        return Attributes(*parts)

    def __str__(self) -> str:
        return f"{self.names}/{self.data}/{self.dependency}"


#: What D itself has, and a program's own variables (libdtrace dt_open.c: _dtrace_defattr).
STABLE = Attributes("Stable", "Stable", "Common")
#: The kernel's own types and variables, and a provider that states nothing (_dtrace_symattr, _dtrace_prvattr).
PRIVATE = Attributes("Private", "Private", "Unknown")
#: A probe whose provider is left open (_dtrace_prvdesc).
UNSTABLE = Attributes("Unstable", "Unstable", "Common")


@dataclass(frozen=True, slots=True)
class ProviderStability:
    """What each part of a provider's probe descriptions, and their arguments, can be relied on for."""

    provider: Attributes
    module: Attributes
    function: Attributes
    name: Attributes
    arguments: Attributes


OPEN_PROVIDER = ProviderStability(*(UNSTABLE,) * 5)


def provider_stability(row: ProviderRow | None) -> ProviderStability:
    """The attributes of a provider's row; Private for one that has none."""
    if row is None or not row.stability:
        return ProviderStability(*(PRIVATE,) * 5)
    return ProviderStability(*map(Attributes.parse, row.stability))


def least(attributes: Iterable[Attributes]) -> Attributes:
    """The least of each attribute; of none, those of D itself."""
    every = list(attributes) or [STABLE]
    return Attributes(
        min((one.names for one in every), key=STABILITIES.index),
        min((one.data for one in every), key=STABILITIES.index),
        min((one.dependency for one in every), key=CLASSES.index),
    )
