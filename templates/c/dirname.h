// needs: word slice pathparts
// steps: 3800
/*
 * dirname(s): what stands before the last component, without trailing slashes; "/" if that is slashes only, "." if
 * there is no slash before it. dst may be s.
 */
static __always_inline void dt_dirname(char *dst, u32 dcap, const char *s, u32 scap)
{
	struct dt_pathparts part = dt_pathparts(s, scap);

	if (part.lead)
		dt_slice(dst, dcap, s, scap, 0, part.lead);
	else
		DT_WORD(dst, 0) = s[0] == '/' ? '/' : '.';
}
