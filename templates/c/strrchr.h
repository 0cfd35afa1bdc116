// needs: word slice
// steps: 1700
/*
 * strrchr(s, c): dst = s from the last c on. False, with dst empty, if there is none; c 0 finds the end.
 */
static __always_inline bool dt_strrchr(char *dst, u32 dcap, const char *s, u32 scap, int c)
{
	u64 want = (u8)c * DT_ONES, w, ends, hits, at;

	/* One more than the place of the last hit, 0 for none. */
	at = dt_forget(0, DT_WORD(s, 0)) & (2 * DT_POW2(scap) - 1);
	for (u64 i = 0; i < scap; i += 8) {
		DT_HIDE(i);
		w = DT_WORD(s, i);
		ends = dt_nul(w);
		hits = dt_zeros(w ^ want) & (ends ^ (ends - 1));
		at = dt_pick(dt_any(hits), i + dt_upto(hits), at);
		if (ends)
			break;
	}
	at = dt_forget(at, DT_WORD(s, 0)) & (2 * DT_POW2(scap) - 1);
	if (!at) {
		DT_WORD(dst, 0) = 0;
		return false;
	}
	dt_slice(dst, dcap, s, scap, at - 1, dcap);
	return true;
}
