// needs: kread
// layout: OFF_task_struct__files = offset "struct task_struct" files
// layout: OFF_files_struct__fdt = offset "struct files_struct" fdt
// layout: OFF_fdtable__max_fds = offset "struct fdtable" max_fds
// layout: OFF_fdtable__fd = offset "struct fdtable" fd
/*
 * fds[fd]: the struct file of a task's file descriptor, 0 if it is not open.
 */
static __always_inline u64 dt_file(u64 task, int fd)
{
	u64 files = dt_kread(task + OFF_task_struct__files), table;

	if (!files)
		return 0;
	table = dt_kread(files + OFF_files_struct__fdt);
	if ((u32)fd >= (u32)dt_kread(table + OFF_fdtable__max_fds))
		return 0;
	return dt_kread(dt_kread(table + OFF_fdtable__fd) + (u64)(u32)fd * 8);
}
