// needs: word slice pathparts
// steps: 3100
/*
 * basename(s): the last component without trailing slashes; "." for "", "/" for slashes only. dst may be s.
 */
static __always_inline void dt_basename(char *dst, u32 dcap, const char *s, u32 scap)
{
	struct dt_pathparts part = dt_pathparts(s, scap);

	if (part.last)
		dt_slice(dst, dcap, s, scap, part.first, part.last - part.first);
	else
		DT_WORD(dst, 0) = s[0] ? '/' : '.';
}
