// needs: word
// steps: 700
/*
 * memstr(p, c, n) of FreeBSD: the n - 1 bytes at p of the kernel's memory, or of scratch memory, as a string, with c in the
 * place of each NUL. False where they cannot be read.
 */
static __always_inline bool dt_memstr(char *dst, u32 dcap, u64 address, u64 c, u64 n)
{
	u64 fill = c & 0xff, w;
	u64 count = dt_clamp(n ? n - 1 : 0, dcap);

	if (bpf_probe_read_kernel(dst, count, (void *)address))
		return false;
	for (u64 i = 0; i < dcap; i += 8) {
		DT_HIDE(i);
		w = DT_WORD(dst, i);
		DT_WORD(dst, i) = w | (dt_zeros(w) >> 7) * fill;
	}
	dst[dt_clamp(count, dcap)] = 0;
	return true;
}
