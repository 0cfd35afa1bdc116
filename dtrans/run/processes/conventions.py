"""How the functions of a program are given their arguments.

    convention(ElfFile("/usr/bin/cat"), "main")   ->   C_CONVENTION
    convention(ElfFile("a-go-program"), "main.f")  ->   GO_CONVENTION

Go's own functions take integers in registers since Go 1.17 (abi-internal.md of cmd/compile), before that on the stack,
as functions in Go's assembler still do. The linker tells these apart: where a function has both forms, the one of the
assembler is called ``NAME.abi0`` (cmd/link, mangleABIName), and no program that has registers is without such a pair.
"""

from __future__ import annotations

import re
from functools import lru_cache

from dtrans.attach import C_CONVENTION, GO_CONVENTION, GO_ON_STACK, UNKNOWN_CONVENTION, Convention
from dtrans.run.processes.elf import ElfFile

_ON_STACK = ".abi0"
#: Go's names have the package before a dot; in a name of C it is the compiler that puts one, before a word of its own.
_OF_C = re.compile(r"[^.]+(\.(isra|constprop|part|cold|lto_priv|llvm|\d+))*$")
#: Where a program begins that C's tools linked.
_C_ENTRY = "_start"


def convention(file: ElfFile, function: str) -> Convention:
    """How a function of a file is given its arguments, as far as the names of the file tell."""
    if not file.moves_stacks:
        return C_CONVENTION
    if _OF_C.match(function):
        # A program without C has such names too: parts of Go's assembler, each with rules of its own.
        return C_CONVENTION if _has_c(file) else UNKNOWN_CONVENTION
    return GO_CONVENTION if _has_registers(file) and not function.endswith(_ON_STACK) else GO_ON_STACK


@lru_cache(maxsize=64)
def _has_c(file: ElfFile) -> bool:
    return file.symbol(_C_ENTRY) is not None


@lru_cache(maxsize=64)
def _has_registers(file: ElfFile) -> bool:
    return any(one.name.endswith(_ON_STACK) for one in file.functions)
