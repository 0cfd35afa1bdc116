"""Which raw tracepoints there are, by module: those that BTF describes.

btf_trace_sched_switch among vmlinux' types    ->    (("vmlinux", ("sched_switch", ...)), ("ext4", ...))

The files are some megabytes, so the list is kept on disk for each kernel and set of modules.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from dtrans.cache import cache_key, cached
from dtrans.run.kernel.btf import described_tracepoints
from dtrans.run.kernel.functions import KERNEL_MODULE

_BTF = Path("/sys/kernel/btf")


def raw_tracepoints(fingerprint: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Module -> the events of its raw tracepoints, sorted; () where the kernel has no BTF.

    `fingerprint` tells one kernel with its modules from another.
    """
    described: tuple[tuple[str, tuple[str, ...]], ...] = cached("tracepoints", cache_key((fingerprint,)), _described)
    return described


def _described() -> tuple[tuple[str, tuple[str, ...]], ...]:
    found: list[tuple[str, tuple[str, ...]]] = []
    with contextlib.suppress(OSError):
        modules = sorted(path.name for path in _BTF.iterdir() if path.name != KERNEL_MODULE)
        for module in (KERNEL_MODULE, *modules):
            events = described_tracepoints(_BTF / module)
            if events or module == KERNEL_MODULE:
                found.append((module, events))
    return tuple(found)
