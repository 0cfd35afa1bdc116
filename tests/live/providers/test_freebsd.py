"""Providers that FreeBSD has and Solaris has not, but for vfs: the kernel's memory, timers and privileges."""

from __future__ import annotations

import shlex
import sys

import pytest

from tests.loads import NAME, line
from tests.programs import printed, refused


@pytest.mark.proves("dtmalloc:::malloc", "dtmalloc:::free")
def test_memory_that_the_kernel_gets_for_messages_is_told_with_its_size() -> None:
    source = f"""
        dtmalloc:::malloc /execname == "{NAME}" && arg3 == 56/ {{ @n["malloc"] = count(); }}
        dtmalloc:::free /execname == "{NAME}"/ {{ @n["free"] = count(); }}
        END {{ printa("%s %@d\\n", @n); }}"""
    told = dict(map(str.split, printed(source, commands=[line("message", 50)]).split("\n")[:2]))
    assert int(told["malloc"]) >= 50  # 8 bytes behind a struct msg_msg of 48.
    assert int(told["free"]) >= 50


@pytest.mark.proves("callout_execute:::callout-start", "callout_execute:::callout-end", "callout_t.c_func",
                    "callout_t.c_flags")  # fmt: skip
def test_a_timer_of_the_kernel_begins_and_ends() -> None:
    source = """
        callout_execute:::callout-start { timer[cpu] = arg0; seen[cpu] = args[0]->c_func; flags = args[0]->c_flags; }
        callout_execute:::callout-end /timer[cpu] != 0 && timer[cpu] == arg0/
        { printf("%d %a", flags != -1, seen[cpu]); exit(0); }"""
    known, name = printed(source).split()
    assert known == "1"
    assert "`" in name


@pytest.mark.proves("sdt:::callout-start", "sdt:::callout-end")
def test_a_callout_of_solaris_begins_and_ends() -> None:
    source = """
        sdt:::callout-start { timer[cpu] = arg0; seen[cpu] = ((callout_t *)arg0)->c_func; }
        sdt:genunix:callout_execute:callout-end /timer[cpu] != 0 && timer[cpu] == arg0/
        { printf("%a", seen[cpu]); exit(0); }"""
    assert "`" in printed(source)


@pytest.mark.proves("fbt:kernel:kern_close:entry", "fbt:kernel:kern_close:return")
def test_a_file_that_a_process_closes_is_told_and_one_that_it_has_not() -> None:
    source = """
        fbt::kern_close:entry /pid == $target && arg1 > 900/
        { self->fd = arg1; printf("%d %d ", arg1, ((struct thread *)arg0)->td_tid == tid); }
        fbt::kern_close:return /self->fd/ { printf("%d\\n", arg1); self->fd = 0; }"""
    text = """
import os
os.dup2(0, 901)
os.close(901)
try:
    os.close(901)
except OSError:
    pass
"""
    command = shlex.join([sys.executable, "-S", "-E", "-c", text])
    assert printed(source, commands=[command]).split() == "901 1 0 901 1 9".split()


@pytest.mark.proves("priv:::priv-ok", "priv:::priv-err")
@pytest.mark.needs("rawtp:cap_capable")
def test_a_privilege_is_granted_to_root_and_denied_to_nobody() -> None:
    source = """
        priv:::priv-ok, priv:::priv-err
        /progenyof($target) && execname == "chroot" && args[0] == 18/
        { @[probename, uid] = count(); }
        END { printa("%s %d %@d\\n", @); }"""
    command = "sh -c 'chroot / true; setpriv --reuid 65534 chroot / true; :'"
    told = sorted(one for one in printed(source, commands=[command]).splitlines() if one)
    assert told == ["priv-err 65534 1", "priv-ok 0 1"]


@pytest.mark.parametrize(
    ("probe", "reason"),
    [
        ("mach_trap::task_for_pid:entry", "Linux has no Mach"),
        ("audit::aue_open_*:commit", "no tracepoint tells of them"),
        ("udplite:::send", "as protocol 136"),
        ("nfscl:nfs3:read:start", "has tracepoints of its own"),
        ("sctp:::send", "as protocol 132"),
        ("tcp:::debug-input", "args[3] is their args[0]"),
        ("tcp:::debug-user", "syscall::connect:entry"),
        ("tcp:::siftr", "a module of FreeBSD's"),
        ("fbt::tcp_do_segment:return", "two functions"),
        ("fbt::tcp_timer:entry", "sdt:tcp::tcp_retransmit_skb"),
        ("::zio_read:entry", "ZFS is a module of its own"),
        ("sdt:::txg-syncing", "zfs_txg__syncing"),
        ("sdt:::kvm-vexit", "sdt:kvm::kvm_exit"),
        (":::scsi-transport-dispatch", "scsi_dispatch_cmd_start"),
        ("sdt:stmf:stmf_task_free:stmf-task-end", "target_cmd_complete"),
        ("vfs:namecache:lookup:hit", "dnlc_lookup:return"),
        ("vfs::vop_getpages:entry", "No system call tells of it"),
    ],
)
def test_what_linux_has_not_is_refused_with_what_there_is_instead(probe: str, reason: str) -> None:
    diagnostic = refused(f"{probe} {{ }}")
    assert diagnostic.tag == "D_PDESC_ZERO"
    assert reason in diagnostic.message
    assert diagnostic.hint == "-Z lets the rest of the script run"


def test_instructions_of_the_kernel_are_refused_with_the_probes_of_its_functions() -> None:
    diagnostic = refused("kinst::vm_fault:4 { }")
    assert diagnostic.tag == "D_PDESC_ZERO"
    assert "fbt has the entry and the return" in diagnostic.hint


@pytest.mark.parametrize(
    ("kind", "member", "reason"),
    [
        ("msghdr", "msg_iovlen", "struct user_msghdr"),
        ("sockaddr", "sa_len", "does not hold its length"),
        ("sockaddr_in", "sin_len", "does not hold its length"),
    ],
)
def test_a_member_of_what_programs_hand_to_the_kernel_is_refused_with_the_reason(
    kind: str, member: str, reason: str
) -> None:
    body = f"this->it = (struct {kind} *)copyin(arg1, 16); trace(this->it->{member});"
    diagnostic = refused(f"syscall::connect:entry {{ {body} }}")
    assert diagnostic.tag == "D_XLATE_MEMB"
    assert reason in diagnostic.message


def test_what_stands_in_a_structure_that_linux_has_not_is_refused_with_the_reason() -> None:
    diagnostic = refused("tick-1s { trace(curthread->t_cpu->cpu_m.mcpu_pri); }")
    assert diagnostic.tag == "D_XLATE_MEMB"
    assert "no interrupt priority levels" in diagnostic.message
