// needs: word strlen find
// steps: 6000 150
/*
 * rindex(s, n[, start]): the last place of n in s that is not behind `start`, -1 if there is none.
 *
 * start is DT_FIND_END if not given. Below 0 there is nothing, but the empty n is found at 0 (dtrace_dif_subr, after
 * Perl). work: as for dt_strstr.
 */
static __always_inline s64 dt_rindex(const char *s, u32 scap, const char *n, u32 ncap, u8 *work, s64 start)
{
	u64 length;

	if (n[0])
		return start < 0 ? -1 : dt_find(s, scap, n, ncap, work, 0, start, true);
	if (start < 0)
		return 0;
	length = dt_strlen(s, scap);
	return (u64)start < length ? start : length;
}
