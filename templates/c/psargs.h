// needs: word kread
// steps: 3500
// layout: OFF_task_struct__mm = offset "struct task_struct" mm
// layout: OFF_task_struct__comm = offset "struct task_struct" comm
// layout: OFF_mm_struct__arg_start = offset "struct mm_struct" arg_start
// layout: OFF_mm_struct__arg_end = offset "struct mm_struct" arg_end
/*
 * pr_psargs: the arguments of a process, joined by blanks and cut to what dst holds (80 for pr_psargs).
 *
 * They are read from the process's own memory. Where that cannot be done the name (execname) stands for them: a kernel
 * thread, another process than the one that runs, a page that is not in memory (a probe takes no page fault).
 * dcap <= 256.
 */
static __always_inline void dt_psargs(char *dst, u32 dcap, u64 task)
{
	u64 mm = dt_kread(task + OFF_task_struct__mm), start, count, w, holes, any, last;

	if (mm && mm == dt_kread(bpf_get_current_task() + OFF_task_struct__mm)) {
		start = dt_kread(mm + OFF_mm_struct__arg_start);
		count = dt_kread(mm + OFF_mm_struct__arg_end) - start;
		for (u64 i = 0; i < dcap; i += 8) {
			DT_HIDE(i);
			DT_WORD(dst, i) = 0;
		}
		bpf_probe_read_user(dst, dt_clamp(count, dcap), (void *)start);
		/* Each NUL becomes a blank, but for those behind the last argument. */
		any = DT_WORD(dst, 0);
		last = dt_forget(0, any) & 511;
		for (u64 i = 0; i < dcap; i += 8) {
			DT_HIDE(i);
			w = DT_WORD(dst, i);
			holes = dt_zeros(w);
			DT_WORD(dst, i) = w | holes >> 2;
			if (holes != DT_MARKS)
				last = dt_forget(i + dt_upto(~holes & DT_MARKS), any) & 511;
		}
		if (last) {
			dst[dt_clamp(last, dcap)] = 0;
			return;
		}
	}
	bpf_probe_read_kernel_str(dst, DT_MIN(dcap, 16), (void *)(task + OFF_task_struct__comm));
}
