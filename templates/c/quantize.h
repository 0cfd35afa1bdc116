// needs: word
/*
 * The bucket of quantize() that v is in, 0 to 126: 63 for 0, 63 + k for 2^(k-1) <= v < 2^k, 63 - k likewise for -v. The
 * first bucket takes all from -2^62 down.
 */
static __always_inline u32 dt_quantize_bucket(s64 v)
{
	u64 sign = v >> 63, m = ((u64)v ^ sign) - sign;

	m |= m >> 1;
	m |= m >> 2;
	m |= m >> 4;
	m |= m >> 8;
	m |= m >> 16;
	m |= m >> 32;
	/* How many bits are set, so how many v has; 64 only for -2^63. */
	m -= m >> 1 & 0x5555555555555555ULL;
	m = (m & 0x3333333333333333ULL) + (m >> 2 & 0x3333333333333333ULL);
	m = ((m + (m >> 4)) & 0x0f0f0f0f0f0f0f0fULL) * DT_ONES >> 56;
	m -= m >> 6;
	return dt_clamp(63 + ((m ^ sign) - sign), 127);
}
