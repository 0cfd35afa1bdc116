// needs: word
// steps: 670
/*
 * a == b on strings.
 */
static __always_inline bool dt_streq(const char *a, u32 acap, const char *b, u32 bcap)
{
	u64 x = 0, y = 0, nul = 0;

	for (u64 i = 0; i < DT_MIN(acap, bcap); i += 8) {
		DT_HIDE(i);
		x = DT_WORD(a, i);
		y = DT_WORD(b, i);
		nul = dt_nul(x);
		if (nul || x != y)
			break;
	}
	return ((x ^ y) & (nul ^ (nul - 1))) == 0;
}
