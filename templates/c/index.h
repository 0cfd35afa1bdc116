// needs: word strlen find
// steps: 6000 90
/*
 * index(s, n[, start]): the first place of n in s from `start` on, -1 if there is none. Places count from 0.
 *
 * start is 0 if not given. Below 0 it means 0; behind the end there is nothing, but the empty n is found at the end
 * (dtrace_dif_subr, after Perl). work: as for dt_strstr.
 */
static __always_inline s64 dt_index(const char *s, u32 scap, const char *n, u32 ncap, u8 *work, s64 start)
{
	u64 length;

	if (start < 0)
		start = 0;
	if (n[0])
		return dt_find(s, scap, n, ncap, work, start, DT_FIND_END, false);
	length = dt_strlen(s, scap);
	return (u64)start < length ? start : length;
}
