// needs: word
// steps: 1000
/*
 * Zeroes what stands behind the NUL, so that equal strings are equal bytes: to be done before a string is a key.
 */
static __always_inline void dt_strpad(char *dst, u32 cap)
{
	u64 i, w, nul = 0;

	for (i = 0; i < cap; i += 8) {
		DT_HIDE(i);
		w = DT_WORD(dst, i);
		nul = dt_nul(w);
		if (nul)
			break;
	}
	if (!nul)
		return;
	/* The bits below the first mark; those in the NUL itself are clear anyhow. */
	DT_WORD(dst, i) = w & (nul - 1) & ~nul;
	for (i += 8; i < cap; i += 8) {
		DT_HIDE(i);
		DT_WORD(dst, i) = 0;
	}
}
