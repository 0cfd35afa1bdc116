"""What it costs to trace 1, 10, 100, 1,000, 10,000 functions of the kernel by one program: to attach and to detach.

    python -m bench.functions

Needs root and a kernel with kprobes. Where it has no call for many functions at once, each takes milliseconds, and more
than a thousand are left out.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator

from dtrans.artifact import KernelFunctions
from dtrans.run.attach import attach_program, load_for
from dtrans.run.host import HostFacts

COUNTS = (1, 10, 100, 1000, 10_000)
#: BPF: r0 = 0; exit.
_PROGRAM = bytes.fromhex("b700000000000000 9500000000000000")


def curve(facts: HostFacts) -> Iterator[tuple[int, float, float]]:
    """How many functions, seconds to attach a program to them, seconds to detach it."""
    functions = facts.functions()
    counted = Counter(name for _, names in functions for name in names)
    names = [name for name in functions[0][1] if counted[name] == 1]
    most = len(names) if facts.feature("kprobe_multi") else 1000
    for count in (count for count in COUNTS if count <= most):
        places = tuple((name, number) for number, name in enumerate(names[:: len(names) // count][:count]))
        attach = KernelFunctions("entry", places)
        program = load_for(attach, _PROGRAM, "bench", facts)
        began = time.perf_counter()
        links = list(attach_program(attach, program, facts))
        attached = time.perf_counter()
        for link in links:
            os.close(link)
        yield count, attached - began, time.perf_counter() - attached
        os.close(program)


def main() -> None:
    print("functions   attach, ms   detach, ms")
    for count, attach, detach in curve(HostFacts()):
        print(f"{count:9,d} {attach * 1000:12,.1f} {detach * 1000:12,.1f}", flush=True)


if __name__ == "__main__":
    main()
