"""Subroutines that read what the kernel holds: its open files and its locks."""

from __future__ import annotations

import shlex
import sys

import pytest

from tests.programs import printed


@pytest.mark.proves("getf()")
def test_a_descriptor_gives_its_file_with_solaris_members_and_linuxs() -> None:
    child = "import os; fd = os.open('/proc/self/status', os.O_RDONLY); os.read(fd, 5); os.read(fd, 777)"
    shown = printed(
        """
        syscall::read:entry
        /pid == $target && arg2 == 777/
        {
            this->f = getf(arg0);
            printf("%s %d %d ", this->f->f_vnode->v_path == fds[arg0].fi_pathname ? "same" : "other",
                this->f->f_offset, this->f->f_flag);
            printf("%s %s ", xlate <fileinfo_t *>(this->f)->fi_name,
                stringof(((struct file *)this->f)->f_path.dentry->d_name.name));
            printf("%d\\n", getf(-1) == NULL && getf(9999) == NULL);
        }
        """,
        commands=[shlex.join([sys.executable, "-S", "-E", "-c", child])],
    )
    assert shown.split() == ["same", "5", "1", "status", "status", "1"], shown


@pytest.mark.needs("tracepoint:sched:sched_prepare_exec")
@pytest.mark.proves("mutex_owned()", "mutex_owner()", "mutex_type_adaptive()", "mutex_type_spin()")
def test_a_mutex_knows_its_owner() -> None:
    """execve(2) holds cred_guard_mutex of the process when it announces itself, and leaves it free."""
    shown = printed(
        """
        sdt:sched::sched_prepare_exec
        /progenyof($target)/
        {
            this->m = &curthread->signal->cred_guard_mutex;
            printf("%d %d ", mutex_owned(this->m), mutex_owner(this->m) == curthread);
            printf("%d %d\\n", mutex_type_adaptive(this->m), mutex_type_spin(this->m));
        }
        syscall::getppid:entry
        /progenyof($target)/
        {
            this->m = &curthread->signal->cred_guard_mutex;
            printf("%d %d\\n", mutex_owned(this->m), mutex_owner(this->m) == NULL);
        }
        """,
        commands=[shlex.join(["sh", "-c", f"{sys.executable} -S -E -c 'import os; os.getppid()'; true"])],
    )
    assert sorted(set(shown.splitlines()) - {""}) == ["0 1", "1 1 1 0"], shown


@pytest.mark.needs("tracepoint:mmap_lock:mmap_lock_acquire_returned")
@pytest.mark.proves("rw_write_held()", "rw_read_held()", "rw_iswriter()")
def test_a_lock_of_readers_and_writers_knows_which_of_them_hold_it() -> None:
    """mmap(2) takes the lock of its address space to write, and may go on to read: it says so while it still writes."""
    child = "open('/proc/self/maps').read(); import mmap; mmap.mmap(-1, 4096)"
    shown = printed(
        """
        sdt:mmap_lock::mmap_lock_acquire_returned
        /pid == $target && args[0] == curthread->mm && args[3]/
        {
            this->l = &curthread->mm->mmap_lock;
            @[args[2] != 0, rw_write_held(this->l), rw_read_held(this->l)] = count();
            @wrong = sum(args[2] && !rw_iswriter(this->l));
        }
        END { printa("%d %d %d\\n", @); printa("wrong %@d\\n", @wrong); }
        """,
        commands=[shlex.join([sys.executable, "-S", "-E", "-c", child])],
    )
    assert set(shown.splitlines()) - {""} <= {"1 1 0", "0 0 1", "0 1 0", "wrong 0"}, shown
    assert {"1 1 0", "0 0 1"} <= set(shown.splitlines()), shown
