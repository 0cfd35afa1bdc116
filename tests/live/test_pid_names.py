"""What probes in processes are called: their numbers, the names of functions and modules, providers by globs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.compiled import PROBES, compiled
from tests.conftest import Run

pytestmark = pytest.mark.needs("command:gcc", "feature:attach_cookie")

_NAMED = (
    PROBES
    + """
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
int plain(int x) { asm volatile(""); PROBE(paid, call__made, 0, "-4@%0", "r"(x)); return x + 1; }
int longer_name(int x) __attribute__((alias("plain")));
int __hidden(int x) __attribute__((alias("plain")));
pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
int main(int count, char **words)
{
    char go;
    if (count > 1)
        read(0, &go, 1);
    pthread_mutex_lock(&lock);
    plain(1), longer_name(2), __hidden(3);
    return 0;
}
"""
)


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A function of three names that is called three times, a probe of the program's own in it, a lock taken once."""
    return compiled(tmp_path_factory.mktemp("named"), "named", _NAMED, "-no-pie")


def _rows(text: str) -> list[tuple[str, ...]]:
    """The rows of a listing: id, provider without its process, module, function, name."""
    rows = [line.split() for line in text.splitlines()[1:]]
    return [(row[0], row[1].rstrip("0123456789"), *row[2:]) for row in rows]


def test_a_probe_has_the_same_number_in_the_list_and_in_records_and_no_other_has_it(dtrace: Run, named: Path) -> None:
    descriptions = [
        "pid$target:a.out:plain:entry",
        "pid$target:a.out:plain:, plockstat$target:::mutex-acquire, paid$target:::",
        "pid$target:a.out:longer*:entry, pid$target::malloc:entry",
    ]
    given = [word for description in descriptions for word in ("-n", description)]
    # A name has one number per process: one process serves both.
    with subprocess.Popen([named, "wait"], stdin=subprocess.PIPE) as process:
        listed = _rows(dtrace("-l", *given, "-p", str(process.pid)).stdout)
        go = f'BEGIN {{ system("echo > /proc/{process.pid}/fd/0"); }}'
        done = dtrace("-w", *given, "-n", go, "-p", str(process.pid))
    numbers = {row[1:]: row[0] for row in listed}
    assert len(set(numbers.values())) == len(numbers)
    assert {(row[1], row[3], row[4]) for row in listed} >= {
        ("pid", "plain", "entry"),
        ("pid", "plain", "return"),
        ("pid", "longer_name", "entry"),
        ("pid", "malloc", "entry"),
        ("plockstat", "pthread_mutex_lock", "mutex-acquire"),
        ("paid", "plain", "call-made"),
    }
    by_place = {f"{row[3]}:{row[4]}": row[0] for row in listed}
    shown = {tuple(line.split()[1:3]) for line in done.stdout.splitlines()[1:] if line}
    fired = {(number, place) for number, place in shown if place in by_place}
    assert {place for _, place in fired} >= {"plain:entry", "plain:return", "longer_name:entry", "plain:call-made"}
    assert fired == {(by_place[place], place) for _, place in fired}


def test_a_probe_that_a_program_defines_is_meant_by_its_number(dtrace: Run, named: Path) -> None:
    with subprocess.Popen([named, "wait"], stdin=subprocess.PIPE) as process:
        provider = f"paid{process.pid}"
        (row,) = (line.split() for line in dtrace("-l").stdout.splitlines() if f" {provider} " in line)
        assert dtrace("-l", "-i", row[0]).stdout.splitlines()[1].split() == row
        go = f'BEGIN {{ system("echo > /proc/{process.pid}/fd/0"); }}'
        clause = f"{row[0]} /++n == 3/ {{ trace(probename); exit(0); }}"
        done = dtrace("-wq", "-i", clause, "-n", go)
        assert done.stdout.strip() == "call-made"


def test_a_function_of_several_names_has_the_plainest_and_a_glob_those_that_it_matches(
    dtrace: Run, named: Path
) -> None:
    """One probe however it is named; a glob that does not match the plainest name makes another (dt_pid.c)."""
    clauses = "".join(
        f'pid$target:named:{name}:entry /probefunc == "plain"/ {{ @[{number}, probemod] = count(); }}'
        for number, name in enumerate(("plain", "longer_name", "__hidden", "*"))
    )
    words = dtrace("-qn", clauses, "-c", named).stdout.split()
    assert sorted(zip(*[iter(words)] * 3, strict=True)) == [(str(number), "a.out", "3") for number in range(4)]
    descriptions = "pid$target::plain:entry, pid$target:a.out:__hid*:entry, pid$target::longer_name:entry"
    words = dtrace("-qn", f"{descriptions} {{ @[probefunc] = count(); }}", "-c", named).stdout.split()
    assert sorted(zip(*[iter(words)] * 2, strict=True)) == [("__hidden", "3"), ("plain", "3")]


def test_a_provider_of_a_process_by_a_glob_is_each_that_the_process_has(dtrace: Run, named: Path) -> None:
    clause = """
        p*d$target:a.out:plain:entry, p*d$target:a.out:plain:call-made, *$target:libc:pthread_mutex_lock:mutex-acquire
        { @[probeprov, probename] = min(arg0); }"""
    words = dtrace("-qn", clause, "-c", named).stdout.split()
    found = {(provider.rstrip("0123456789"), name) for provider, name, _ in zip(*[iter(words)] * 3, strict=True)}
    assert found == {("paid", "call-made"), ("pid", "entry"), ("plockstat", "mutex-acquire")}
    done = dtrace("-n", "pid*:a.out:plain:entry", "-c", named, status=1)
    assert "name one, as in pid$target or pid1234" in done.stderr


def test_an_instruction_by_its_address(dtrace: Run, named: Path) -> None:
    listing = subprocess.run(["nm", named], capture_output=True, text=True, check=True).stdout
    (address,) = (int(line.split()[0], 16) for line in listing.splitlines() if line.endswith(" plain"))
    clause = f"pid$target:a.out:-:{address:x} {{ @[probefunc, probename, ufunc(uregs[R_PC])] = count(); }}"
    assert dtrace("-qn", clause, "-c", named).stdout.split() == ["-", f"{address:x}", "named`plain", "3"]
    for text, told in (
        (f"libc:-:{address:x}", "only the a.out module is valid with the '-' function [D_PROC_LIB]"),
        ("a.out:-:entry", "only individual addresses may be specified with the '-' function [D_PROC_NAME]"),
        (f"a.out:-:{address + 2:x}", "is not aligned on an instruction [D_PROC_ALIGN]"),
        ("a.out:-:1", "does not match any probes [D_PDESC_ZERO]"),
    ):
        assert told in dtrace("-n", f"pid$target:{text}", "-c", named, status=1).stderr


def test_a_place_may_have_more_clauses_than_its_cookie_has_bits(dtrace: Run, named: Path) -> None:
    """They run in their order, for the functions that each means; `this` goes from one to the next."""
    clauses = "".join(
        f"pid$target:a.out:{name}:entry {{ this->n++; @[probefunc, this->n] = count(); }}\n"
        for number in range(45)
        for name in ("plain", "main" if number % 2 else "*")
    )
    words = dtrace("-qn", clauses, "-c", named).stdout.split()
    counts = {(name, int(n)): int(count) for name, n, count in zip(*[iter(words)] * 3, strict=True)}
    assert {n: counts[name, n] for name, n in counts if name == "plain"} == dict.fromkeys(range(1, 69), 3)
    assert [n for name, n in counts if name == "main"] == list(range(1, 46))
