// needs: subprogram word kread
// layout: OFF_task_struct__mm = offset "struct task_struct" mm
// layout?: OFF_mm_struct__mm_mt = offset "struct mm_struct" mm_mt
// layout?: OFF_maple_tree__ma_root = offset "struct maple_tree" ma_root
// layout?: OFF_maple_range_64__slot = offset "struct maple_range_64" slot
// layout?: OFF_maple_arange_64__slot = offset "struct maple_arange_64" slot
// layout: OFF_vm_area_struct__vm_start = offset "struct vm_area_struct" vm_start
// layout: OFF_vm_area_struct__vm_end = offset "struct vm_area_struct" vm_end
// layout: OFF_vm_area_struct__vm_mm = offset "struct vm_area_struct" vm_mm
/*
 * The mapping (struct vm_area_struct) that holds an address of a process's memory, 0 where there is none.
 *
 * They stand in a maple tree (include/linux/maple_tree.h, since Linux 6.1: before that, none is found). A node's
 * pointer has its type in bits 3 to 6; types 0 and 1 are leaves, type 3 has 9 pivots and the others 15. Pivots are the
 * last addresses of their slots; one that is 0 stands behind the last. No lock is held, so what was found is looked at
 * once more.
 */
DT_SUBPROGRAM(dt_vma, mm, address, c, d)
{
#ifdef OFF_mm_struct__mm_mt
	u64 pivots[3];
	u64 entry = dt_kread(mm + OFF_mm_struct__mm_mt + OFF_maple_tree__ma_root), node, type, slots, at, more;

	for (u64 depth = 0; depth < 7; depth++) {
		DT_HIDE(depth);
		if (!depth && (entry & 3) != 2)
			break;
		node = entry & ~255ULL;
		type = entry >> 3 & 15;
		slots = dt_pick(dt_any(type ^ 3), OFF_maple_range_64__slot, OFF_maple_arange_64__slot);
		at = 0;
		more = 1;
		/* A few pivots at a time: the stack is shared with all that call this. */
		for (u64 part = 8; part < 8 + 15 * sizeof(*pivots); part += sizeof(pivots)) {
			DT_HIDE(part);
			bpf_probe_read_kernel(pivots, sizeof(pivots), (void *)(node + part));
#pragma clang loop unroll(full)
			for (int i = 0; i < 3; i++) {
				DT_HIDE(at);
				DT_HIDE(more);
				/* What stands behind 9 pivots are pointers: addresses of the kernel, or 0, which end the search too. */
				more &= dt_less(pivots[i] - 1 & ~(1ULL << 63), address - 1);
				at += more;
			}
		}
		entry = dt_kread(node + slots + 8 * at);
		if (type < 2)
			break;
	}
	if (entry & 3 || dt_kread(entry + OFF_vm_area_struct__vm_mm) != mm)
		return 0;
	if (address < dt_kread(entry + OFF_vm_area_struct__vm_start) || address >= dt_kread(entry + OFF_vm_area_struct__vm_end))
		return 0;
	return entry;
#else
	return 0;
#endif
}
