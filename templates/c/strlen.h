// needs: word
// steps: 450
/*
 * strlen(s): the number of characters before the NUL.
 *
 * s, cap: the string. Result: 0 to cap - 1.
 */
static __always_inline u64 dt_strlen(const char *s, u32 cap)
{
	u64 w = 0, i;

	for (i = 0; i < cap; i += 8) {
		DT_HIDE(i);
		w = DT_WORD(s, i);
		if (dt_nul(w))
			break;
	}
	return dt_forget(i + dt_before(dt_nul(w)), w) & (DT_POW2(cap) - 1);
}
