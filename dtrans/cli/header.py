"""``dtrace -h``: the header by which a program fires the probes that a provider's definition declares.

    provider app { probe query__start(char *); };

becomes the macros ``APP_QUERY_START(arg0)`` and ``APP_QUERY_START_ENABLED()`` (Guide, "Statically Defined Tracing for
User Applications"). On Linux they expand to those of <sys/sdt.h>, and the header defines the semaphores that tell
whether a probe is traced; no further object is needed: where the build calls ``dtrace -G``, the step is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dtrans.errors import fail, usage
from dtrans.invocation.arguments import Arguments, Spec
from dtrans.invocation.request import given_programs
from dtrans.syntax import parse
from dtrans.syntax.ast import Program, Provider, ProviderProbe

#: <sys/sdt.h> has STAP_PROBE0 ... STAP_PROBE12.
_MOST_ARGUMENTS = 12
#: Sites tell where their probe's semaphore is, which <sys/sdt.h> writes into them where it is told so before.
_HEAD = """\
/* Made by dtrace -h. */
#pragma once

#if !defined(_SDT_HAS_SEMAPHORES) && defined(_SYS_SDT_H)
#error "include this header before <sys/sdt.h>"
#endif
#define _SDT_HAS_SEMAPHORES 1
#include <sys/sdt.h>

/* One for each probe of a program or library, however many of its files include this. */
#define DTRACE_SEMAPHORE(name) \\
    __extension__ __attribute__((used, weak, visibility("hidden"), section(".probes"))) volatile unsigned short name = 0

#ifdef __cplusplus
extern "C" {
#endif"""
_FOOT = """
#ifdef __cplusplus
}
#endif
"""


def write_header(arguments: Arguments) -> int:
    """Writes the header to the file of -o, without one to ``x.h`` for ``-s x.d``. Raises DtransError."""
    given = given_programs(arguments)
    path = Path(_header_name(arguments) if arguments.output is None else arguments.output)
    text = header_text([parse(program.source) for program in given])
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise fail("D_FILE", f"failed to write {path}: {error.strerror}") from None
    return 0


def _header_name(arguments: Arguments) -> str:
    """The name that a script's gives (dtrace.c, main). Raises DtransError where there is no such script, or several."""
    match arguments.specs:
        case ():
            raise usage("-h needs the definition of a provider in a file: -s file.d")
        case (Spec("script", path),) if path.endswith(".d"):
            return Path(path).with_suffix(".h").name
        case (_,):
            raise usage("-h requires an output file (-o) where there is no script whose name ends in .d")
        case _:
            raise usage("-h requires an output file (-o) if multiple scripts are specified")


def header_text(programs: list[Program]) -> str:
    """The header for all providers that the programs define. Raises DtransError D_PROV_PRARGLEN."""
    providers = [item for program in programs for item in program.items if isinstance(item, Provider)]
    lines = [line for provider in providers for probe in provider.probes for line in _macros(provider, probe)]
    return "\n".join([_HEAD, *lines]) + _FOOT


def _macros(provider: Provider, probe: ProviderProbe) -> Iterator[str]:
    count = len(probe.args)
    if count > _MOST_ARGUMENTS:
        raise fail(
            "D_PROV_PRARGLEN", f"probe {probe.name} has {count} arguments; there may be {_MOST_ARGUMENTS}", probe.span
        )
    macro = f"{provider.name}_{probe.name}".replace("__", "_").upper()
    names = [f"arg{number}" for number in range(count)]
    semaphore = f"{provider.name}_{probe.name}_semaphore"
    yield f"\nDTRACE_SEMAPHORE({semaphore});"
    yield f"#define {macro}({', '.join(names)}) \\"
    yield f"    STAP_PROBE{count or ''}({', '.join([provider.name, probe.name, *names])})"
    yield f"#define {macro}_ENABLED() ({semaphore} != 0)"
