"""The catalogue of errors: ``tags.toml`` beside this module, a table for each tag.

A test compiles each `wrong` and sees it fail with that tag, and each `right` and sees it pass; and looks that every
tag that is raised anywhere has its table.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from dtrans.errors import fail
from dtrans.values import dataclass


@dataclass(frozen=True, slots=True)
class Tag:
    """`wrong` and `right` are D programs, "" for errors that no program alone can show."""

    name: str
    meaning: str
    advice: str = ""
    wrong: str = ""
    right: str = ""


@cache
def tags() -> Mapping[str, Tag]:
    """All tags by name."""
    with Path(__file__).with_name("tags.toml").open("rb") as file:
        return {name: Tag(name, **table) for name, table in tomllib.load(file).items()}


@cache
def unraised() -> Mapping[str, str]:
    """The tags of libdtrace that are never raised here, with the reason; one that is raised after all is left out."""
    with Path(__file__).with_name("unraised.toml").open("rb") as file:
        return {name: reason for name, reason in tomllib.load(file).items() if name not in tags()}


def find_tag(name: str) -> Tag:
    """The tag of that name, in any case of letters. Raises DtransError D_TAG with the nearest spelling."""
    found = tags().get(name.upper())
    if found is None:
        near = get_close_matches(name.upper(), tags(), n=3)
        hint = f"do you mean {' or '.join(near)}?" if near else "tags stand in brackets at the end of an error"
        raise fail("D_TAG", f"there is no error tag {name}", hint=hint)
    return found
