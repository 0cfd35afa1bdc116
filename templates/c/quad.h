// needs: word
/*
 * Writes an IPv4 address (four bytes in network order, `address` as loaded from memory) at dst + at: at most 15
 * characters, no NUL. Result: where it ends. at is less than 32, dst has at least 64 bytes or room (README.md).
 */
static __always_inline u64 dt_quad(char *dst, u64 at, u32 address)
{
	u64 v, more;

#pragma clang loop unroll(full)
	for (int i = 0; i < 4; i++) {
		v = address >> (8 * i) & 255;
		more = (99 - v) >> 63;
		dst[dt_bound(at, 64)] = '0' + v / 100;
		at += more;
		more = (9 - v) >> 63;
		dst[dt_bound(at, 64)] = '0' + v / 10 % 10;
		at += more;
		dst[dt_bound(at, 64)] = '0' + v % 10;
		at++;
		if (i < 3)
			dst[dt_bound(at++, 64)] = '.';
	}
	return dt_bound(at, 64);
}
