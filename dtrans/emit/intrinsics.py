"""The C behind the intrinsics of knowledge rows: helper calls, and functions of `templates/c`."""

from __future__ import annotations

from collections.abc import Mapping

#: Numbers that one helper call gives. The text is the call; the same one is made once in a clause.
HELPERS: Mapping[str, tuple[str, str, str]] = {
    # name: (kept as, call, value)
    "__tgid": ("pid_tgid", "bpf_get_current_pid_tgid()", "(s32)({0} >> 32)"),
    "__tid": ("pid_tgid", "bpf_get_current_pid_tgid()", "(s32){0}"),
    "__uid": ("uid_gid", "bpf_get_current_uid_gid()", "(u32){0}"),
    "__gid": ("uid_gid", "bpf_get_current_uid_gid()", "(u32)({0} >> 32)"),
    "__ktime": ("now", "bpf_ktime_get_ns()", "{0}"),
    "__cpu": ("cpu", "bpf_get_smp_processor_id()", "(s32){0}"),
    "__current": ("task", "bpf_get_current_task()", "{0}"),
}

#: Where the program of ERROR that the reader fires has these among its arguments (AT_FAULT of `program.c.j2`).
AT_FAULT: Mapping[str, int] = {"pid_tgid": 4, "uid_gid": 5, "cpu": 8}

#: Functions of `templates/c` that make a string: name -> (library file, arguments after dst and its size).
STRINGS: Mapping[str, str] = {
    "__psargs": "psargs",
    "__execargs": "psargs",
    "__path": "path",
    "__any_path": "any_path",
    "__dentry_path": "dentry_path",
    "__inode_path": "inode_path",
}
