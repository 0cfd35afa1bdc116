"""The project's own examples compile, and show what they say they show."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Run
from tests.loads import NAME, command

EXAMPLES = sorted((ROOT / "examples").glob("*.d"))
_NEEDS = {"iosize.d": "tracepoint:block:block_rq_issue", "seeksize.d": "tracepoint:block:block_rq_issue"}


def _load(kind: str, *arguments: int | str) -> str:
    """A load's command line as one word for ``-c``."""
    return shlex.join(command(kind, *arguments))


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(path, marks=pytest.mark.needs(_NEEDS[path.name]) if path.name in _NEEDS else ())
        for path in EXAMPLES
    ],
    ids=lambda path: path.name,
)
def test_every_example_compiles(dtrans: Run, script: Path) -> None:
    dtrans("run", "-e", script, "-c", "/bin/true")


def test_the_demo_counts_the_calls_of_a_program_exactly(dtrans: Run) -> None:
    shown = dtrans("run", ROOT / "examples/demo.d", "-c", _load("getppid", 5000)).stdout
    assert re.search(rf"(?m)^{NAME} +getppid +5000$", shown), shown
    assert "value  ------------- Distribution ------------- count" in shown


def test_opens_shows_descriptor_and_error_of_each_open(dtrans: Run, tmp_path: Path) -> None:
    present, absent = tmp_path / "present", tmp_path / "absent"
    present.touch()
    script = ROOT / "examples/opens.d"
    shown = dtrans("run", script, "-c", _load("open", 3, str(present))).stdout
    assert len(re.findall(rf"(?m)^ *\d+ {NAME} +\d+ +0 {present}$", shown)) == 3, shown
    shown = dtrans("run", script, "-c", _load("open", 2, str(absent))).stdout
    assert len(re.findall(rf"(?m)^ *\d+ {NAME} +-1 +2 {absent}$", shown)) == 2, shown


def test_execs_shows_each_new_program_with_its_arguments(dtrans: Run) -> None:
    shown = dtrans("run", ROOT / "examples/execs.d", "-c", _load("exec", 2, "/bin/echo", "one two", "three")).stdout
    assert len(re.findall(r"(?m)^\d{4} \w{3} +\d+ \d\d:\d\d:\d\d +\d+ +\d+ /bin/echo one two three *$", shown)) == 2, (
        shown
    )


def test_readsize_shows_the_sizes_of_reads(dtrans: Run) -> None:
    shown = dtrans("run", ROOT / "examples/readsize.d", "-c", _load("read", 300, 777)).stdout
    _, _, own = shown.partition(f"  {NAME}")
    assert re.search(r"(?m)^ +512 \|@* +300 *$", own), shown


def test_readlatency_measures_every_read_of_the_target(dtrans: Run) -> None:
    shown = dtrans("run", ROOT / "examples/readlatency.d", "-c", _load("read", 300, 777)).stdout
    counts = [int(count) for count in re.findall(r"(?m)\|@* +(\d+) *$", shown)]
    assert sum(counts) >= 300, shown


def test_faults_counts_the_first_touches_of_pages(dtrans: Run) -> None:
    shown = dtrans("run", ROOT / "examples/faults.d", "-c", _load("fault", 2000)).stdout
    counted = re.search(rf"(?m)^ +\d+ +{NAME} +(\d+)$", shown)
    assert counted is not None, shown
    assert 2000 <= int(counted[1]) < 2500, shown


def test_kernel_stacks_name_the_functions_of_a_busy_kernel(dtrans: Run) -> None:
    shown = dtrans("run", ROOT / "examples/kstacks.d", "-c", _load("read", 300, 4_000_000)).stdout
    assert re.search(r"(?m)^ +vmlinux`\w+\+0x[0-9a-f]+$", shown), shown


_LEAKY = """
#include <stdlib.h>
__attribute__((noinline)) void *kept(int size) { return malloc(size); }
__attribute__((noinline)) void *used(int size) { return calloc(1, size); }
__attribute__((noinline)) void leaks(void) { for (int i = 0; i < 7; i++) kept(100); }
__attribute__((noinline)) void clean(void) { for (int i = 0; i < 50; i++) free(realloc(used(200), 4000)); }
int main(void) { leaks(); clean(); return 0; }
"""


@pytest.mark.needs("command:gcc")
def test_leaks_finds_the_bytes_that_a_program_loses(dtrans: Run, tmp_path: Path) -> None:
    source, made = tmp_path / "leaky.c", tmp_path / "leaky"
    source.write_text(_LEAKY)
    flags = ("-O1", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls", "-fno-builtin")
    subprocess.run(["gcc", *flags, "-o", made, source], check=True)
    shown = dtrans("run", ROOT / "examples/leaks.d", "-c", str(made)).stdout
    place = r"\n\S+`{0}\nleaky`{1}\+0x\w+\nleaky`{2}\+0x\w+\nleaky`main\+0x\w+\n(?:\S+\n)* +{3} bytes\n"
    for frames in (("malloc", "kept", "leaks", 700), ("calloc", "used", "clean", 0)):
        assert re.search(place.format(*frames), shown), shown
    assert re.search(r"\n\S+`realloc\nleaky`clean\+0x\w+\nleaky`main\+0x\w+\n(?:\S+\n)* +0 bytes\n", shown), shown


@pytest.mark.needs("tracepoint:kmem:kmalloc")
def test_kleaks_finds_the_kernel_memory_that_is_still_in_use(dtrans: Run) -> None:
    """A child keeps 40 of 340 event descriptors open beyond the end of the target."""
    line = (
        "import os, time\n"
        "[os.eventfd(0) for _ in range(40)]\n"
        "[os.close(os.eventfd(0)) for _ in range(300)]\n"
        "time.sleep(0.5)\n"
        "if not os.fork():\n os.closerange(0, 3); time.sleep(3)\n"
    )
    shown = dtrans("run", ROOT / "examples/kleaks.d", "-c", shlex.join([sys.executable, "-S", "-E", "-c", line])).stdout
    left = [int(size) for size in re.findall(r"`do_eventfd\+\w+\n(?:\S+\n)* +(-?\d+) bytes", shown)]
    assert sum(left) in {40 * size for size in (32, 48, 64, 96, 128)}, shown
