"""What all tests share: live tests and the features that they need, the command line, loads of known size.

A test below ``tests/live`` is marked ``live``; it needs root, BTF and BCC. What more it needs it names::

    @pytest.mark.needs("tracepoint:block:block_io_start", "command:gcc")

and it is skipped where that is missing, by name. The end of a run lists what was skipped for want of what.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

from tests import proving
from tests.loads import Load
from tests.vm import compiler

ROOT = Path(__file__).resolve().parent.parent
TRACEFS = Path("/sys/kernel/tracing")
#: Long enough for a busy machine; a test that takes this long has failed.
TIMEOUT = 240.0

#: The same examples every time, and no failure for slowness; ``--hypothesis-profile=explore`` looks for new ones.
settings.register_profile("fixed", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=2000)
settings.load_profile("fixed")

_LIVE = ("root", "btf", "bcc", "tracefs")
_FAR = f"sys.path.insert(0, {str(ROOT)!r}); from tests.vm.compiler import use_host; use_host(); "
_START = f"import sys; {_FAR if compiler.VARIABLE in os.environ else ''}"
_DTRANS = f"{_START}sys.argv[0] = 'dtrans'; from dtrans.cli.main import main; sys.exit(main())"
_DTRACE = f"{_START}sys.argv[0] = 'dtrace'; from dtrans.cli.dtrace import main; sys.exit(main())"


# --- features ------------------------------------------------------------------------------------------------------


@cache
def has(feature: str) -> bool:
    """Whether this machine has a feature, asked of the kernel itself and not of dtrans.

    ``root``, ``btf``, ``bcc``, ``tracefs``; ``tracepoint:GROUP:EVENT``; ``rawtp:EVENT``; ``command:NAME``;
    ``symbol:NAME`` (kallsyms), ``address:NAME`` (with its address); ``enumerator:NAME`` (BTF); ``path:PATH``;
    ``release:X.Y`` (of Linux, at least); ``cpus:N`` (at least N); ``probes:GLOB`` (a program or library that
    defines some); ``machine:NAME`` (as ``uname -m`` has it); ``lab`` (a guest of tests/vm, where nothing else runs).
    """
    match feature.split(":"):
        case ["root"]:
            return os.geteuid() == 0
        case ["btf"]:
            return Path("/sys/kernel/btf/vmlinux").exists()
        case ["bcc"]:
            return any(Path("/usr/lib").glob("python3*/*-packages/bcc"))
        case ["tracefs"]:
            return _tracefs()
        case ["tracepoint", group, event]:
            return _tracefs() and (TRACEFS / "events" / group / event / "format").exists()
        case ["rawtp", event]:
            return has(f"symbol:__traceiter_{event}")
        case ["symbol", name]:
            return name in _symbols()
        case ["enumerator", name]:
            return name.encode() in Path("/sys/kernel/btf/vmlinux").read_bytes()
        case ["address", name]:
            return _symbols().get(name, "0").strip("0") != ""
        case ["feature", "kprobe"]:
            return Path("/sys/bus/event_source/devices/kprobe").exists()
        case ["feature", "attach_cookie"]:  # Of uprobes, from Linux 5.15 on.
            return Path("/sys/bus/event_source/devices/uprobe").exists() and has(
                "enumerator:BPF_FUNC_get_attach_cookie"
            )
        case ["command", name]:
            return shutil.which(name) is not None
        case ["probes", path]:
            return any(b"stapsdt" in found.resolve().read_bytes() for found in Path("/").glob(path.lstrip("/")))
        case ["release", number]:
            ours, least = (tuple(map(int, text.split(".")[:2])) for text in (os.uname().release, number))
            return ours >= least
        case ["path", path]:
            return Path(path).exists()
        case ["cpu", flag]:
            return f" {flag} " in Path("/proc/cpuinfo").read_text().replace("\n", " ")
        case ["machine", name]:
            return os.uname().machine == name
        case ["lab"]:
            return Path("/run/ctl/command").exists()
        case ["cpus", number]:
            return len(os.sched_getaffinity(0)) >= int(number)
    raise ValueError(f"no such feature: {feature}")


@cache
def _tracefs() -> bool:
    """Mounts tracefs where a minimal machine has not."""
    if not (TRACEFS / "events").exists() and os.geteuid() == 0:
        subprocess.run(["mount", "-t", "tracefs", "tracefs", TRACEFS], check=False, capture_output=True)
    return (TRACEFS / "events").exists()


@cache
def _symbols() -> dict[str, str]:
    with Path("/proc/kallsyms").open() as lines:
        return {words[2]: words[0] for words in map(str.split, lines)}


def needs(*features: str) -> None:
    """Skips the running test, naming the first feature that is missing. For needs that only the test finds out."""
    for feature in features:
        if not has(feature):
            pytest.skip(f"needs {feature}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if (ROOT / "tests" / "live") in item.path.parents:
            item.add_marker(pytest.mark.live)
            item.add_marker(pytest.mark.needs(*_LIVE))
        for mark in item.iter_markers("proves"):
            if unknown := set(mark.args) - proving.row_names():
                raise pytest.UsageError(f"{item.nodeid} proves rows that are not in translators/: {sorted(unknown)}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        needs(*mark.args)
    if reason := proving.lacking(item):
        pytest.skip(reason)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was skipped, by reason: a run on a poor kernel must not look like a full one."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in skipped)
    if reasons:
        terminalreporter.section("skipped")
        for reason, number in sorted(reasons.items()):
            terminalreporter.line(f"{number:4}  {reason}")


# --- proofs: what this run says of the rows of translators/ (tests/proving.py) ----------------------------------------

_RECORDING = pytest.StashKey[proving.Recording]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--proofs", type=Path, metavar="FILE", help="write what the run proves of the rows of translators/"
    )


def pytest_configure(config: pytest.Config) -> None:
    compiler.use_host()
    config.stash[_RECORDING] = proving.Recording()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    recording, path = item.config.stash[_RECORDING], item.config.getoption("proofs")
    recording.note(item, report)
    if path is not None and report.when == "teardown":  # After each test: a run may be cut off.
        proving.write(path, recording)
    return report


# --- the commands --------------------------------------------------------------------------------------------------

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def command(*arguments: str | Path, drop_in: bool = False) -> list[str]:
    """The command line that runs ``dtrans`` (or the drop-in ``dtrace``) of this checkout."""
    return [sys.executable, "-c", _DTRACE if drop_in else _DTRANS, *map(str, arguments)]


def _runner(drop_in: bool) -> Run:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "120"}

    def run(
        *arguments: str | Path, status: int | None = 0, timeout: float = TIMEOUT, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        line = command(*arguments, drop_in=drop_in)
        done = subprocess.run(
            line, input=stdin, capture_output=True, text=True, timeout=timeout, env=environment, check=False
        )
        assert "Traceback (most recent call last)" not in done.stderr, done.stderr
        if status is not None:
            assert done.returncode == status, f"exit status {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return run


@pytest.fixture
def dtrans() -> Run:
    """``dtrans("run", "-n", "...", status=0)``: runs the command and returns its output.

    `status` is the exit status to insist on, None for any. A traceback fails the test whatever the status.
    """
    return _runner(drop_in=False)


@pytest.fixture
def dtrace() -> Run:
    """The drop-in ``dtrace``, run as `dtrans` is."""
    return _runner(drop_in=True)


# --- loads ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def load() -> Iterator[Callable[..., Load]]:
    """``load("getppid", 1000)``: a process that waits, and on ``go()`` does exactly that (see tests/loads.py)."""
    with ExitStack() as started:

        def start(kind: str, *arguments: int | str | Path) -> Load:
            return started.enter_context(Load(kind, *arguments))

        yield start
