// needs: word
/*
 * dst = at most `count` characters of the string s from character `start` on. start is within s; count may be more
 * than dst holds. dst may be s.
 */
static __always_inline void dt_slice(char *dst, u32 dcap, const char *s, u32 scap, u64 start, u64 count)
{
	start = dt_bound(start, scap);
	count = dt_clamp(count, dcap);
	bpf_probe_read_kernel_str(dst, count + 1, s + start);
}
