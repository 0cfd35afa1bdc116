// needs: kread
// layout: OFF_task_struct__mm = offset "struct task_struct" mm
// layout?: OFF_task_struct__utask = offset "struct task_struct" utask
// layout?: OFF_uprobe_task__return_instances = offset "struct uprobe_task" return_instances
// layout?: OFF_return_instance__orig_ret_vaddr = offset "struct return_instance" orig_ret_vaddr
// layout?: OFF_return_instance__next = offset "struct return_instance" next
// layout?: OFF_mm_struct__xol_area = offset "struct mm_struct" uprobes_state.xol_area
// layout?: OFF_xol_area__vaddr = offset "struct xol_area" vaddr
/*
 * The address that a function returns to, given the one that stands on the stack: where the return of its caller is
 * probed, and the function was jumped to, that is a page of the kernel's, which keeps the true one.
 */
static __always_inline u64 dt_return_address(u64 written)
{
#if defined(OFF_xol_area__vaddr) && defined(OFF_task_struct__utask) && defined(OFF_mm_struct__xol_area)
	u64 task = bpf_get_current_task(), area = dt_kread(dt_kread(task + OFF_task_struct__mm) + OFF_mm_struct__xol_area);
	u64 page = area ? dt_kread(area + OFF_xol_area__vaddr) >> 12 : 0, kept;

	if (!page || written >> 12 != page)
		return written;
	kept = dt_kread(dt_kread(task + OFF_task_struct__utask) + OFF_uprobe_task__return_instances);
	for (u64 i = 0; i < 8; i++) {
		written = dt_kread(kept + OFF_return_instance__orig_ret_vaddr);
		if (written >> 12 != page)
			break;
		kept = dt_kread(kept + OFF_return_instance__next);
	}
#endif
	return written;
}
