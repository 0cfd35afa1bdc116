"""What a statistic's provider (sysinfo, vminfo) told of a load, probe by probe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.loads import NAME, line
from tests.programs import printed


@dataclass(frozen=True)
class Told:
    """How often a probe fired, and the sum of its arg0."""

    times: int = 0
    total: int = 0


@cache
def told(
    provider: str, *load: int | str | Path, of: str = f'progenyof($target) && execname == "{NAME}"'
) -> dict[str, Told]:
    """By probe: what a load made its probes tell. Only what the load itself does counts, not its start."""
    source = f"""
        {provider}::: /{of}/ {{ @times[probename] = count(); @total[probename] = sum(arg0); }}
        END {{ printa("%s %@d %@d\\n", @times, @total); }}"""
    words = [shown.split() for shown in printed(source, commands=[line(str(load[0]), *load[1:])]).splitlines() if shown]
    return {name: Told(int(times), int(total)) for name, times, total in words}


def told_in_time(seen: Callable[[dict[str, Told]], bool], provider: str, *load: int | str | Path) -> dict[str, Told]:
    """`told`, once more where nothing was seen, a few times: what takes two processors at the same moment may not
    happen on a busy machine."""
    found = told(provider, *load)
    for _ in range(8):
        if seen(found):
            break
        found = told.__wrapped__(provider, *load)
    return found
