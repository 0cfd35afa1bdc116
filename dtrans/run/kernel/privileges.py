"""Why the kernel says no, told to a person: missing capabilities, lockdown, sysctls, containers.

The kernel answers EPERM for all of them. What this process holds and how the machine is set up tell them apart.
"""

from __future__ import annotations

import os

from dtrans.errors import DtransError, fail
from dtrans.files import read_text

#: include/uapi/linux/capability.h. CAP_SYS_ADMIN stands for both others, as it did before they were split off (5.8).
_CAP_SYS_ADMIN, _CAP_PERFMON, _CAP_BPF = 21, 38, 39
_HINT = "run it as root (sudo)"
_USUAL_USER_MAP = ["0", "0", "4294967295"]


def needs_root_to(action: str) -> DtransError:
    """The error for what only root can do: ``needs_root_to("read /sys/kernel/tracing")``."""
    return fail("D_NO_PRIVILEGES", f"no permission to {action}", hint=_HINT)


def effective_capabilities() -> int:
    """The bits of /proc/self/status CapEff."""
    return int(_status_field("CapEff") or "0", 16)


def missing_capabilities(held: int) -> tuple[str, ...]:
    """Which capabilities tracing needs beyond those held (bits of a capability set)."""
    if held >> _CAP_SYS_ADMIN & 1:
        return ()
    wanted = ((_CAP_BPF, "CAP_BPF"), (_CAP_PERFMON, "CAP_PERFMON"))
    return tuple(name for bit, name in wanted if not held >> bit & 1)


def check_privileges() -> None:
    """Raises D_NO_PRIVILEGES when this process cannot load and attach programs, saying what it lacks."""
    missing = missing_capabilities(effective_capabilities())
    if missing:
        raise fail(
            "D_NO_PRIVILEGES",
            f"this process lacks {' and '.join(missing)} (or CAP_SYS_ADMIN), which tracing needs",
            hint=_HINT,
        )


def lockdown_level() -> str:
    """``none``, ``integrity`` or ``confidentiality`` (Documentation, kernel_lockdown(7)); none without lockdown."""
    try:
        text = read_text("/sys/kernel/security/lockdown")
    except OSError:
        return "none"
    # none [integrity] confidentiality
    return text.partition("[")[2].partition("]")[0] or "none"


def refused(action: str, error: OSError) -> DtransError:
    """The error for a system call that failed: ``refused("attach to the tracepoint sched:sched_switch", error)``."""
    if error.errno not in (1, 13):
        return fail("D_KERNEL", f"failed to {action}: {os.strerror(error.errno or 0)}")
    for says_so, reason, hint in _reasons():
        if says_so:
            return fail("D_NO_PRIVILEGES", f"no permission to {action}: {reason}", hint=hint)
    return fail("D_NO_PRIVILEGES", f"no permission to {action}", hint="a security module may forbid it: see dmesg")


def writes_refused() -> DtransError:
    """The error for a kernel that lets no program write to processes: lockdown of either level (kernel_lockdown(7))."""
    level = lockdown_level()
    how = f" ({level})" if level != "none" else ""
    return fail(
        "D_NO_PRIVILEGES",
        f"copyout() and copyoutstr() are forbidden here: the kernel is locked down{how}",
        hint="boot without lockdown, and without Secure Boot, which may turn it on",
    )


def _reasons() -> list[tuple[bool, str, str]]:
    missing = missing_capabilities(effective_capabilities())
    user_map = read_text("/proc/self/uid_map").split()
    level = lockdown_level()
    paranoid = _sysctl("/proc/sys/kernel/perf_event_paranoid")
    return [
        (bool(missing), f"this process lacks {' and '.join(missing)}", _HINT),
        (
            user_map != _USUAL_USER_MAP,
            "this process is root only in its user namespace",
            "run it outside of the container",
        ),
        (
            _status_field("Seccomp") == "2",
            "a seccomp filter is in force, as in most containers",
            "run it outside of the container, or in a privileged one",
        ),
        (
            level == "confidentiality",
            "the kernel is locked down (confidentiality), so that no program may read its memory",
            "boot with lockdown=integrity, or without Secure Boot",
        ),
        (paranoid > 3, f"kernel.perf_event_paranoid is {paranoid}", "sysctl kernel.perf_event_paranoid=2"),
    ]


def _status_field(name: str) -> str:
    for line in read_text("/proc/self/status").splitlines():
        if line.startswith(f"{name}:"):
            return line.partition(":")[2].strip()
    return ""


def _sysctl(path: str) -> int:
    try:
        return int(read_text(path))
    except (OSError, ValueError):
        return 0
