"""Process ids as the kernel's programs see them: those of the first pid namespace, which a container's differ from."""

from __future__ import annotations

import os
from functools import cache

from dtrans.run.kernel.bpf import PROG_RAW_TRACEPOINT, load_program, run_program

#: The inode of the first pid namespace (include/uapi/linux/nsfs.h, PID_NS_INIT_INO).
_FIRST_NAMESPACE = 0xEFFFFFFC
#: BPF: r0 = bpf_get_current_pid_tgid() >> 32; exit.
_OWN_TGID = bytes.fromhex("850000000e000000 7700000020000000 9500000000000000")


@cache
def in_first_namespace() -> bool:
    """Whether this process's pids are the kernel's own."""
    try:
        return os.stat("/proc/self/ns/pid").st_ino == _FIRST_NAMESPACE
    except OSError:
        return True


def load_pid_program() -> int:
    """The descriptor of a program that tells whoever runs it (`kernel_pid`) its process id. Raises VerifierError."""
    return load_program(PROG_RAW_TRACEPOINT, _OWN_TGID, "own_pid")


def kernel_pid(program: int | None = None) -> int:
    """This process's id as programs see it. Raises OSError, VerifierError."""
    if in_first_namespace():
        return os.getpid()
    if program is not None:
        return run_program(program)
    made = load_pid_program()
    try:
        return run_program(made)
    finally:
        os.close(made)
