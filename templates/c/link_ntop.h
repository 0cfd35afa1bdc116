// needs: word
/*
 * link_ntop(type, &address): a hardware address, of Ethernet (6 bytes) or InfiniBand (20), as hexadecimal numbers of two
 * digits with colons between.
 *
 * address: its bytes, in scratch memory. count (a constant): how many. dcap >= 3 * count.
 */
static __always_inline void dt_link_ntop(char *dst, u32 dcap, const u8 *address, u32 count)
{
	u64 high, low;

#pragma clang loop unroll(full)
	for (u32 i = 0; i < count; i++) {
		high = address[i] >> 4;
		low = address[i] & 15;
		dst[3 * i] = '0' + high + dt_less(9, high) * ('a' - '0' - 10);
		dst[3 * i + 1] = '0' + low + dt_less(9, low) * ('a' - '0' - 10);
		dst[3 * i + 2] = i + 1 < count ? ':' : 0;
	}
}
