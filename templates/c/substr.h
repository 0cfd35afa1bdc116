// needs: word strlen slice
// steps: 1500
/*
 * substr(s, start, len): start below 0 counts from the end; len below 0 leaves off that many at the end; a start
 * outside gives "" (but one before the beginning with a len that reaches into s gives the part within s).
 *
 * The rules are those of dtrace_dif_subr(DIF_SUBR_SUBSTR), taken from Perl.
 */
static __always_inline void dt_substr(char *dst, u32 dcap, const char *s, u32 scap, s64 start, s64 len)
{
	u64 any = DT_WORD(s, 0);
	s64 length = dt_strlen(s, scap);

	if (start < 0) {
		start += length;
		if (start < 0 && len > 0 && start + len > 0) {
			len += start;
			start = 0;
		}
	}
	if (start < 0 || start >= length)
		start = len = 0;
	else if (len < 0)
		len += length - start;
	if (len < 0)
		len = 0;
	dt_slice(dst, dcap, s, scap, dt_forget(start, any), dt_forget(len, any));
}
