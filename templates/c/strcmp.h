// needs: word
// steps: 690
/*
 * a < b, a > b and their kin on strings: -1, 0 or 1, comparing unsigned characters as DIF's scmp does.
 *
 * For == and != alone, dt_streq is cheaper.
 */
static __always_inline int dt_strcmp(const char *a, u32 acap, const char *b, u32 bcap)
{
	u64 x = 0, y = 0, nul = 0, less, more;

	for (u64 i = 0; i < DT_MIN(acap, bcap); i += 8) {
		DT_HIDE(i);
		x = DT_WORD(a, i);
		y = DT_WORD(b, i);
		nul = dt_nul(x);
		if (nul || x != y)
			break;
	}
	/* Nothing counts behind a's NUL; then the first character is to weigh most. */
	nul ^= nul - 1;
	x = __builtin_bswap64(x & nul);
	y = __builtin_bswap64(y & nul);
	less = ((~x & y) | ((~x | y) & (x - y))) >> 63;
	more = ((~y & x) | ((~y | x) & (y - x))) >> 63;
	return (int)(more - less);
}
