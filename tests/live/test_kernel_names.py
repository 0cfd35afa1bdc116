"""Variables and structures of Solaris' kernel, read on this one: of a process that does what is known."""

from __future__ import annotations

import os
import platform
import resource
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.programs import printed

_READS = """
syscall::read:entry
/pid == $target && arg0 == 0/
{
    this->file = curthread->t_procp->p_user.u_finfo.fi_list[arg0].uf_file;
    this->vnode = this->file != 0 ? this->file->f_vnode : 0;
    self->entry = (uf_entry_t *)((uint64_t)curthread->t_procp->p_user.u_finfo.fi_list + arg0 * sizeof (uf_entry_t));
    self->vp = (struct vnode *)self->entry->uf_file->f_vnode;
    printf("%s %d %d %d|", this->vnode->v_path, this->vnode->v_type == VREG, this->file->f_offset, this->file->f_flag);
    printf("%s %d %d|", self->vp->v_path, self->vp->v_vfsp == this->vnode->v_vfsp, self->vp == this->vnode);
    printf("%s\\n", self->vp->v_path ? "named" : "none");
}
"""


def _of_dd(body: str, source: str | Path = "/etc/passwd") -> str:
    return printed(body, commands=[f"dd if={source} of=/dev/null bs=100 count=2 status=none"])


@pytest.mark.proves(
    "kthread_t.t_procp", "proc_t.p_user", "user_t.u_finfo", "uf_info_t.fi_list", "uf_entry_t.uf_file", "file_t.f_vnode",
    "file_t.f_offset", "file_t.f_flag", "vnode_t.v_path", "vnode_t.v_type", "vnode_t.v_vfsp",
)  # fmt: skip
def test_a_descriptor_leads_to_its_vnode_by_index_by_calculation_and_through_variables(tmp_path: Path) -> None:
    file = tmp_path / "some file"
    file.write_bytes(b"x" * 1000)
    path = os.path.realpath(file)
    first, second = _of_dd(_READS, f"'{file}'").splitlines()[:2]
    assert first == f"{path} 1 0 1|{path} 1 1|named"
    assert second == f"{path} 1 100 1|{path} 1 1|named"


def test_a_pipe_has_no_path_and_is_none_to_a_test() -> None:
    body = """
    syscall::read:entry
    /execname == "head" && arg0 == 0 && progenyof($target)/
    {
        this->v = curthread->t_procp->p_user.u_finfo.fi_list[0].uf_file->f_vnode;
        printf("%s %d", this->v->v_path ? "named" : "none", this->v->v_type == VFIFO);
        exit(0);
    }"""
    assert printed(body, commands=["sh -c 'echo | head -c 1'"]).strip() == "none 1"


@pytest.mark.proves(
    "proc_t.p_parent", "proc_t.p_ppid", "proc_t.p_pidp", "pidp_t.pid_id", "proc_t.p_lwpcnt", "proc_t.p_mstart",
    "user_t.u_comm", "user_t.u_psargs", "user_t.u_cdir", "proc_t.p_exec", "proc_t.p_stksize", "kthread_t.t_tid",
    "proc_t.p_cred", "kcred_t.cr_uid", "proc_t.p_brkbase", "proc_t.p_brksize", "kthread_t.t_lwp", "klwp_t.lwp_procp",
    "proc_t.p_zone", "zone_t.zone_name", "zone_t.zone_id",
)  # fmt: skip
def test_a_process_is_read_by_solaris_members_through_pointers_that_are_kept() -> None:
    body = """
    syscall::read:entry
    /pid == $target/
    {
        self->p = curthread->t_procp;
        self->parent = self->p->p_parent;
        printf("%d %d %d %d ", self->p->p_pidp->pid_id == pid, self->parent->p_pidp->pid_id, self->p->p_ppid == ppid,
            self->p->p_lwpcnt);
        printf("%s|%s|%s|", self->p->p_user.u_comm, self->p->p_user.u_psargs, self->p->p_user.u_cdir->v_path);
        printf("%s %d %d ", self->p->p_exec->v_path, self->p->p_mstart < timestamp, self->p->p_stksize > 4096);
        printf("%d %d ", curthread->t_tid == tid, self->p->p_cred->cr_uid == uid);
        printf("%d %d ", self->p->p_brkbase != 0, self->p->p_brksize < 1 << 30);
        printf("%d %d ", curthread->t_lwp->lwp_procp == self->p, curthread->tgid == pid);
        printf("%s %d", ((proc_t *)curpsinfo->pr_addr)->p_zone->zone_name, self->p->p_zone->zone_id);
        exit(0);
    }"""
    told, _, rest = _of_dd(body).strip().partition("|")
    psargs, cwd, values = rest.split("|")
    assert told == f"1 {os.getpid()} 1 1 dd"
    assert psargs.startswith("dd if=/etc/passwd")
    assert cwd == str(Path.cwd())
    assert values == f"{os.path.realpath('/bin/dd')} 1 1 1 1 1 1 1 1 global 0"


@pytest.mark.proves("`rootvfs", "vfs_t.vfs_vnodecovered", "vnode_t.v_vfsp", "vfs_t.vfs_bsize", "vfs_t.vfs_dev")
def test_a_vnode_leads_to_where_its_file_system_is_mounted() -> None:
    body = """
    syscall::read:entry
    /pid == $target && arg0 == 0/
    {
        self->vfs = curthread->t_procp->p_user.u_finfo.fi_list[0].uf_file->f_vnode->v_vfsp;
        self->on = (struct vnode *)((vfs_t *)self->vfs)->vfs_vnodecovered;
        printf("%s %d %d", self->on->v_path, self->on->v_type == VDIR, self->vfs == `rootvfs);
        printf(" %d %d", self->vfs->vfs_bsize, self->vfs->vfs_dev != 0);
        exit(0);
    }"""
    assert _of_dd(body, "/proc/version").strip() == "/proc 1 0 1024 1"


@pytest.mark.proves(
    "`utsname", "utsname_t.sysname", "utsname_t.nodename", "utsname_t.release", "utsname_t.version",
    "utsname_t.machine", "`architecture", "`_pagesize", "`physmem", "`freemem", "`availrmem", "`ncpus_online", "`ncpus",
    "`hp_avenrun", "`avenrun", "`mpid", "`lbolt", "`nswapped", "`swapfs_minfree", "`k_anoninfo", "anoninfo_t.ani_max",
    "anoninfo_t.ani_phys_resv", "`physinstalled", "`pagesize", "`hz",
)  # fmt: skip
def test_variables_of_solaris_kernel_have_this_kernels_values() -> None:
    body = """
    BEGIN
    {
        printf("%s|%s|%s|%s|%s|", `utsname.sysname, `utsname.nodename, `utsname.release, `utsname.version,
            `utsname.machine);
        printf("%s|%d|%d|", `architecture, `_pagesize, `pagesize);
        printf("%d|%d|%d|%d|", `ncpus, `ncpus_online, `hz, `nswapped + `swapfs_minfree);
        printf("%d|%d|%d|%d|", `physmem, `physinstalled, `freemem, `availrmem);
        printf("%d|%d|%d|%d|", `hp_avenrun[0], `hp_avenrun[1], `hp_avenrun[2], `avenrun[2]);
        printf("%d|%d|", `mpid, `lbolt == timestamp / 10000000);
        printf("%d|%d", `k_anoninfo.ani_max, `k_anoninfo.ani_phys_resv);
        exit(0);
    }"""
    told = printed(body).strip().split("|")
    system = os.uname()
    assert told[:5] == [system.sysname, system.nodename, system.release, system.version, system.machine]
    page = resource.getpagesize()
    assert told[5:8] == [platform.machine(), str(page), str(page)]
    numbers = list(map(int, told[8:]))
    assert numbers[:4] == [os.cpu_count(), len(os.sched_getaffinity(0)), 100, 0]
    memory = {
        name: int(value.split()[0]) * 1024 // page
        for name, _, value in (line.partition(":") for line in Path("/proc/meminfo").read_text().splitlines())
    }
    assert numbers[4:6] == [memory["MemTotal"]] * 2
    assert all(0 < pages <= memory["MemTotal"] for pages in numbers[6:8])
    loads = [float(word) for word in Path("/proc/loadavg").read_text().split()[:3]]
    assert abs(numbers[10] / 65536 - loads[2]) < 0.5
    assert abs(numbers[11] / 256 - numbers[10] / 65536) < 0.01
    assert 0 <= numbers[8] < 65536 * 1000
    assert 0 < numbers[12] <= int(Path("/proc/sys/kernel/pid_max").read_text())
    assert numbers[13] == 1
    assert numbers[14:] == [memory["SwapTotal"], memory["SwapTotal"] - memory["SwapFree"]]


def test_the_load_average_is_kept_up_to_date(dtrans: Run) -> None:
    """A number of the machine is read again while the program runs."""
    body = "tick-200ms { @[`availrmem] = count(); } tick-3s { exit(0); }"
    done = dtrans("run", "-q", "-n", body, "-c", "python3 -c 'x = bytearray(200 << 20); import time; time.sleep(9)'")
    assert len(done.stdout.split("\n\n")[0].strip().splitlines()) > 1 or len(done.stdout.strip().splitlines()) > 1


@pytest.mark.parametrize("name", ["kmem_flags", "maxusers"])
def test_a_variable_without_meaning_on_linux_is_refused_with_the_reason(dtrans: Run, name: str) -> None:
    done = dtrans("run", "-n", f"BEGIN {{ trace(`{name}); }}", status=1)
    assert "D_VAR_UNSUP" in done.stderr
    assert "Linux" in done.stderr


@pytest.mark.proves(
    "kcred_t.cr_gid", "kcred_t.cr_ruid", "kcred_t.cr_rgid", "kcred_t.cr_suid", "kcred_t.cr_sgid", "file_t.f_cred",
    "file_t.f_count", "klwp_t.lwp_thread", "kthread_t.t_did", "kthread_t.t_pri", "kthread_t.t_start", "kthread_t.t_stk",
    "proc_t.p_utime", "proc_t.p_stime", "proc_t.p_usrstack", "uf_info_t.fi_nfiles", "user_t.u_rdir", "vfs_t.vfs_data",
    "vnode_t.v_flag", "vnode_t.v_count", "vnode_t.v_data", "vnode_t.v_rdev",
)  # fmt: skip
def test_credentials_files_and_threads_are_read_by_solaris_members() -> None:
    body = """
    syscall::read:entry
    /pid == $target && arg0 == 0/
    {
        self->p = curthread->t_procp;
        self->cred = self->p->p_cred;
        self->file = self->p->p_user.u_finfo.fi_list[0].uf_file;
        self->vp = self->file->f_vnode;
        self->root = self->p->p_user.u_rdir;
        printf("%d %d %d ", self->cred->cr_gid, self->cred->cr_ruid, self->cred->cr_rgid);
        printf("%d %d %d|", self->cred->cr_suid, self->cred->cr_sgid, self->file->f_cred->cr_uid == uid);
        printf("%d %d %d ", self->file->f_count, curthread->t_lwp->lwp_thread == curthread, curthread->t_did == tid);
        printf("%d %d|", curthread->t_pri, curthread->t_stk != 0);
        printf("%d %d ", timestamp / 1000000000 - curthread->t_start < 300, self->p->p_utime + self->p->p_stime < 6000);
        printf("%d %d|", self->p->p_usrstack > self->p->p_brkbase, self->p->p_user.u_finfo.fi_nfiles);
        printf("%s %d %d ", self->root->v_path, self->root->v_flag, self->vp->v_flag);
        printf("%d %d ", self->vp->v_vfsp->vfs_data != 0, self->vp->v_count);
        printf("%d %d", self->vp->v_rdev, self->vp->v_data != 0);
        exit(0);
    }"""
    credentials, thread, process, file = _of_dd(body, "/proc/version").strip().split("|")
    assert credentials == f"{os.getgid()} {os.getuid()} {os.getgid()} {os.getuid()} {os.getgid()} 1"
    count, same, number, priority, stack = map(int, thread.split())
    assert 1 <= count <= 3  # dd has a second descriptor of the file while it moves it to 0.
    assert (same, number, priority, stack) == (1, 1, 19 - os.getpriority(os.PRIO_PROCESS, 0), 1)
    *flags, room = map(int, process.split())
    assert (flags, room % 64) == ([1, 1, 1], 0)  # Linux makes room for descriptors by 64.
    path, of_root, of_file, data, users, device, node = file.split()
    assert (path, of_root, of_file, data, device, node) == ("/", "1", "0", "1", "0", "1")
    assert int(users) > 0


@pytest.mark.needs("address:runqueues")
@pytest.mark.proves(
    "kthread_t.t_cpu", "cpu_t.cpu_id", "cpu_t.cpu_thread", "cpu_t.cpu_idle_thread", "cpu_t.cpu_disp",
    "disp_t.disp_nrunnable",
)  # fmt: skip
def test_the_cpu_of_a_thread_is_the_one_that_it_runs_on() -> None:
    body = """
    syscall::read:entry
    /pid == $target && arg0 == 0/
    {
        self->cpu = curthread->t_cpu;
        printf("%d %d %s ", self->cpu->cpu_id == cpu, self->cpu->cpu_thread == curthread,
            self->cpu->cpu_idle_thread->t_procp->p_user.u_comm);
        printf("%d %d", cpu, self->cpu->cpu_disp->disp_nrunnable);
        exit(0);
    }"""
    number, same, idle, cpu, waiting = _of_dd(body).split()
    assert (number, same, idle) == ("1", "1", f"swapper/{cpu}")
    assert 0 <= int(waiting) < 1000


@pytest.mark.proves(
    "`pages_locked", "`swapfs_reserve", "`nproc", "`lbolt64", "`platform", "anoninfo_t.ani_mem_resv",
    "anoninfo_t.ani_locked_swap", "anoninfo_t.ani_free",
)  # fmt: skip
def test_more_variables_of_solaris_kernel() -> None:
    body = """
    BEGIN
    {
        printf("%d %d %d %s ", `swapfs_reserve, `lbolt64 == timestamp / 10000000, `nproc, `platform);
        printf("%d %d ", `k_anoninfo.ani_mem_resv, `k_anoninfo.ani_locked_swap);
        printf("%d %d", `k_anoninfo.ani_free, `pages_locked);
        exit(0);
    }"""
    reserve, now, threads, machine, memory, locked_swap, free, locked = printed(body).split()
    told = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    in_pages = {name: int(value.split()[0]) * 1024 // resource.getpagesize() for name, value in told.items()}
    assert (reserve, now, machine, memory, locked_swap) == ("0", "1", platform.machine(), "0", "0")
    assert 1 < int(threads) <= int(Path("/proc/sys/kernel/threads-max").read_text())
    assert int(free) == in_pages["SwapFree"]
    assert int(locked) <= in_pages["MemTotal"]


def test_a_text_of_the_kernel_counts_as_a_pointer_to_its_characters() -> None:
    body = """
    BEGIN
    {
        this->path = curthread->t_procp->p_user.u_cdir->v_path;
        this->size = strlen(this->path);
        printf("%c %d ", *(char *)this->path, *(char *)(this->path + this->size));
        this->parent = (char *)curthread->t_procp->p_user.u_comm;
        this->name = curthread->t_procp->p_user.u_comm;
        printf("%d %d", stringof(this->parent) == execname, *(char *)this->name == execname[0]);
        exit(0);
    }"""
    assert printed(body).strip() == "/ 0 1 1"
