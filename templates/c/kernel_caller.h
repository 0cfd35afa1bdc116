// needs: kread
// layout?: OFF_task_struct__kretprobe_instances = offset "struct task_struct" kretprobe_instances.first
// layout?: OFF_kretprobe_instance__llist = offset "struct kretprobe_instance" llist
// layout?: OFF_kretprobe_instance__ret_addr = offset "struct kretprobe_instance" ret_addr
// layout?: OFF_kretprobe_instance__fp = offset "struct kretprobe_instance" fp
/*
 * The address that a function of the kernel returns to, at its entry, given the one that its register holds on AArch64 and
 * the frame of its caller. Where a kretprobe is on the function too, the register holds a place of the kernel's already,
 * which keeps the true one by that frame (arch/arm64/kernel/probes/kprobes.c, arch_prepare_kretprobe). So do those on
 * functions that jumped here.
 */
static __always_inline u64 dt_kernel_caller(u64 written, u64 frame)
{
#if defined(OFF_task_struct__kretprobe_instances) && defined(OFF_kretprobe_instance__fp)
	u64 kept = dt_kread(bpf_get_current_task() + OFF_task_struct__kretprobe_instances);

	for (u64 i = 0; i < 8; i++) {
		if (!kept || dt_kread(kept - OFF_kretprobe_instance__llist + OFF_kretprobe_instance__fp) != frame)
			break;
		written = dt_kread(kept - OFF_kretprobe_instance__llist + OFF_kretprobe_instance__ret_addr);
		kept = dt_kread(kept);
	}
#endif
	return written;
}
