// needs: word strlen slice find
// steps: 6000 120
/*
 * strstr(s, n): dst = s from the first n on. False, with dst empty, if there is none. dst may be s.
 *
 * work: DT_FIND_WORK(ncap) bytes (find.h), NULL for ncap 8.
 */
static __always_inline bool dt_strstr(char *dst, u32 dcap, const char *s, u32 scap, const char *n, u32 ncap, u8 *work)
{
	s64 at = 0;

	if (n[0])
		at = dt_find(s, scap, n, ncap, work, 0, DT_FIND_END, false);
	if (at < 0) {
		DT_WORD(dst, 0) = 0;
		return false;
	}
	dt_slice(dst, dcap, s, scap, at, dcap);
	return true;
}
