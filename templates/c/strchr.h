// needs: word slice
// steps: 2000
/*
 * strchr(s, c): dst = s from the first c on. False, with dst empty, if there is none; c 0 finds the end.
 */
static __always_inline bool dt_strchr(char *dst, u32 dcap, const char *s, u32 scap, int c)
{
	u64 want = (u8)c * DT_ONES, w = 0, hits = 0, ends = 0, at, i;

	for (i = 0; i < scap; i += 8) {
		DT_HIDE(i);
		w = DT_WORD(s, i);
		hits = dt_nul(w ^ want);
		ends = dt_nul(w);
		if (hits | ends)
			break;
	}
	at = dt_forget(i + dt_before(hits), w);
	/* Is the first hit at or before the first end? The first mark of each is a true one. */
	hits &= ends ^ (ends - 1);
	if (!hits) {
		DT_WORD(dst, 0) = 0;
		return false;
	}
	dt_slice(dst, dcap, s, scap, at, dcap);
	return true;
}
