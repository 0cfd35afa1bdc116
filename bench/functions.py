"""What it costs to trace 1, 10, 100, 1,000, 10,000 functions by one program: to attach and to detach.

    python -m bench.functions            functions of the kernel, and of a program
    python -m bench.functions --only program --rounds 7

Needs root and a C compiler, and for functions of the kernel one with kprobes. Where the kernel has no call for many
functions at once, each takes milliseconds, and more than a thousand are left out.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median

from dtrans.artifact import KernelFunctions, UserCode
from dtrans.run.kernel.host import HostFacts
from dtrans.run.processes.elf import ElfFile
from dtrans.run.processes.userland import Places
from dtrans.run.programs.attach import attach_places, attach_program, load_for

COUNTS = (1, 10, 100, 1000, 10_000)
#: How many a kernel is asked for that takes them one by one.
ONE_BY_ONE = 1000
#: BPF: r0 = 0; exit.
_PROGRAM = bytes.fromhex("b700000000000000 9500000000000000")
_FUNCTION = '__attribute__((noinline)) int work_{0}(int x) {{ __asm__ volatile(""); return x; }}\n'

#: Attaches to that many functions: the descriptors that hold the program there.
Attach = Callable[[int], Sequence[int]]


def curve(attach: Attach, most: int, rounds: int) -> Iterator[tuple[int, float, float]]:
    """How many functions, seconds to attach a program to them, seconds to detach it: medians."""
    for count in (count for count in COUNTS if count <= most):
        took = [_once(attach, count) for _ in range(rounds)]
        yield count, median(attached for attached, _ in took), median(detached for _, detached in took)


def _once(attach: Attach, count: int) -> tuple[float, float]:
    began = time.perf_counter()
    links = attach(count)
    attached = time.perf_counter()
    for link in links:
        os.close(link)
    return attached - began, time.perf_counter() - attached


def of_kernel(facts: HostFacts) -> tuple[Attach, int]:
    """Attaches to functions of the kernel, all over it; and to how many at most."""
    functions = facts.functions()
    counted = Counter(name for _, names in functions for name in names)
    names = [name for name in functions[0][1] if counted[name] == 1]

    def attach(count: int) -> Sequence[int]:
        places = tuple((name, number) for number, name in enumerate(names[:: len(names) // count][:count]))
        where = KernelFunctions("entry", places)
        with_program = load_for(where, _PROGRAM, "bench", facts)
        try:
            return list(attach_program(where, with_program, facts))
        finally:
            os.close(with_program)  # The links keep it.

    return attach, len(names) if facts.feature("kprobe_multi") else ONE_BY_ONE


def of_program(facts: HostFacts, folder: Path) -> tuple[Attach, int]:
    """Attaches to functions of a program with ten thousand, in all processes; and to how many at most."""
    source, program = folder / "many.c", folder / "many"
    source.write_text("".join(map(_FUNCTION.format, range(COUNTS[-1]))) + "int main(void) { return 0; }\n")
    subprocess.run(["cc", "-O1", "-o", program, source], check=True)
    offsets = [one.offset for one in ElfFile(program).functions if one.name.startswith("work_")]
    where = UserCode("entry")

    def attach(count: int) -> Sequence[int]:
        places = tuple((offset, 0, number) for number, offset in enumerate(offsets[:count]))
        with_program = load_for(where, _PROGRAM, "bench", facts)
        try:
            made = list(attach_places(Places(where, None, str(program), places), with_program, facts))
        finally:
            os.close(with_program)
        assert None not in made, "the kernel refused a function"
        return [link for link in made if link is not None]

    return attach, len(offsets) if facts.feature("uprobe_multi") else ONE_BY_ONE


def show(title: str, attach: Attach, most: int, rounds: int) -> None:
    print(f"{title:>24}   attach, ms   detach, ms")
    for count, attached, detached in curve(attach, most, rounds):
        print(f"{count:24,d} {attached * 1000:12,.1f} {detached * 1000:12,.1f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.functions", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="of which the median is shown")
    parser.add_argument("--only", choices=("kernel", "program"), help="functions of one of both")
    options, facts = parser.parse_args(), HostFacts()
    if options.only != "program" and facts.functions():
        show("functions of the kernel", *of_kernel(facts), options.rounds)
    if options.only != "kernel":
        with tempfile.TemporaryDirectory(prefix="dtrans-bench-") as folder:
            show("functions of a program", *of_program(facts, Path(folder)), options.rounds)


if __name__ == "__main__":
    main()
