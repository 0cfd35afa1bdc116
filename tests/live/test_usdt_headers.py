"""Programs that define probes by the headers: <sys/sdt.h>, and that of ``dtrace -h``."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.compiled import compiled
from tests.conftest import Run, has

_SDT = "path:/usr/include/x86_64-linux-gnu/sys/sdt.h"
pytestmark = [
    pytest.mark.needs("command:gcc", "feature:attach_cookie"),
    pytest.mark.skipif(not (has(_SDT) or has("path:/usr/include/sys/sdt.h")), reason="needs header:sys/sdt.h"),
]

_OWN = """
#include <sys/sdt.h>
#include <stdint.h>
struct item { int number; char *name; struct item *next; };
int main(void)
{
    struct item next = { 8, "eight", 0 }, item = { -7, "seven", &next };
    volatile int8_t small = -8;
    volatile uint16_t middle = 65535;
    DTRACE_PROBE(plain, begin);
    DTRACE_PROBE3(plain, numbers, small, middle, -5000000000L);
    DTRACE_PROBE2(plain, items, &item, item.name);
    STAP_PROBE12(plain, many__of__them, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, small);
    return 0;
}
"""


def test_probes_by_the_macros_of_sdt(dtrace: Run, tmp_path: Path) -> None:
    program = compiled(tmp_path, "plain", _OWN, "-O2")
    text = """
        struct item { int number; char *name; struct item *next; };
        provider plain { probe items(struct item *, char *); };
        plain$target:::begin { printf("%s\\n", probename); }
        plain$target:::numbers { printf("%d %d %d\\n", arg0, arg1, arg2); }
        plain$target:::items
        {
            this->item = (struct item *)copyin(arg0, sizeof (struct item));
            printf("%d %s %s\\n", this->item->number, copyinstr((uintptr_t)this->item->name), copyinstr(arg1));
            printf("%d %s %s\\n", args[0]->next->number, stringof(args[0]->next->name), stringof(args[1]));
        }
        plain$target:::many-of-them { printf("%d %d %d\\n", arg0, arg9, args[11]); }
    """
    done = dtrace("-q", "-n", text, "-c", program)
    assert done.stdout.splitlines()[:5] == [
        "begin",
        "-8 65535 -5000000000",
        "-7 seven seven",
        "8 eight seven",
        "1 10 -8",
    ]


_PROVIDER = """
provider shop {
    probe sold(int, char *);
    probe shut__down();
};
"""
_SHOP = """
#include "shop.h"
#include <stdio.h>
void elsewhere(int number)
{
    if (SHOP_SOLD_ENABLED())
        SHOP_SOLD(number, "elsewhere");
}
"""
_SHOP_MAIN = """
#include "shop.h"
#include <stdio.h>
#ifdef __cplusplus
extern "C"
#endif
void elsewhere(int);
int main(void)
{
    int enabled = SHOP_SOLD_ENABLED();
    if (enabled)
        SHOP_SOLD(-1, (char *)"here");
    elsewhere(enabled ? 2 : 0);
    SHOP_SHUT_DOWN();
    fprintf(stderr, "%d %d\\n", enabled, SHOP_SHUT_DOWN_ENABLED());
    return 0;
}
"""


@pytest.mark.parametrize("language", ["c", "c++"])
def test_a_program_with_a_header_of_its_provider(dtrace: Run, tmp_path: Path, language: str) -> None:
    """The D text makes the header, and types args[]. A probe is enabled in all files of the program while it is traced,
    and another is not."""
    (tmp_path / "shop.d").write_text(_PROVIDER)
    dtrace("-h", "-s", tmp_path / "shop.d", "-o", tmp_path / "shop.h")
    main, other = tmp_path / "main.c", tmp_path / "other.c"
    main.write_text(_SHOP_MAIN)
    other.write_text(_SHOP)
    program = tmp_path / "shop"
    warnings = ["-Wall", "-Wextra", "-Werror", "-O2"]
    subprocess.run(["gcc", *warnings, "-c", "-o", tmp_path / "other.o", other], check=True)
    subprocess.run(["gcc", *warnings, "-x", language, "-c", "-o", tmp_path / "main.o", main], check=True)
    subprocess.run(["gcc", "-o", program, tmp_path / "main.o", tmp_path / "other.o"], check=True)
    assert subprocess.run([program], check=True, capture_output=True).stderr == b"0 0\n"
    clause = 'shop$target:::sold { printf("%d %s\\n", args[0], copyinstr(args[1])); }'
    done = dtrace("-q", "-s", tmp_path / "shop.d", "-n", clause, "-c", program)
    assert done.stdout.splitlines()[:2] == ["-1 here", "2 elsewhere"]
    assert done.stderr == "1 0\n"
    done = dtrace("-q", "-n", 'shop$target:::shut-down { printf("%s", probename); }', "-c", program)
    assert (done.stdout.strip(), done.stderr) == ("shut-down", "0 1\n")
    # Of what is declared, the types; of others what the sites tell.
    for declared, types in ((("-s", tmp_path / "shop.d"), ["int", "char *"]), ((), ["int32_t", "uint64_t"])):
        told = dtrace("-l", "-v", *declared, "-n", "shop$target::main:sold", "-c", program).stdout
        assert [line.split(": ")[1] for line in told.splitlines() if "args[" in line] == types
