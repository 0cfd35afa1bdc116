"""Who may trace, and from where: without privileges, and in a container's namespaces."""

from __future__ import annotations

import marshal
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dtrans.kept import to_plain
from tests.live.test_runner_session import LOADS, ORDERED, ROOT

PROGRAM = """
import marshal
import sys
from dtrans.kept import from_plain
from dtrans.errors import DtransError
from dtrans.run.session import Settings, run
pids = tuple(int(word[3:]) for word in sys.argv[2:] if word.startswith("-p "))
commands = tuple(word for word in sys.argv[2:] if not word.startswith("-p "))
try:
    sys.exit(run(from_plain(marshal.loads(bytes.fromhex(sys.argv[1]))), Settings(commands, pids)))
except DtransError as error:
    print(error.diagnostic.render(), file=sys.stderr)
    sys.exit(error.exit_status)
"""


def _trace(*words: str, before: tuple[str, ...] = (), user: int | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*before, sys.executable, "-c", PROGRAM, marshal.dumps(to_plain(ORDERED)).hex(), *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        user=user,
        timeout=60,
    )


def test_without_privileges_one_line_says_what_is_missing() -> None:
    done = _trace("true", user=65534)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "error: this process lacks CAP_BPF and CAP_PERFMON (or CAP_SYS_ADMIN), which tracing needs [D_NO_PRIVILEGES]",
        "  hint: run it as root (sudo)",
    ]


@pytest.mark.needs("command:setpriv")
def test_the_one_capability_that_is_missing_is_named() -> None:
    done = _trace("true", before=("setpriv", "--bounding-set", "-perfmon,-sys_admin", "--inh-caps", "-all"))
    assert "this process lacks CAP_PERFMON" in done.stderr


@pytest.mark.needs("command:setpriv")
def test_two_capabilities_are_enough_to_trace_system_calls() -> None:
    keep = "-all,+bpf,+perfmon"
    done = _trace(f"{LOADS} getppid 5", before=("setpriv", "--bounding-set", keep, "--inh-caps", "-all"))
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["begin 1", *map(str, range(5)), "end 2", ""]


@pytest.mark.needs("command:unshare")
def test_a_command_is_found_by_the_kernels_number_in_a_namespace_of_its_own() -> None:
    done = _trace(f"{LOADS} getppid 5", before=("unshare", "--pid", "--fork", "--mount-proc"))
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["begin 1", *map(str, range(5)), "end 2", ""]


@pytest.mark.needs("command:unshare")
def test_a_process_of_a_namespace_of_its_own_is_refused_with_the_reason() -> None:
    done = _trace("-p 1", before=("unshare", "--pid", "--fork", "--mount-proc"))
    assert "it is not the number by which the kernel knows the process" in done.stderr
    assert done.returncode == 1


@pytest.mark.needs("command:unshare")
def test_root_of_a_user_namespace_only_is_told_so() -> None:
    done = _trace("true", before=("unshare", "--user", "--map-root-user"))
    assert done.returncode == 1
    assert "root only in its user namespace" in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_the_second_interrupt_ends_at_once() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, marshal.dumps(to_plain(ORDERED)).hex(), "sleep 1000"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"begin 1\n"
    child = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text())
    os.kill(process.pid, 2)
    os.kill(process.pid, 15)
    _, told = process.communicate(timeout=10)
    # The second may also come when all has ended and Python itself is about to.
    assert process.returncode in (0, -signal.SIGTERM)
    assert told == b""
    assert not Path(f"/proc/{child}").exists()
