"""The smallest "kernel source" that BCC compiles against, so that no kernel headers are ever needed.

BCC takes kernel headers for little more than the names of integer types. All layouts of the kernel's own structures
come from BTF instead (`dtrans.run.kernel.layouts`). This is what BCC's own ``helpers.h`` includes, from 0.26 to 0.37:
the folder ``include`` below the one that the environment variable BCC_KERNEL_SOURCE names.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_TYPES = """\
#pragma once
typedef unsigned char __u8, u8, uint8_t;
typedef signed char __s8, s8, int8_t;
typedef unsigned short __u16, u16, uint16_t, __be16, __le16, __sum16, umode_t;
typedef short __s16, s16, int16_t;
typedef unsigned int __u32, u32, uint32_t, __be32, __le32, __wsum, uint, gfp_t, dev_t, uid_t, gid_t, qid_t;
typedef int __s32, s32, int32_t, pid_t, clockid_t, timer_t, key_t, mqd_t, key_serial_t, rwf_t;
typedef unsigned long long __u64, u64, uint64_t, __be64, __le64, sector_t;
typedef long long __s64, s64, int64_t, loff_t;
typedef unsigned long size_t, uintptr_t, ino_t, aio_context_t;
typedef long ssize_t, off_t, intptr_t;
typedef _Bool bool;
#define __aligned_u64 __u64 __attribute__((aligned(8)))
#define __always_inline inline __attribute__((always_inline))
#define __user
#define NULL ((void *)0)
#define true 1
#define false 0
#define TASK_COMM_LEN 16
"""

#: Registers as BPF programs see them (arch/*/include/uapi/asm/bpf_perf_event.h, arch/*/include/asm/ptrace.h).
_REGISTERS = {
    "x86_64": """\
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};
typedef struct pt_regs bpf_user_pt_regs_t;
""",
    "aarch64": """\
struct user_pt_regs { __u64 regs[31], sp, pc, pstate; };
struct pt_regs { __u64 regs[31], sp, pc, pstate, orig_x0; };
typedef struct user_pt_regs bpf_user_pt_regs_t;
""",
}

_PERF_EVENT = "struct bpf_perf_event_data { bpf_user_pt_regs_t regs; __u64 sample_period, addr; };\n"
_INCLUDE_TYPES = "#include <linux/types.h>\n"
_HEADERS = {
    "linux/kconfig.h": f"{_INCLUDE_TYPES}#define CONFIG_BPF_SYSCALL 1\n#define CONFIG_64BIT 1\n",
    # Only BCC's headers ask for the version, to choose among spellings of the helpers that all kernels since 5.10 have.
    "linux/version.h": """\
#pragma once
#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + (c))
#define LINUX_VERSION_CODE KERNEL_VERSION(6, 1, 0)
""",
    "linux/log2.h": """\
#pragma once
#define roundup_pow_of_two(n) ((n) <= 1 ? 1 : 1UL << (64 - __builtin_clzl((n) - 1)))
""",
    "linux/bpf_common.h": "",
    "linux/sched.h": _INCLUDE_TYPES,
    "linux/ptrace.h": _INCLUDE_TYPES,
    # BCC rounds the sizes of ring buffers by it; the loader decides the real size.
    "asm/page.h": "#pragma once\n#define PAGE_SHIFT 12\n#define PAGE_SIZE (1UL << PAGE_SHIFT)\n",
    "uapi/linux/bpf.h": _INCLUDE_TYPES,
    "uapi/linux/bpf_perf_event.h": _INCLUDE_TYPES,
    "uapi/linux/if_ether.h": _INCLUDE_TYPES,
    "uapi/linux/if_packet.h": _INCLUDE_TYPES,
    "uapi/linux/ptrace.h": _INCLUDE_TYPES,
    "uapi/linux/types.h": _INCLUDE_TYPES,
}


#: What BCC looks for among the kernel's functions, as /proc/kallsyms has them; all kernels since 5.5 have these. Of one
#: that lacks them it would make calls of bpf_probe_read() (src/cc/frontends/clang/b_frontend_action.cc).
_SYMBOLS = "".join(
    f"{place:016x} T bpf_probe_read_{name}\n"
    for place, name in enumerate(("kernel", "kernel_str", "user", "user_str"), 0xFFFFFFFF81000000)
)


def stub_files(machine: str) -> dict[str, str]:
    """Path in the folder -> text. Raises KeyError for a machine that is not known."""
    headers = {"linux/types.h": _TYPES + _REGISTERS[machine] + _PERF_EVENT, **_HEADERS}
    return {"kallsyms": _SYMBOLS, **{f"include/{path}": text for path, text in headers.items()}}


def write_stub(folder: Path, machine: str) -> None:
    """The kernel source for a machine in a folder: what is missing there, or damaged, is written.

    Others may read, and write the same, meanwhile: a file appears whole.
    """
    for path, text in stub_files(machine).items():
        file = folder / path
        with contextlib.suppress(FileNotFoundError):
            if file.read_bytes() == text.encode():
                continue
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f".{file.name}-{os.getpid()}")
        draft.write_text(text)
        draft.replace(file)
