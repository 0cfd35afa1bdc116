"""Runs the live tests, or any command, on the kernels of the lab.

python -m tests.vm                                    the live tests on every kernel
python -m tests.vm -k 6.1 -k newest -- -m proves      on two of them, with these words for pytest
python -m tests.vm --record                           and note in tests/proofs/ what they proved
python -m tests.vm -k 6.1 --command -- dtrans doctor  another command
python -m tests.vm -k 6.12-arm64                      on another machine, an AArch64
python -m tests.vm -k ./unpacked                      a kernel of your own: the folder where its package is unpacked
"""

from __future__ import annotations

import argparse
import compileall
import os
import shutil
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from xml.etree import ElementTree as ET

from tests import proving
from tests.vm import compiler
from tests.vm.guest import TIMED_OUT, Guest
from tests.vm.kernels import KERNELS, SUITES, Kernel, kernel
from tests.vm.packages import LabError, cache

_PRINTING = Lock()


@dataclass
class Outcome:
    """What came of a run in one guest."""

    name: str
    status: int
    seconds: float
    trouble: str = ""
    counts: Counter[str] = field(default_factory=Counter)

    def line(self) -> str:
        counts = ", ".join(f"{number} {what}" for what, number in self.counts.items() if number)
        state = self.trouble or ("ok" if self.status == 0 else f"exit status {self.status}")
        return f"{self.name:12} {state:16} {self.seconds:5.0f} s  {counts}"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.vm", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "-k", "--kernel", action="append", help=f"{', '.join(KERNELS)}, or a folder; default: the first {len(SUITES)}"
    )
    parser.add_argument("-t", "--timeout", type=float, default=3600, metavar="SECONDS", help="for each kernel")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count() or 1, help="guests at a time")
    parser.add_argument("-w", "--writable", action="append", type=Path, default=[], help="a folder to share")
    parser.add_argument("--record", action="store_true", help="keep what the tests prove in tests/proofs/")
    parser.add_argument("--command", action="store_true", help="the words are a command, not arguments of pytest")
    parser.add_argument("words", nargs="*", metavar="-- WORD ...")
    options = parser.parse_args(arguments)
    try:
        kernels = [kernel(name) for name in options.kernel or SUITES]
        _keep_byte_code()
        with ThreadPoolExecutor(options.jobs) as pool:
            outcomes = list(pool.map(lambda one: _run(one, options), kernels))
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 2
    print()
    for outcome in outcomes:
        print(outcome.line())
    return max(outcome.status for outcome in outcomes)


def _keep_byte_code() -> None:
    """Compiles this checkout's modules: each guest would do so anew, in the time of a whole test."""
    root = proving.FOLDER.parents[1]
    for name in ("dtrans", "tests"):
        compileall.compile_dir(root / name, quiet=2)


def _run(kernel: Kernel, options: argparse.Namespace) -> Outcome:
    objects = cache() / "objects"
    objects.mkdir(parents=True, exist_ok=True)
    begin = time.monotonic()
    with TemporaryDirectory(prefix="dtrans-lab-") as folder:
        results, kept = Path(folder), proving.FOLDER / f"{kernel.name}.json"
        report, proofs = results / "junit.xml", results / "proofs.json"
        if kept.exists():
            shutil.copy(kept, proofs)
        command = options.words
        if not options.command:
            command = [sys.executable, "-m", "pytest", "-q", "-m", "live", "-p", "no:cacheprovider", "--color=no"]
            command += [f"--junit-xml={report}", f"--proofs={proofs}", *options.words]
        texts = results / "texts"
        texts.mkdir()
        environment = [("XDG_CACHE_HOME", str(objects)), (compiler.VARIABLE, str(texts))]
        guest = Guest(kernel, [results, objects, *options.writable], environment)
        with compiler.serving(texts, kernel.machine.name):
            status, trouble = _streamed(guest, command, options.timeout, f"{kernel.name:6} | ")
        if options.record and proofs.exists():
            shutil.copy(proofs, kept)
        return Outcome(kernel.name, status, time.monotonic() - begin, trouble, _counts(report))


def _streamed(guest: Guest, command: list[str], seconds: float, prefix: str) -> tuple[int, str]:
    """Runs a command in a guest and passes on what it prints: its status, and what went wrong with the guest."""
    reading, writing = os.pipe()
    with ThreadPoolExecutor(1) as printer:
        printed = printer.submit(_print, reading, prefix)
        try:
            status = guest.run(command, writing, seconds)
            return status, "timed out" if status == TIMED_OUT else ""
        except LabError as error:
            return 1, str(error)
        finally:
            os.close(writing)
            printed.result()


def _print(descriptor: int, prefix: str) -> None:
    """Passes on what a guest prints, line by line."""
    with open(descriptor, errors="replace", encoding="utf-8") as lines:
        for line in lines:
            with _PRINTING:
                print(f"{prefix}{line}", end="", flush=True)


def _counts(report: Path) -> Counter[str]:
    """How many tests passed, failed and were skipped."""
    counts: Counter[str] = Counter()
    if report.exists():
        for suite in ET.parse(report).getroot():
            found = {name: int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped")}
            counts["passed"] += found["tests"] - found["failures"] - found["errors"] - found["skipped"]
            counts["failed"] += found["failures"] + found["errors"]
            counts["skipped"] += found["skipped"]
    return counts


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
