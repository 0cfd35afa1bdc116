"""progenyof(): the processes that come from one, by a map for the target and by their parents for any other."""

from __future__ import annotations

import os
import shlex
import subprocess

from tests.conftest import Run
from tests.loads import NAME, command
from tests.programs import printed

_TEXT = f"""
syscall::getppid:entry /progenyof($target) && execname == "{NAME}"/ {{ @ = count(); }}
END {{ printa("%@d", @); }}
"""
_CALLS = shlex.join(command("getppid", 100))


def test_the_children_of_c_are_counted_and_those_whose_parent_has_ended() -> None:
    line = f"{_CALLS}; sh -c {shlex.quote(f'{_CALLS} & true')}; sh -c {shlex.quote(f'exec {_CALLS}')}; sleep 1"
    with subprocess.Popen(command("getppid", 5000)):  # Another's calls do not count.
        assert printed(_TEXT, commands=[f"sh -c {shlex.quote(line)}"]).strip() == "300"


def test_the_children_that_a_process_of_p_had_before(dtrans: Run) -> None:
    """One child runs before tracing begins, and makes its calls through a child of its own."""
    child = f"sleep 3; {_CALLS}; true"
    with subprocess.Popen(["sh", "-c", f"sh -c {shlex.quote(child)}; {_CALLS}; true"]) as target:
        done = dtrans("run", "-qn", _TEXT, "-p", str(target.pid))
    assert done.stdout.strip() == "200"


def test_any_other_process_is_found_by_the_parents() -> None:
    text = (
        f'syscall::getppid:entry /pid == $target/ {{ printf("%d%d%d", progenyof({os.getpid()}), progenyof(1), '
        "progenyof(2)); exit(0); }"
    )
    assert printed(text, commands=[shlex.join(command("getppid", 1))]).strip() == "110"
