// needs: word
// steps: 500
/*
 * dst = s for strings: copies to the NUL, cut to what dst holds. What stood in dst behind the NUL's word stays.
 *
 * dst may be s.
 */
static __always_inline void dt_strcpy(char *dst, u32 dcap, const char *s, u32 scap)
{
	u64 w;

	for (u64 i = 0; i < DT_MIN(dcap, scap); i += 8) {
		DT_HIDE(i);
		w = DT_WORD(s, i);
		DT_WORD(dst, i) = w;
		if (dt_nul(w))
			break;
	}
	dst[DT_MIN(dcap, scap) - 1] = 0;
}
