"""What it costs to trace 1, 10, 100, 1,000, 10,000 probes by one program: to attach it, and to detach it.

    python -m bench.probes                         tracepoints, functions of the kernel and of a program
    python -m bench.probes --only program --rounds 7

Needs root and a C compiler, and for functions of the kernel one with kprobes; it runs in a guest of the lab too. Where
the kernel has no call for many at once, each takes milliseconds, and more than a thousand are left out.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from statistics import median

from dtrans.attach import Attach, KernelFunctions, Tracepoints, UserCode
from dtrans.run.kernel.host import HostFacts
from dtrans.run.processes.elf import ElfFile
from dtrans.run.processes.userland import Places
from dtrans.run.programs.attach import attach_places, attach_program, load_for
from dtrans.run.programs.detach import close_lingering

COUNTS = (1, 10, 100, 1000, 10_000)
#: How many a kernel is asked for that takes them one by one.
ONE_BY_ONE = 1000
#: Seconds: what takes longer is not measured again.
LONG = 5.0
#: BPF: r0 = 0; exit.
_PROGRAM = bytes.fromhex("b700000000000000 9500000000000000")
_FUNCTION = '__attribute__((noinline)) int work_{0}(int x) {{ __asm__ volatile(""); return x; }}\n'

#: Attaches a program to that many probes: the descriptors that hold it there.
AttachMany = Callable[[int], Sequence[int]]
#: Seconds to attach, until the session that detaches goes on, and until the kernel has detached.
Times = tuple[float, float, float]


def curve(attach: AttachMany, most: int, rounds: int) -> Iterator[tuple[int, Times]]:
    """How many probes, and the medians of the times. The last of the counts is `most`, if it is none of them."""
    for count in sorted({min(count, most) for count in COUNTS}):
        took = [_once(attach, count)]
        while len(took) < rounds and took[0][2] < LONG:
            took.append(_once(attach, count))
        yield count, tuple(map(median, zip(*took, strict=True)))


def _once(attach: AttachMany, count: int) -> Times:
    began = time.perf_counter()
    links = attach(count)
    attached = time.perf_counter()
    close_lingering(links)
    left = time.perf_counter()
    # The process that closes them, where they are many, is our child.
    with suppress(ChildProcessError):
        os.wait()
    return attached - began, left - attached, time.perf_counter() - attached


def _attached(where: Attach, facts: HostFacts) -> Sequence[int]:
    program = load_for(where, _PROGRAM, "bench", facts)
    try:
        return [link for link in attach_program(where, program, facts) if isinstance(link, int)]
    finally:
        os.close(program)  # The links keep it.


def of_tracepoints(facts: HostFacts, *, raw: bool) -> tuple[AttachMany, int]:
    """Attaches to tracepoints, as raw ones or by the events of those that are none; and to how many at most."""
    if raw:
        names = [event for _, events in facts.raw_tracepoints() for event in events]
    else:
        names = [name for name in facts.tracepoints() if name.startswith("syscalls:")]

    def attach(count: int) -> Sequence[int]:
        return _attached(Tracepoints(raw, tuple((name, number) for number, name in enumerate(names[:count]))), facts)

    return attach, len(names) if facts.feature("raw_cookie" if raw else "attach_cookie") else 1


def of_kernel(facts: HostFacts) -> tuple[AttachMany, int]:
    """Attaches to functions of the kernel, all over it; and to how many at most."""
    functions = facts.functions()
    counted = Counter(name for _, names in functions for name in names)
    names = [name for name in functions[0][1] if counted[name] == 1]

    def attach(count: int) -> Sequence[int]:
        places = tuple((name, number) for number, name in enumerate(names[:: len(names) // count][:count]))
        return _attached(KernelFunctions("entry", places), facts)

    return attach, min(len(names), COUNTS[-1]) if facts.feature("kprobe_multi") else ONE_BY_ONE


def of_program(facts: HostFacts, folder: Path) -> tuple[AttachMany, int]:
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


def show(title: str, attach: AttachMany, most: int, rounds: int) -> None:
    print(f"{title:>28}   attach, ms   detach, ms   until the kernel has, ms")
    for count, times in curve(attach, most, rounds):
        attached, left, detached = (f"{seconds * 1000:,.1f}" for seconds in times)
        print(f"{count:28,d} {attached:>12} {left:>12} {detached:>26}", flush=True)


def main() -> None:
    kinds = ("raw", "events", "kernel", "program")
    parser = argparse.ArgumentParser(prog="python -m bench.probes", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="of which the median is shown")
    parser.add_argument("--only", choices=kinds, action="append", help="raw tracepoints, events of tracepoints ...")
    options, facts = parser.parse_args(), HostFacts()
    for kind in options.only or kinds:
        match kind:
            case "raw":
                show("raw tracepoints", *of_tracepoints(facts, raw=True), options.rounds)
            case "events":
                show("events of system calls", *of_tracepoints(facts, raw=False), options.rounds)
            case "kernel" if facts.functions():
                show("functions of the kernel", *of_kernel(facts), options.rounds)
            case "program":
                with tempfile.TemporaryDirectory(prefix="dtrans-bench-") as folder:
                    show("functions of a program", *of_program(facts, Path(folder)), options.rounds)


if __name__ == "__main__":
    main()
