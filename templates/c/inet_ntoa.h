// needs: word quad
// steps: 1700
/*
 * inet_ntoa(&address): an IPv4 address in dotted decimal. address: its four bytes in network order, as loaded from
 * memory. dcap >= 16, and dst needs room up to 64 bytes.
 */
static __always_inline void dt_inet_ntoa(char *dst, u32 dcap, u32 address)
{
	dst[dt_quad(dst, 0, address)] = 0;
}
