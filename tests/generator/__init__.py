"""Random D: programs that are well-typed (`programs`), expressions whose values are known (`arithmetic`, `texts`),
structures whose memory is (`layouts`), and programs whose whole output is (`whole`).

A run of the tests takes few examples, always the same. To look for new ones::

    .venv/bin/pytest -q tests/live/test_properties_live.py --hypothesis-profile=explore
"""

from __future__ import annotations

from hypothesis import Phase, settings


def examples(number: int) -> settings:
    """So many examples in a usual run, all that the profile asks for when exploring.

    A failing example is shown as it is: to shrink it would take hundreds of compilations.
    """
    exploring = settings.get_current_profile_name() == "explore"
    return settings(
        max_examples=settings().max_examples if exploring else number, phases=(Phase.explicit, Phase.generate)
    )
