// needs:
/*
 * Adds v * v to a 128-bit number: for stddev(). lo and hi may be anywhere that can be written.
 */
static __always_inline void dt_add_square(u64 *lo, u64 *hi, s64 v)
{
	u64 sign = v >> 63, m = ((u64)v ^ sign) - sign, a = m >> 32, b = m & 0xffffffff;
	/* (a * 2^32 + b)^2 = a^2 * 2^64 + ab * 2^33 + b^2, and ab < 2^64 as m is at most 2^63 */
	u64 x = b * b, y = a * b << 33, z = x + y, old = *lo, sum;
	u64 up = a * a + (a * b >> 31) + (((x & y) | ((x | y) & ~z)) >> 63);

	sum = old + z;
	*lo = sum;
	*hi += up + (((old & z) | ((old | z) & ~sum)) >> 63);
}
