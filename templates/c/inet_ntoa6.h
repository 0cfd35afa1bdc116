// needs: word quad
// steps: 16000
/*
 * inet_ntoa6(&address) and inet_ntop(AF_INET6, &address): an IPv6 address in lower-case hexadecimal with one run of
 * zeros as "::" (RFC 1884, form 2).
 *
 * address: its 16 bytes, in kernel or scratch memory. embedded (a constant): how an address with an IPv4 one in it
 * (::ffff:1.2.3.4 or ::1.2.3.4) is shown: true as those for inet_ntop, false as just the IPv4 one for inet_ntoa6.
 * dcap >= 48, and dst needs room up to 64 bytes.
 *
 * Which run is "::" is as in dtrace_dif_subr: the longest, the first of equal ones, but a later run of the same length
 * wins if a group below 0x100 follows it, and a lone last group is never one.
 */
typedef u16 __attribute__((may_alias)) dt_group;

static __always_inline void dt_inet_ntoa6(char *dst, u32 dcap, const u8 *address, bool embedded)
{
	u64 at = 0, from = 0, to = 0, run = 0, best = 1, zero, better, span, v, squeezed, shown, short_form;
	u64 half[2] = {};
	dt_group *groups = (dt_group *)half;

	bpf_probe_read_kernel(half, sizeof(half), address);
	/* ::ffff:a.b.c.d, and ::a.b.c.d but for :: and ::1 */
	v = half[1] >> 32;
	short_form = !half[0] && ((u32)half[1] == 0xffff0000 || (!(u32)half[1] && v && v != 0x01000000));
	if (short_form && !embedded) {
		dst[dt_quad(dst, 0, v)] = 0;
		return;
	}
	/* Clang does not know the group's number: it would have all groups at hand at a time, on the stack. */
	for (u64 i = 0; i < 8; i++) {
		DT_HIDE(i);
		v = __builtin_bswap16(groups[i]);
		zero = dt_less(v, 1);
		/* dtrace counts the bytes up to the first that is not 0, or to the last of all. */
		span = 2 * run + dt_less(v, 256);
		better = dt_less(best, span) & ~zero;
		from = dt_pick(better, i - run, from);
		to = dt_pick(better, i, to);
		best = dt_pick(better, 2 * run, best);
		run = dt_pick(zero, run + 1, 0);
	}
	better = dt_less(best, 2 * run - 1);
	from = dt_pick(better, 8 - run, from);
	to = dt_pick(better, 8, to);
	/* The groups that "::" stands for, bit 8 the first; those that are written; where the IPv4 address begins. */
	squeezed = ((1 << (to & 15)) - (1 << (from & 15))) << 8;
	if (short_form)
		squeezed &= 0x3fff;
	shown = (short_form ? 0x3f00 : 0xff00) & ~squeezed;
	for (u64 i = 0; i < 8; i++) {
		DT_HIDE(i);
		/* Two characters at the first of the squeezed groups. What is not to stay is written over. */
		zero = (squeezed & ~(squeezed << 1)) >> (i + 8) & 1;
		dst[dt_bound(at, 64)] = ':';
		dst[dt_bound(at + 1, 64)] = ':';
		at = dt_bound(at + 2 * zero, 64);
		better = shown >> (i + 8) & 1;
		if (i)
			at += better & ~(squeezed >> (i + 7));
		v = __builtin_bswap16(groups[i]);
#pragma clang loop unroll(full)
		for (int k = 12; k >= 0; k -= 4) {
			span = v >> k & 15;
			dst[dt_bound(at, 64)] = '0' + span + dt_less(9, span) * ('a' - '0' - 10);
			at += better & (k ? dt_less((1 << k) - 1, v) : 1);
		}
	}
	at = dt_bound(dt_forget(at, half[0]), 64);
	if (short_form) {
		dst[at] = ':';
		at = dt_quad(dst, (at + 1 - (squeezed >> 13 & 1)) & 31, half[1] >> 32);
	}
	dst[dt_bound(at, 64)] = 0;
}
