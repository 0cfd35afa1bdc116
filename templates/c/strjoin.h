// needs: word
// steps: 1200
/*
 * strjoin(a, b): a followed by b, cut to what dst holds (dtrace drops the clause instead, for want of scratch space).
 *
 * dst needs room (README.md). dst may be a, not b.
 */
static __always_inline void dt_strjoin(char *dst, u32 dcap, const char *a, u32 acap, const char *b, u32 bcap)
{
	u64 w = 0, length, i;

	for (i = 0; i < DT_MIN(acap, dcap); i += 8) {
		DT_HIDE(i);
		w = DT_WORD(a, i);
		DT_WORD(dst, i) = w;
		if (dt_nul(w))
			break;
	}
	length = dt_forget(i + dt_before(dt_nul(w)), w);
	length = acap > dcap ? dt_clamp(length, dcap) : dt_bound(length, dcap);
	bpf_probe_read_kernel_str(dst + length, dcap - length, b);
}
