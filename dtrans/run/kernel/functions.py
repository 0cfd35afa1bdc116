"""Which kernel functions can be traced, by module: tracefs' list of them, without what kprobes must not touch.

    vfs_read                          (("vmlinux", ("vfs_read", ...)),
    ext4_sync_file [ext4]       ->     ("ext4", ("ext4_sync_file", ...)))

The kernel takes a tenth of a second to name them all, so the list is kept on disk for each kernel and set of modules.
"""

from __future__ import annotations

from dtrans.cache import cache_key, cached
from dtrans.files import read_text

KERNEL_MODULE = "vmlinux"
_BLACKLIST = "/sys/kernel/debug/kprobes/blacklist"
#: A place whose function the linker left out (kernel/trace/ftrace.c, FTRACE_INVALID_FUNCTION).
_INVALID = "__ftrace_invalid_address__"


def traceable_functions(tracefs: str, fingerprint: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Module -> its functions, sorted; a name that several functions have stands as often. Raises OSError.

    `fingerprint` tells one kernel with its modules from another.
    """
    listed: tuple[tuple[str, tuple[str, ...]], ...] = cached(
        "functions", cache_key((fingerprint,)), lambda: _listed(tracefs)
    )
    return listed


def _listed(tracefs: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    forbidden = _forbidden()
    modules: dict[str, list[str]] = {KERNEL_MODULE: []}
    for line in read_text(f"{tracefs}/available_filter_functions").splitlines():
        name, _, rest = line.partition(" ")
        if name not in forbidden and not name.startswith(_INVALID):
            modules.setdefault(rest.strip("[]") or KERNEL_MODULE, []).append(name)
    kernel = modules.pop(KERNEL_MODULE)
    return (KERNEL_MODULE, tuple(sorted(kernel))), *((name, tuple(sorted(modules[name]))) for name in sorted(modules))


def _forbidden() -> frozenset[str]:
    """Functions that a probe would bring down: kprobes refuse them."""
    try:
        lines = read_text(_BLACKLIST).splitlines()
    except OSError:
        return frozenset()
    # 0xffffffff81000000-0xffffffff81000010	name
    return frozenset(line.partition("\t")[2] for line in lines)
