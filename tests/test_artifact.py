"""An artifact's plain values give the same artifact again: what is kept in the cache runs as what was compiled."""

from __future__ import annotations

import marshal
from typing import Any

import pytest

from dtrans.artifact import Artifact, Clear, Exit, Field, Printa, Printf, Site, Trunc
from dtrans.kept import from_plain, to_plain

NUMBER = Field("int", 8, 8)


@pytest.mark.parametrize(
    "action",
    [
        Trunc(0, None),
        Trunc(0, NUMBER, 16),
        Printa((0,), None),
        Printa((0, 1), "%@d"),
        Clear(0),
        Exit(NUMBER),
        Printf("", ()),
    ],
    ids=repr,
)
def test_what_an_action_leaves_out_is_left_out_again(action: Any) -> None:
    artifact = Artifact("", (), {}, (Site(1, 24, (action,)),), (), (), (), (), {}, 0)
    assert from_plain(marshal.loads(marshal.dumps(to_plain(artifact)))) == artifact
