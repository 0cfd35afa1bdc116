"""Numbers of this machine that programs read from a map, where the kernel has no other way to them.

"loadavg.0"             the load average of one minute, times 65536
"meminfo.MemFree"       a line of /proc/meminfo, in bytes
"cpus.online"           CPUs that run; "cpus.present" those that there are
"cpu.clock"             MHz of the first CPU
"highest.package"       the highest number of a CPU's package; "highest.node" that of a memory node
"page.size"             bytes of a page
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Sequence

from dtrans.files import read_text
from dtrans.run.kernel.bpf import BpfMap, parse_cpu_list

#: Seconds after which the numbers are read again, when the tracer looks: it does so once a second or more often.
_NUMBERS_AGE = 0.5
_SCALE = 65536
_CPUS, _NODES = "/sys/devices/system/cpu", "/sys/devices/system/node/online"


def read_number(name: str) -> int:
    """A number by its name; 0 for one that this kernel does not tell. Raises ValueError for an unknown kind."""
    kind, _, part = name.partition(".")
    match kind:
        case "loadavg":
            return round(float(read_text("/proc/loadavg").split()[int(part)]) * _SCALE)
        case "meminfo":
            lines = (line.split() for line in read_text("/proc/meminfo").splitlines())
            return next((int(words[1]) * 1024 for words in lines if words[0] == f"{part}:"), 0)
        case "cpus":
            return len(parse_cpu_list(read_text(f"{_CPUS}/{part}")))
        case "cpu":
            return _clock()
        case "highest" if part == "package":
            cpus = parse_cpu_list(read_text(f"{_CPUS}/online"))
            return max(int(read_text(f"{_CPUS}/cpu{cpu}/topology/physical_package_id")) for cpu in cpus)
        case "highest":
            # A kernel without CONFIG_NUMA has no such file.
            return max(parse_cpu_list(read_text(_NODES))) if os.path.exists(_NODES) else 0
        case "page":
            return os.sysconf("SC_PAGE_SIZE")
    raise ValueError(f"no such number: {name}")


def _clock() -> int:
    """MHz of the first CPU, of those that /proc/cpuinfo tells or those of cpufreq; 0 where neither does."""
    for line in read_text("/proc/cpuinfo").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "cpu MHz":
            return int(float(value))
    scaling = f"{_CPUS}/cpu0/cpufreq/cpuinfo_max_freq"
    return int(read_text(scaling)) // 1000 if os.path.exists(scaling) else 0


class HostNumbers:
    """Keeps the map of the numbers up to date. `names` are in the order of its elements."""

    def __init__(self, table: BpfMap, names: Sequence[str]) -> None:
        self._table = table
        self._names = names
        self._next = 0.0

    def refresh(self) -> None:
        """Reads the numbers again, unless that was just done."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _NUMBERS_AGE
        for index, name in enumerate(self._names):
            self._table.update(struct.pack("=I", index), struct.pack("=q", read_number(name)))
