"""Which raw tracepoints there are, by module: those that BTF describes.

btf_trace_sched_switch among vmlinux' types    ->    (("vmlinux", ("sched_switch", ...)), ("ext4", ...))

The files are some megabytes, so the list is kept on disk for each kernel and set of modules.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from dtrans.run.cache import cache_key, cached
from dtrans.run.kernel.btf import described_tracepoints
from dtrans.run.kernel.functions import KERNEL_MODULE

_BTF = Path("/sys/kernel/btf")


def raw_tracepoints(fingerprint: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Module -> the events of its raw tracepoints, sorted; () where the kernel has no BTF.

    `fingerprint` tells one kernel with its modules from another.
    """
    text = cached("tracepoints", cache_key((fingerprint,)), lambda: _described().encode()).decode()
    modules = (line.split(" ") for line in text.splitlines())
    return tuple((module, tuple(events)) for module, *events in modules)


def _described() -> str:
    """One line for each module: its name and its events."""
    lines: list[list[str]] = []
    with contextlib.suppress(OSError):
        modules = sorted(path.name for path in _BTF.iterdir() if path.name != KERNEL_MODULE)
        for module in (KERNEL_MODULE, *modules):
            events = described_tracepoints(_BTF / module)
            if events or module == KERNEL_MODULE:
                lines.append([module, *events])
    return "\n".join(" ".join(line) for line in lines)
