"""C programs that tests make and trace: built once, with the functions and probes that the test's text has."""

from __future__ import annotations

import subprocess
from pathlib import Path


def compiled(folder: Path, name: str, text: str, *flags: str) -> Path:
    """An executable (or with ``-shared`` a library) made from a C text, not optimised away: functions are never
    inlined."""
    source, target = folder / f"{name}.c", folder / name
    source.write_text(text)
    common = ["-O1", "-fno-inline", "-fno-optimize-sibling-calls", "-fno-ipa-icf", "-fno-ipa-ra", "-w"]
    subprocess.run(["gcc", *common, *flags, "-o", target, source, "-lpthread", "-ldl"], check=True)
    return target


#: ``PROBE(provider, name, semaphore, "arguments", values...)``: a site as sys/sdt.h makes them, with the operands of an
#: asm statement for its arguments: PROBE(app, go, 0, "-4@%0 8@%1", "nor"(number), "nor"(pointer)). `semaphore` is 0 or
#: a variable of SEMAPHORE(name).
PROBES = r"""
#define SEMAPHORE(name) __attribute__((section(".probes"), used)) volatile unsigned short name
#define PROBE(provider, name, semaphore, arguments, ...) \
    asm volatile("990: nop\n" \
        ".pushsection .note.stapsdt,\"?\",\"note\"\n" \
        ".balign 4\n .4byte 992f-991f, 994f-993f, 3\n" \
        "991: .asciz \"stapsdt\"\n992: .balign 4\n" \
        "993: .8byte 990b, _.stapsdt.base, " #semaphore "\n" \
        ".asciz \"" #provider "\"\n .asciz \"" #name "\"\n .asciz \"" arguments "\"\n" \
        "994: .balign 4\n .popsection\n" \
        ".ifndef _.stapsdt.base\n" \
        ".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n" \
        ".weak _.stapsdt.base\n .hidden _.stapsdt.base\n _.stapsdt.base: .space 1\n" \
        ".size _.stapsdt.base, 1\n .popsection\n .endif\n" :: __VA_ARGS__)
"""
