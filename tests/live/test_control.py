"""What controls a session from outside and from within: options, commands, exit statuses, files."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.loads import command

GETPPID = shlex.join(command("getppid", 20))
#: A little of everything that an option can change.
PROGRAM = """
    BEGIN {
        self->x = strjoin(execname, "y"); a[execname] = 1; @[execname, 1] = count(); @q[1] = quantize(5);
        printf("%s\\n", self->x); stack(); ustack(); s = speculation();
    }
    BEGIN { speculate(s); printf("s\\n"); }
    BEGIN { commit(s); }
    BEGIN { exit(0); }
"""


def python(*lines: str) -> str:
    return shlex.join([sys.executable, "-S", "-E", "-c", "\n".join(lines)])


# --- options ---------------------------------------------------------------------------------------------------------


def test_setopt_changes_what_can_be_changed(dtrace: Run) -> None:
    text = """
        BEGIN { @["b"] = sum(1); @["a"] = sum(2); }
        BEGIN { setopt("quiet"); setopt("aggsortkey"); printf("quiet\\n"); printa("%s", @); printf("\\n"); }
        BEGIN { setopt("quiet", "0"); trace("loud"); clear(@); trunc(@); }
        BEGIN { setopt("quiet", "1"); setopt("bufsize", "1m"); setopt("nosuch"); setopt("quiet", "um, no"); }
        BEGIN { setopt("aggrate", "0.5hz"); x = 1; setopt(x ? "quiet" : "", lltostr(x - 1)); }
        BEGIN { trace("loud again"); setopt("quiet", lltostr(x)); printf("end\\n"); exit(0); }
    """
    done = dtrace("-n", text)
    assert "quiet\nab\n" in done.stdout
    assert "loud" in done.stdout.split("quiet\n")[1].split("FUNCTION")[0]
    where = "dtrace: error on enabled probe ID 4 (ID 1: dtrace:::BEGIN): couldn't set option"
    assert f'{where} "bufsize" to "1m": Operation illegal when tracing is active\n' in done.stderr
    assert f'{where} "nosuch" to "1": Invalid option name\n' in done.stderr
    assert f'{where} "quiet" to "um, no": Invalid value for specified option\n' in done.stderr
    assert 'couldn\'t set option "aggrate" to "0.5hz": Invalid value for specified option\n' in done.stderr
    assert re.search(r":BEGIN +loud again", done.stdout)
    assert done.stdout.rstrip().endswith("end")


def test_flags_take_the_words_of_the_original(dtrace: Run) -> None:
    words = "yes No ENABLED off set UnSet 1 0 true disable on".split()
    pragmas = "\n".join(f"#pragma D option quiet={word}" for word in words)
    assert dtrace("-n", pragmas + "\nBEGIN { trace(1); exit(0); }").stdout.split() == ["1"]
    assert "CPU" in dtrace("-x", "quiet=off", "-n", "BEGIN { exit(0); }").stdout


@pytest.mark.parametrize("option", ["bufsize=8", "aggsize=4"])
def test_a_buffer_that_can_hold_nothing_is_refused(dtrace: Run, option: str) -> None:
    done = dtrace("-x", option, "-n", "BEGIN { @[pid] = count(); trace(pid); exit(0); }", status=1)
    told = done.stderr.splitlines()
    assert told[0].endswith("matched 1 probe")
    assert told[1] == "dtrace: could not enable tracing: Enabling exceeds size of buffer"


@pytest.mark.needs("cpus:2")
def test_cpu_leaves_out_what_fires_on_others(dtrace: Run) -> None:
    child = python(
        "import os",
        "for n in range(40):",
        " os.sched_setaffinity(0, {n % 2})",
        " os.getppid()",
    )
    text = "syscall::getppid:entry /pid == $target/ { @[cpu] = count(); }"
    assert dtrace("-q", "-x", "cpu=1", "-n", text, "-c", child).stdout.split() == ["1", "20"]


def test_argref_permits_arguments_that_are_not_used(dtrace: Run) -> None:
    text = "BEGIN { trace($1); exit(0); }"
    assert dtrace("-q", "-x", "argref", "-n", text, "7", "8").stdout.strip() == "7"
    refused = dtrace("-qn", text, "7", "8", status=1).stderr
    assert "extraneous argument '8' ($2 is not referenced)" in refused
    assert "given with -s" in refused


def test_a_macro_that_is_not_defined_is_told_as_it_is_written(dtrace: Run) -> None:
    assert "macro argument $$2 is not defined" in dtrace("-en", "BEGIN { trace($$2); }", "7", status=1).stderr
    assert "macro argument $2 is not defined" in dtrace("-en", "BEGIN { trace($2); }", "7", status=1).stderr


def test_commands_get_the_environment_of_setenv_and_unsetenv(dtrace: Run) -> None:
    child = python("import os", "print(os.environ.get('ONE'), os.environ.get('HOME'))")
    done = dtrace("-q", "-x", "setenv=ONE=1=2", "-x", "unsetenv=HOME", "-n", "BEGIN { x = 1; }", "-c", child)
    assert done.stdout.split("\n")[0] == "1=2 None"


def test_preprocessor_options_are_those_of_the_letters(dtrace: Run, tmp_path: Path) -> None:
    (tmp_path / "seven.h").write_text("#define SEVEN 7\n")
    script = tmp_path / "x.d"
    script.write_text('#include "seven.h"\nBEGIN { printf("%d %d", SEVEN, EIGHT); exit(0); }\n')
    line = ("-x", "define=EIGHT=8", "-x", f"incdir={tmp_path}", "-x", "cpphdrs", "-x", "cpp", "-X", "c")
    done = dtrace("-q", *line, "-s", script)
    assert done.stdout.strip() == "7 8"
    assert "seven.h" in done.stderr


@pytest.mark.parametrize(
    "settings",
    [
        "strsize=1 dynvarsize=0 aggsize=0 bufsize=0 specsize=0 stackframes=0 ustackframes=0 maxframes=0 nspec=0",
        "strsize=2k dynvarsize=64m aggsize=64m bufsize=64m specsize=1t stackframes=100000 ustackframes=99999 nspec=99",
        "switchrate=1ns aggrate=1ns statusrate=1ns stackindent=999 jstackframes=0 jstackstrsize=0 cpu=99",
        "switchrate=99999999999999hz aggsortpos=9 aggsortkeypos=9 bufpolicy=ring",
        "strsize=1m",
        "aggsize=1g",
    ],
)
def test_extreme_options_work_or_are_refused_for_a_reason(dtrace: Run, settings: str) -> None:
    words = [word for setting in settings.split() for word in ("-x", setting)]
    done = dtrace("-q", *words, "-n", PROGRAM, status=None)
    assert "please report" not in done.stderr.lower()
    refused = (
        "no memory for the map",
        "bytes of memory for its strings, and the kernel gives 4194304",
        "Enabling exceeds size of buffer",
    )
    assert done.returncode == 0 or any(reason in done.stderr for reason in refused)


@pytest.mark.parametrize("setting", ["strsize=0", "strsize=2m", "nspec=5000", "quiet=perhaps"])
def test_values_out_of_bounds_are_refused(dtrace: Run, setting: str) -> None:
    name, _, value = setting.partition("=")
    told = dtrace("-x", setting, "-n", "BEGIN", status=1).stderr
    assert told.startswith(f"dtrace: failed to set -x {name}: Invalid value for specified option\n  hint: it takes ")
    told = dtrace("-n", f"#pragma D option {setting}\nBEGIN", status=1).stderr
    assert f"failed to set option '{name}' to '{value}': Invalid value for specified option [D_PRAGMA_OPTSET]" in told


@pytest.mark.parametrize("setting", ["aggsize=1t", "bufsize=2g", "specsize=2g"])
def test_buffers_that_are_too_large_are_lowered_or_refused(dtrace: Run, setting: str) -> None:
    program = "BEGIN { @ = count(); exit(0); }"
    assert "size lowered to 1g" in dtrace("-x", setting, "-n", program).stderr
    assert "lowered" not in dtrace("-x", setting, "-x", "quietresize", "-n", program).stderr
    assert "Not enough space" in dtrace("-x", "bufresize=manual", "-x", setting, "-n", program, status=1).stderr


# --- processes -------------------------------------------------------------------------------------------------------


def test_tracing_ends_when_the_last_of_several_commands_ends(dtrace: Run) -> None:
    text = 'syscall::getppid:entry /execname == "dtransload" && ppid == $pid/ { @[pid == $target] = count(); }'
    done = dtrace("-qn", text, "-c", GETPPID, "-c", shlex.join(command("getppid", 30)))
    assert [line.split() for line in done.stdout.strip().splitlines()] == [["1", "20"], ["0", "30"]]


def test_a_process_of_p_is_left_alone(dtrace: Run) -> None:
    with subprocess.Popen(["sleep", "30"]) as process:
        try:
            text = 'BEGIN { printf("%d\\n", $target); exit(3); }'
            assert dtrace("-qn", text, "-p", str(process.pid), status=3).stdout.split()[0] == str(process.pid)
            assert process.poll() is None
        finally:
            process.kill()


def test_the_signal_that_ended_a_command_is_told_whatever_it_is(dtrace: Run) -> None:
    names = {9: "SIGKILL", 33: "SIGRTMIN-1", 34: "SIGRTMIN", 40: "SIGRTMIN+6", 64: "SIGRTMAX"}
    commands = [word for number in names for word in ("-c", python("import os", f"os.kill(os.getpid(), {number})"))]
    told = dtrace("-n", "BEGIN", *commands).stderr
    assert sorted(line.partition("terminated by ")[2] for line in told.splitlines() if " by " in line) == sorted(
        names.values()
    )


def test_a_thread_is_no_process_to_trace(dtrace: Run) -> None:
    held = threading.Event()
    thread = threading.Thread(target=held.wait)
    thread.start()
    try:
        told = dtrace("-n", "BEGIN", "-p", str(thread.native_id), status=1).stderr
    finally:
        held.set()
    assert f"failed to grab pid {thread.native_id}: it is a thread of process {os.getpid()}" in told


# --- exit statuses ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["-qn", "BEGIN { exit(0); }"], 0),
        (["-qn", "BEGIN { exit(300); }"], 300 % 256),
        (["-qn", "BEGIN { exit(-1); }"], 255),
        (["-qn", "BEGIN { exit(5); } END { exit(6); }"], 6),
        (["-en", "BEGIN { exit(5); }"], 0),
        (["-n", "nosuch:::probe"], 1),
        (["-s", "/no/such/file"], 1),
        (["-qn", "BEGIN { exit(0); }", "-o", "/no/such/folder/out"], 1),
        (["-x", "nosuch"], 1),
        (["-X", "q", "-n", "BEGIN"], 1),
        (["-p", "x", "-n", "BEGIN"], 1),
        (["-c", "/no/such/command", "-n", "BEGIN"], 1),
        (["-A", "-n", "BEGIN"], 1),
        (["-a"], 1),
        (["-G", "-s", "x.d"], 1),
        (["-32"], 1),
        (["-64", "-en", "BEGIN"], 0),
        (["-V"], 0),
        (["-Zen", "nosuch:::probe"], 0),
        ([], 2),
        (["-k"], 2),
        (["-n"], 2),
        (["-l", "-V"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_the_exit_status_is_the_originals(dtrace: Run, words: list[str], status: int) -> None:
    dtrace(*words, status=status)


def test_output_is_appended_to_the_file_of_o(dtrace: Run, tmp_path: Path) -> None:
    file = tmp_path / "out"
    file.write_text("first\n")
    for _ in range(2):
        dtrace("-qn", 'BEGIN { printf("more\\n"); exit(0); }', "-o", file)
    assert file.read_text() == "first\nmore\n\nmore\n\n"
