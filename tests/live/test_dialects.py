"""D as it is written on FreeBSD and macOS: names that Solaris has not, or has for something else."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.loads import line

pytestmark = pytest.mark.needs("root", "bcc")
Dtrace = Callable[..., subprocess.CompletedProcess[str]]


def lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in done.stdout.splitlines() if line]


def test_system_calls_by_names_of_freebsd_and_macos_fire_with_their_arguments(dtrace: Dtrace, tmp_path: Path) -> None:
    program = """
        syscall::read_nocancel:entry /pid == $target && arg2 == 77/ { @["read_nocancel", 0, arg2] = count(); }
        syscall::mkfifo:entry /pid == $target/ { @["mkfifo", 0, arg1 & 0777] = count(); }
        syscall::lutimes:entry /pid == $target && basename(copyinstr(arg0)) == "one"/ { @["lutimes", 0, 0] = count(); }
        syscall::futimes:entry /pid == $target/ { @["futimes", arg0 > 2, 0] = count(); }
        syscall::fstatat64:entry
        /pid == $target && copyinstr(arg1) == "two"/ { @["fstatat64", arg0 > 2, arg3 & 0x100] = count(); }
        syscall::extattr_set_file:entry
        /pid == $target/ { @[strjoin("extattr:", copyinstr(arg2)), arg1, arg4] = count(); }
        syscall::kevent:entry /pid == $target/ { @["kevent", arg2, 0] = count(); }
        syscall::select_nocancel:entry /pid == $target/ { @["select", arg0, 0] = count(); }
        syscall::getentropy:entry /pid == $target && arg1 == 19/ { @["getentropy", 0, arg1] = count(); }
        syscall::bsdthread_register:return /pid == $target/ { @["register", 0, 0] = count(); }
        syscall::bsdthread_create:entry /pid == $target/ { @["thread", 0, 0] = count(); }
        syscall::bsdthread_terminate:entry /pid == $target/ { @["terminate", 0, arg0] = count(); }
        syscall::fork:return /pid == $target && (int)arg0 > 0/ { @["fork", 0, 0] = count(); }
        syscall::exit:entry /progenyof($target)/ { @["exit", arg0, pid == $target] = count(); }
        syscall::posix_spawn:entry
        /progenyof($target)/ { @[strjoin("spawn:", copyinstr(arg1)), pid == $target, arg0] = count(); }
        END { printa("%s %d %d %@d\\n", @); }"""
    told = lines(dtrace("-qn", program, "-c", line("calls", tmp_path)))
    assert sorted(told) == [
        "exit 0 0 3",
        "exit 0 1 1",
        "extattr:user.dtrans 1 5 1",
        "fork 0 0 2",
        "fstatat64 1 0 1",
        "futimes 1 0 1",
        "getentropy 0 19 1",
        "kevent 0 0 4",
        "kevent 1 0 1",
        "lutimes 0 0 1",
        "mkfifo 0 384 2",
        "read_nocancel 0 77 3",
        "register 0 0 1",
        "select 0 0 1",
        "spawn:/bin/true 0 0 1",
        "terminate 0 0 1",
        "thread 0 0 1",
    ]


def test_a_second_name_answers_only_for_what_the_program_means_by_no_other_name(dtrace: Dtrace) -> None:
    program = """
        syscall::read:entry, syscall::read_nocancel:entry
        /pid == $target && arg2 == 64/ { @["both", probefunc] = count(); }
        syscall::read_nocancel:entry /pid == $target && arg2 == 64/ { @["second", probefunc] = count(); }
        syscall::*read*:entry /pid == $target && arg2 == 64/ { @["any", probefunc] = count(); }
        syscall:freebsd::return, syscall:mach_kernel:read:return
        /pid == $target && (int)arg0 == 64/ { @["module", probefunc] = count(); }
        END { printa("%s %s %@d\\n", @); }"""
    told = lines(dtrace("-qn", program, "-c", line("read", 5, 64)))
    assert sorted(told) == ["any read 5", "both read 5", "module read 5"]


def test_a_call_that_linux_has_not_is_refused_with_what_there_is_instead(dtrace: Dtrace) -> None:
    done = dtrace("-n", "syscall::getfsstat64:entry", status=1)
    assert "Linux gives its list of mounts by the file /proc/self/mounts" in done.stderr


_READS = """
syscall::read:entry
/pid == $target && arg0 == 0/
{
    self->p = curthread->td_proc;
    this->parent = self->p->p_pptr;
    printf("%s|%s|%s|", self->p->p_comm, curproc->p_name, curthread->td_name);
    printf("%s|", memstr(self->p->p_args->ar_args, ' ', self->p->p_args->ar_length));
    printf("%s|%s|%s|", execargs, self->p->p_fd->fd_cdir->v_path, self->p->p_fd->fd_rdir->v_path);
    printf("%s|%s|%s|", jailname, self->p->p_ucred->cr_prison->pr_name, self->p->p_ucred->cr_prison->pr_path);
    printf("%s|%s|", curpsinfo->pr_jailname, self->p->p_textvp->v_path);
    printf("%d %d %d %d ", self->p->p_pid == pid, self->p->p_ppid == ppid, this->parent->p_pid, curproc == self->p);
    printf("%d %d %d %d ", self->p->p_argc, self->p->p_numthreads, self->p->p_nice, jid + curpsinfo->pr_jailid);
    printf("%d %d ", self->p->p_args->ar_length == strlen(execargs) + 1, curpsinfo->pr_arglen == strlen(execargs) + 1);
    printf("%d %d ", self->p->p_pgrp->pg_id == curpsinfo->pr_pgid, self->p->p_pgrp->pg_session->s_sid);
    printf("%d %d ", self->p->p_ucred->cr_prison->pr_id, self->p->p_ucred->cr_uid == uid);
    printf("%d %d ", curthread->td_ucred->cr_svuid == uid, curthread->td_ucred->cr_svgid == gid);
    printf("%d ", curthread->td_ucred->cr_ngroups);
    printf("%d %d %d ", curthread->td_tid == tid, curthread->thread_id == tid, uthread->td_tid == tid);
    printf("%d %d ", curthread->td_priority - 120, curthread->td_base_pri - 120);
    printf("%d %d ", 139 - curthread->sched_pri - 120, curthread->td_oncpu == cpu);
    printf("%d %d ", curthread->td_lastcpu == cpu, curthread->td_runtime > 0);
    printf("%d %d ", machtimestamp - timestamp < 1000000000, pthread_selfid != 0);
    this->slot = self->p->p_fd->fd_ofiles[arg0];
    self->v = (struct vnode *)(strip((void *)this->slot->fp_glob->fg_data, 2));
    printf("%s %s %d ", self->v->v_path, self->v->v_name, this->slot->f_fglob->fg_data == this->slot->fp_glob->fg_data);
    printf("%d %d ", this->slot->fp_glob->fg_offset, (this->slot->fp_glob->fg_flag & O_ACCMODE) == O_RDONLY);
    printf("%d %d ", curthread->last_processor->cpu_id == cpu, curthread->last_processor->runq.count > 0);
    printf("%d %d ", `averunnable.fscale, mtons(5));
    printf("%d ", `averunnable.ldavg[1] == `hp_avenrun[1] >> 5);
    printf("%d %d %d", `real_ncpus == `ncpus, `mp_ncpus == `ncpus_online, `ticks - (int)`lbolt < 100);
    exit(0);
}
"""


@pytest.mark.proves(
    "bsd_proc.p_pid", "bsd_proc.p_ppid", "bsd_proc.p_pptr", "bsd_proc.p_comm", "bsd_proc.p_name", "bsd_proc.p_ucred",
    "bsd_proc.p_args", "bsd_proc.p_argc", "bsd_proc.p_pgrp", "bsd_proc.p_numthreads", "bsd_proc.p_textvp",
    "bsd_proc.p_fd", "bsd_proc.p_nice", "bsd_thread.td_proc", "bsd_thread.td_tid", "bsd_thread.td_name",
    "bsd_thread.td_ucred", "bsd_thread.td_priority", "bsd_thread.td_base_pri", "bsd_thread.td_oncpu",
    "bsd_thread.td_lastcpu", "bsd_thread.td_runtime", "bsd_thread.thread_id", "bsd_thread.sched_pri",
    "bsd_ucred.cr_svuid", "bsd_ucred.cr_svgid", "bsd_ucred.cr_ngroups", "bsd_ucred.cr_prison", "bsd_prison.pr_id",
    "bsd_prison.pr_name", "bsd_prison.pr_path", "bsd_pargs.ar_args", "bsd_pargs.ar_length", "bsd_pgrp.pg_id",
    "bsd_pgrp.pg_session", "bsd_session.s_sid", "bsd_filedesc.fd_cdir", "bsd_filedesc.fd_rdir", "psinfo_t.pr_arglen",
    "psinfo_t.pr_jailid", "psinfo_t.pr_jailname", "execargs", "jid", "jailname", "curproc", "uthread",
    "pthread_selfid", "machtimestamp", "`real_ncpus", "`mp_ncpus", "`ticks",
    "bsd_filedesc.fd_ofiles", "bsd_fileproc.fp_glob", "bsd_fileproc.f_fglob", "bsd_fileglob.fg_data",
    "bsd_fileglob.fg_offset", "bsd_fileglob.fg_flag", "bsd_thread.last_processor", "bsd_processor.cpu_id",
    "bsd_processor.runq", "bsd_runq.count", "`averunnable.ldavg", "`averunnable.fscale",
)  # fmt: skip
def test_a_process_and_a_thread_are_read_by_the_members_of_freebsd_and_macos(dtrace: Dtrace) -> None:
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    command = "dd if=/etc/passwd of=/dev/null bs=100 count=1 status=none"
    *texts, values = dtrace("-qn", _READS, "-c", command).stdout.strip().split("|")
    assert texts == [
        "dd", "dd", "dd", command, command, str(Path.cwd()), "/", "0", "0", "/", "0", os.path.realpath("/bin/dd"),
    ]  # fmt: skip
    groups, session = len(os.getgroups()), os.getsid(0)
    told = values.split()
    parent = told.pop(2)
    assert told == [
        *f"1 1 1 6 1 {nice} 0 1 1 1 {session} 0 1 1 1 {groups} 1 1 1 {nice} {nice} {nice} 1 1 1 1 1".split(),
        *"/etc/passwd passwd 1 0 1 1 1 2048 5 1 1 1 1".split(),
    ]
    assert int(parent) > 1


_ARGUMENTS = """
syscall::read:entry
/pid == $target && arg0 == 0/
{
    this->args = curproc->p_args;
    this->left = this->args ? this->args->ar_length : 0;
    this->at = (char *)(this->args ? this->args->ar_args : 0);
    this->first = this->left > 0 ? this->at : stringof(curproc->p_comm);
    this->length = this->left > 0 ? strlen(this->at) + 1 : 0;
    this->at += this->length;
    this->left -= this->length;
    this->second = this->left > 0 ? this->at : "";
    this->length = this->left > 0 ? strlen(this->at) + 1 : 0;
    this->at += this->length;
    this->left -= this->length;
    this->third = this->left > 0 ? this->at : "";
    printf("%s|%s|%s|%d|", this->first, this->second, this->third, this->left);
    this->parent = curproc->p_pptr;
    printf("%d %d %d\\n", this->parent->p_args->ar_length, this->parent->p_args->ar_args == 0, this->parent->p_argc);
    exit(0);
}
"""


def test_the_arguments_of_a_process_are_walked_one_after_the_other(dtrace: Dtrace) -> None:
    """As programs of dwatch do. Of another process than the running one there are none."""
    command = "dd 'if=/etc/passwd' of=/dev/null count=1 status=none"
    told = dtrace("-qn", _ARGUMENTS, "-c", command).stdout.strip()
    rest = len("of=/dev/null count=1 status=none") + 1
    assert told == f"dd|if=/etc/passwd|of=/dev/null|{rest}|0 1 0"
    long = f"dd if=/{'./' * 600}etc/passwd of=/dev/null count=1 status=none"
    assert dtrace("-qn", _ARGUMENTS, "-c", long).stdout.strip() == "dd|||0|0 1 0"


def test_execargs_has_more_than_the_80_bytes_of_pr_psargs(dtrace: Dtrace) -> None:
    words = " ".join(f"word{number}" for number in range(30))
    program = """
        proc:::exec-success /ppid == $target/ { printf("%s|%s\\n", execargs, curpsinfo->pr_psargs); }"""
    told, short = lines(dtrace("-qn", program, "-c", f"sh -c '/bin/echo {words} > /dev/null; :'"))[0].split("|")
    assert told == f"/bin/echo {words}"
    assert short == told[:79]


@pytest.mark.proves("bsd_proc.p_xexit", "bsd_proc.p_xsig", "bsd_proc.p_xstat")
def test_probes_of_proc_have_freebsds_arguments_beside_those_of_solaris(dtrace: Dtrace) -> None:
    program = """
        proc:::create /pid == $target/
        {
            this->child = (struct proc *)args[0];
            printf("create %d %s %s %d %d %d\\n", this->child->p_pid == ((struct proc *)arg0)->p_pid, args[0]->p_comm,
                args[1]->p_comm, args[1]->p_pid == pid, args[0]->p_pptr->p_pid == pid, args[0]->pr_ppid == pid);
        }
        proc:::exec /ppid == $target/
        {
            printf("exec %s %s %s\\n", stringof(arg0), stringof(args[0]), copyinstr(arg0));
        }
        proc:::exec-success /ppid == $target/
        {
            printf("success %s %s %s\\n", stringof(args[0]), stringof(arg0), execargs);
        }
        proc:::signal-send /args[1]->p_pptr->p_pid == $target && args[2] == 15/
        {
            printf("send %s %d %d\\n", ((struct proc *)args[1])->p_comm, args[0]->td_proc->p_pid == args[1]->pr_pid,
                args[0]->td_tid == args[0]->pr_lwpid);
        }
        proc:::exit /ppid == $target/
        {
            printf("exit %d %d %x\\n", curproc->p_xexit, curproc->p_xsig, curproc->p_xstat);
        }"""
    command = """sh -c '/bin/sh -c "kill -15 \\$\\$; :"; /bin/sh -c "exit 3"; :'"""
    told = lines(dtrace("-qn", program, "-c", command))
    assert sorted(told) == [
        "create 1 sh sh 1 1 1",
        "create 1 sh sh 1 1 1",
        "exec /bin/sh /bin/sh /bin/sh",
        "exec /bin/sh /bin/sh /bin/sh",
        "exit 0 15 f",
        "exit 3 0 300",
        "send sh 1 1",
        "success /bin/sh /bin/sh /bin/sh -c exit 3",
        "success /bin/sh /bin/sh /bin/sh -c kill -15 $$; :",
    ]
