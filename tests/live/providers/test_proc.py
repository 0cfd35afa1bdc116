"""proc: processes, threads and signals, each firing once for what a load does; psinfo_t, lwpsinfo_t, siginfo_t."""

from __future__ import annotations

import ctypes
import json
import os
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.loads import NAME, line
from tests.programs import printed

NICE = os.getpriority(os.PRIO_PROCESS, 0)
LOAD = line(
    "several", "fork 3", "exec 2 /bin/true", "signals 5", "threads 4", "forbidden 2", "killed 3", "exec 1 /nosuchfile"
)
SOURCE = f"""
proc:::create /execname == "{NAME}" && progenyof($target)/ {{ @["create", args[0]->pr_ppid == pid] = count(); }}
proc:::start /execname == "{NAME}" && progenyof($target)/ {{ @["start", ppid == $target] = count(); }}
proc:::lwp-create /execname == "{NAME}" && progenyof($target)/
{{ @["lwp-create", args[0]->pr_lwpid != args[1]->pr_pid] = count(); }}
proc:::lwp-start /execname == "{NAME}" && progenyof($target)/ {{ @["lwp-start", pid == $target] = count(); }}
proc:::lwp-exit /execname == "{NAME}" && progenyof($target)/ {{ @["lwp-exit", pid == $target] = count(); }}
proc:::exit /progenyof($target)/ {{ @["exit", args[0]] = count(); }}
proc:::exec /execname == "{NAME}" && progenyof($target)/ {{ @["exec", args[0] == "/bin/true"] = count(); }}
proc:::exec-failure /execname == "{NAME}" && progenyof($target)/ {{ @["exec-failure", args[0]] = count(); }}
proc:::exec-success /execname == "true" && progenyof($target)/ {{ @["exec-success", 0] = count(); }}
proc:::signal-send /execname == "{NAME}" && args[1]->pr_pid == $target && args[2] != SIGCHLD/
{{ @["signal-send", args[2]] = count(); }}
proc:::signal-discard /execname == "{NAME}" && args[1]->pr_pid == $target && args[2] != SIGCHLD/
{{ @["signal-discard", args[2]] = count(); }}
proc:::signal-handle /pid == $target/ {{ @["signal-handle", args[0]] = count(); }}
proc:::signal-handle /pid == $target && args[2] != 0 && args[1]->si_signo == args[0] && args[1]->si_pid == $target/
{{ @["siginfo", args[1]->si_value] = count(); @["si_code", args[1]->si_code] = count(); }}
proc:::signal-handle /pid == $target && args[1]->si_uid == uid && args[1]->si_errno == 0/
{{ @["si_uid", 0] = count(); }}
proc:::signal-clear /pid == $target/ {{ @["signal-clear", args[0]] = count(); }}
proc:::fault /execname == "{NAME}" && progenyof($target) && args[1]->si_signo == SIGSEGV && args[1]->si_addr != 0/
{{ @["fault", args[0]] = count(); @["si_code", args[1]->si_code] = count(); }}
END {{ printa("%s %d %@d\\n", @); }}
"""
SIGUSR1, SIGUSR2, SIGTERM, ENOENT = 10, 12, 15, 2
CLD_EXITED, CLD_KILLED, FLTBOUNDS, SI_QUEUE, SEGV_ACCERR = 1, 2, 6, -1, 2


@cache
def told() -> dict[tuple[str, int], int]:
    """How often each thing happened, by what was told of it."""
    words = [shown.split() for shown in printed(SOURCE, commands=[LOAD]).splitlines() if shown]
    return {(name, ctypes.c_int64(int(what)).value): int(times) for name, what, times in words}


def of(name: str) -> dict[int, int]:
    return {what: times for (found, what), times in told().items() if found == name}


def proving(**cases: dict[int, int]) -> list[object]:
    return [
        pytest.param(name, expected, marks=pytest.mark.proves(f"proc:::{name}"))
        for name, expected in ((name.replace("_", "-"), expected) for name, expected in cases.items())
    ]


#: Children: fork 3, exec 3, forbidden 2, killed 6. Threads: 4.
@pytest.mark.parametrize(
    ("name", "expected"),
    proving(
        create={1: 14},
        start={1: 14},
        lwp_create={0: 14, 1: 4},
        lwp_start={0: 14, 1: 4},
        lwp_exit={0: 12, 1: 5},  # Those that became /bin/true end under its name.
        exit={CLD_EXITED: 3 + 3 + 1, CLD_KILLED: 2 + 6},
        exec={1: 2, 0: 1},
        exec_failure={ENOENT: 1},
        exec_success={0: 2},
        signal_send={SIGUSR1: 5, SIGTERM: 5},
        signal_discard={SIGUSR2: 5},
        signal_handle={SIGUSR1: 5},
        signal_clear={SIGTERM: 5},
        fault={FLTBOUNDS: 2},
    ),
)
def test_a_probe_fires_once_for_each_thing_that_the_load_does(name: str, expected: dict[int, int]) -> None:
    assert of(name) == expected


def test_a_process_starts_before_its_first_thread_and_ends_after_its_last() -> None:
    text = """
        proc:::start, proc:::lwp-start, proc:::lwp-exit, proc:::exit
        /ppid == $target/ { printf("%s\\n", probename); }"""
    assert printed(text, commands=[line("fork", 1)]).split() == ["start", "lwp-start", "lwp-exit", "exit"]


@pytest.mark.proves(
    "siginfo_t.si_signo", "siginfo_t.si_code", "siginfo_t.si_errno", "siginfo_t.si_pid", "siginfo_t.si_uid",
    "siginfo_t.si_addr", "siginfo_t.si_value",
)  # fmt: skip
def test_a_signal_s_information_is_what_was_sent() -> None:
    assert of("siginfo") == {4711: 5}
    assert of("si_code") == {SI_QUEUE: 5, SEGV_ACCERR: 2}
    assert of("si_uid") == {0: 5}


@pytest.mark.proves("siginfo_t.si_band", "siginfo_t.si_fd")
def test_a_signal_that_tells_of_a_descriptor_has_it_and_what_came() -> None:
    # POLLIN | POLLRDNORM, for POLL_IN.
    text = """
        proc:::signal-handle /pid == $target && args[0] == 34 && args[1]->si_code == 1/ {
            @[args[1]->si_code, args[1]->si_fd, args[1]->si_band] = count();
        }
        END { printa("%d %d %d %@d\\n", @); }"""
    assert printed(text, commands=[line("arrivals", 3)]).split() == ["1", "50", "65", "3"]


@pytest.mark.proves("siginfo_t.si_status")
def test_a_child_s_end_has_its_status() -> None:
    source = """
        proc:::signal-handle /pid == $target && args[0] == SIGCHLD/
        { printf("%d %d %d", args[1]->si_code, args[1]->si_status, args[1]->si_signo); }"""
    assert printed(source, commands=[line("child", 7)]).split() == ["1", "7", "17"]


@pytest.mark.proves("siginfo_t.si_band", "siginfo_t.si_fd")
def test_a_signal_of_a_descriptor_tells_what_came_where() -> None:
    source = """
        proc:::signal-handle /pid == $target && args[0] == SIGUSR1/
        { printf("%d %d %d", args[1]->si_fd, args[1]->si_band, args[1]->si_code); }"""
    assert printed(source, commands=[line("asynchronous", 77)]).split() == ["77", "65", "1"]  # POLLIN | POLLRDNORM


@pytest.mark.proves("psinfo_t.pr_start", "pr_timestruc_t.tv_sec", "pr_timestruc_t.tv_nsec")
def test_a_process_tells_when_it_started() -> None:
    source = 'BEGIN { printf("%d %d", curpsinfo->pr_start.tv_sec, curpsinfo->pr_start.tv_nsec); exit(0); }'
    seconds, nanoseconds = map(int, printed(source).split())
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    # The processors may stand still between two looks at a clock.
    before, now, after = (
        time.clock_gettime(getattr(time, f"CLOCK_{name}")) for name in ("BOOTTIME", "REALTIME", "BOOTTIME")
    )
    began = seconds + nanoseconds / 1e9 - ticks / os.sysconf("SC_CLK_TCK")
    assert now - after - 0.5 < began < now - before + 0.5


MEMBERS = {
    "curpsinfo": "pr_pid pr_ppid pr_pgid pr_sid pr_uid pr_euid pr_gid pr_egid pr_nlwp pr_fname pr_psargs pr_argc "
    "pr_argv",
    "curlwpsinfo": "pr_lwpid pr_onpro pr_bindpro",
}
FIXED: dict[str, dict[str, Any]] = {
    "curpsinfo": {
        "pr_dmodel": 2, "pr_taskid": 0, "pr_projid": 0, "pr_poolid": 0, "pr_zoneid": 0, "pr_contract": -1,
        "pr_ttydev": 0xFFFFFFFF,
    },
    "curlwpsinfo": {
        "pr_flag": 0, "pr_state": 6, "pr_sname": ord("O"), "pr_nice": 20 + min(NICE + 5, 19),
        "pr_pri": 19 - min(NICE + 5, 19), "pr_clname": "TS", "pr_bindpset": -1,
    },
}  # fmt: skip


@pytest.mark.proves(
    *(f"psinfo_t.{name}" for name in (*MEMBERS["curpsinfo"].split(), *FIXED["curpsinfo"], "pr_addr", "pr_envp")),
    *(f"lwpsinfo_t.{name}" for name in (*MEMBERS["curlwpsinfo"].split(), *FIXED["curlwpsinfo"], "pr_addr")),
    "curpsinfo",
    "curlwpsinfo",
)
def test_a_process_and_a_thread_are_told_as_they_know_themselves(capfd: pytest.CaptureFixture[str]) -> None:
    asked = [(of, name) for of in MEMBERS for name in (*MEMBERS[of].split(), *FIXED[of])]
    text = ("pr_fname", "pr_psargs", "pr_clname")
    prints = "".join(
        f'printf("{name}\\t%{"s" if name in text else "d"}\\n", {"" if name in text else "(int64_t)"}{of}->{name});'
        for of, name in asked
    )
    source = f"""
        syscall::getppid:entry /pid == $target && execname == "{NAME}"/ {{ {prints} }}
        syscall::getppid:entry /pid == $target && execname == "{NAME}"/
        {{ printf("addr\\t%d\\n", curpsinfo->pr_addr == (uintptr_t)curthread &&
               curlwpsinfo->pr_addr == (uintptr_t)curthread);
           printf("envp\\t%s\\n", copyinstr(*(uintptr_t *)copyin(curpsinfo->pr_envp, 8))); }}"""
    shown = dict(
        one.split("\t") for one in printed(source, commands=[f"setsid -w {line('identity')}"]).splitlines() if one
    )
    known = json.loads(capfd.readouterr().out) | FIXED["curpsinfo"] | FIXED["curlwpsinfo"]
    assert shown.pop("addr") == "1"
    assert "=" in shown.pop("envp")
    assert shown.pop("pr_psargs") == known.pop("pr_psargs")[:79]
    assert shown == {name: str(value) for name, value in known.items()}
