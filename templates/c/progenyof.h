// needs: word kread
// steps: 2000
// layout: OFF_task_struct__tgid = offset "struct task_struct" tgid
// layout: OFF_task_struct__real_parent = offset "struct task_struct" real_parent
/*
 * progenyof(pid): 1 if the process of `task` is `pid` or descends from it, else 0. Looks up to 64 levels.
 */
static __always_inline int dt_progenyof(u64 task, u32 pid)
{
	u64 parent;
	u32 tgid;

	for (u64 i = 0; i < 64; i++) {
		DT_HIDE(i);
		tgid = dt_kread(task + OFF_task_struct__tgid);
		if (tgid == pid)
			return 1;
		parent = dt_kread(task + OFF_task_struct__real_parent);
		if (!parent || parent == task)
			break;
		task = parent;
	}
	return 0;
}
