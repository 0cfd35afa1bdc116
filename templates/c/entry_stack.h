// needs:
/*
 * The user stack at a function's entry, of at least two frames: size bytes, a constant. The function has made no frame
 * yet, by which the kernel finds its caller; from Linux 6.11 on it looks for it itself, where the function begins in a
 * way that it knows. `caller` is the address that the function will return to.
 */
static __always_inline void dt_entry_stack(void *ctx, u64 *to, u32 size, u64 counter, u64 caller)
{
	to[0] = counter;
	to[1] = caller;
	if (size <= 16)
		return;
	/* The lowest bits of the flags say how many frames to leave out. */
	bpf_get_stack(ctx, to + 2, size - 16, BPF_F_USER_STACK | 1);
	if (to[2] == caller)
		bpf_get_stack(ctx, to + 1, size - 8, BPF_F_USER_STACK | 1);
}
