"""Near spellings, for "did you mean" hints."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, candidates: Iterable[str], n: int = 3) -> tuple[str, ...]:
    """At most `n` candidates that someone who wrote `name` may have meant, nearest first; () when none is near.

    A difference of case only always counts as near.
    """
    from difflib import SequenceMatcher

    matcher = SequenceMatcher(b=name.lower())
    found: list[tuple[float, str]] = []
    for candidate in dict.fromkeys(candidates):
        matcher.set_seq1(candidate.lower())
        if matcher.real_quick_ratio() >= _CUTOFF and matcher.quick_ratio() >= _CUTOFF:
            ratio = matcher.ratio()
            if ratio >= _CUTOFF:
                found.append((-ratio, candidate))
    found.sort()
    return tuple(candidate for _, candidate in found[:n])


#: Two of three letters in common: below it hints are noise.
_CUTOFF = 0.67
