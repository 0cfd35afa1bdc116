// needs: subprogram word kread vma
// layout: OFF_file__f_mapping = offset "struct file" f_mapping
// layout: OFF_address_space__host = offset "struct address_space" host
// layout: OFF_inode__i_size = offset "struct inode" i_size
// layout: OFF_vm_area_struct__vm_flags = offset "struct vm_area_struct" vm_flags
// layout: OFF_vm_area_struct__vm_pgoff = offset "struct vm_area_struct" vm_pgoff
// layout: OFF_vm_area_struct__vm_file = offset "struct vm_area_struct" vm_file
// layout: OFF_vm_area_struct__vm_ops = offset "struct vm_area_struct" vm_ops
// layout: OFF_mm_struct__start_stack = offset "struct mm_struct" start_stack
// layout: OFF_task_struct__group_leader = offset "struct task_struct" group_leader
// layout: OFF_task_struct__start_boottime = offset "struct task_struct" start_boottime
/*
 * Memory that must come from a disk, or from whoever else has it, before it can be read. No program may wait for it, but
 * the reader may, as long as the process lives: of what is only recorded, the record holds the address, and whose it is.
 */

/* Which values of a record the reader must get (dtrans.artifact.MISSING): a process is told from one that gets its id
 * later by its start, and from what it executes later by its stack. The rest is for ERROR. */
struct dt_missing { u32 which; u32 process; u64 started; u64 stack; u64 thread; u64 user; u64 name[2]; };

/* Whether the current process could read an address if it waited. */
DT_SUBPROGRAM(dt_awaited, address, b, c, d)
{
	u64 mm = dt_kread(bpf_get_current_task() + OFF_task_struct__mm), vma, flags, file, at;

	if (!mm)
		return 0;
	vma = DT_CALL(dt_vma, mm, address);
	if (!vma)
		return 0;
	/* Readable, and no device's memory (include/linux/mm.h). */
	flags = dt_kread(vma + OFF_vm_area_struct__vm_flags);
	if ((flags & 0x4401) != 1)
		return 0;
	file = dt_kread(vma + OFF_vm_area_struct__vm_file);
	if (!file || !dt_kread(vma + OFF_vm_area_struct__vm_ops))
		return 1;
	/* Behind the end of a file is nothing to wait for. */
	at = dt_kread(vma + OFF_vm_area_struct__vm_pgoff) * 4096 + (address & ~4095ULL) - dt_kread(vma + OFF_vm_area_struct__vm_start);
	return at < dt_kread(dt_kread(dt_kread(file + OFF_file__f_mapping) + OFF_address_space__host) + OFF_inode__i_size);
}

/* Whose memory it is. */
static __always_inline void dt_missing_of(struct dt_missing *missing)
{
	u64 task = bpf_get_current_task();

	missing->thread = bpf_get_current_pid_tgid();
	missing->process = missing->thread >> 32;
	missing->user = bpf_get_current_uid_gid();
	bpf_get_current_comm(missing->name, sizeof(missing->name));
	missing->started = dt_kread(dt_kread(task + OFF_task_struct__group_leader) + OFF_task_struct__start_boottime);
	missing->stack = dt_kread(dt_kread(task + OFF_task_struct__mm) + OFF_mm_struct__start_stack);
}
