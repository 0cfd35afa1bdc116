// needs: word strlen
// steps: 29000
/*
 * cleanpath(s): s without empty components, "/./" and "x/.."; symbolic links are not looked at (Guide, "Actions and
 * Subroutines"). As in dtrace a trailing slash or "/." stays, a trailing "/.." leaves a slash, and ".." beyond the
 * beginning goes nowhere: "/../a" is "/a" and so is "b/../a".
 *
 * dst needs room (README.md) and dcap >= scap. dst may not be s. "/.." and "b/.." give "/", where dtrace's result is
 * cut wrongly.
 *
 * The path is read from its end, so that ".." is met before what it removes: `skip` counts the components still to
 * be left out, `keep` is 1 in a component that goes into the result. Components are told apart by the mark on their
 * last character; a component that is empty has its mark on the slash before it.
 */
static __always_inline void dt_cleanpath(char *dst, u32 dcap, const char *s, u32 scap)
{
	u64 any = DT_WORD(s, 0), length = dt_strlen(s, scap), mask = DT_POW2(dcap) - 1;
	u64 w, lower, slash, dot, live, last, slash1, slash2, dot1, slash_lower, dot_lower;
	u64 edge, none, up, plain, kept, all, upper, skip, keep, at, zero, a, b, c;

	DT_WORD(dst, dcap - 8) = 0;
	/* Where the next character goes, how many components to leave out, whether this one stays: as any number. */
	at = dt_forget(dcap - 2, any) & mask;
	skip = dt_forget(0, any) & 255;
	keep = dt_forget(0, any) & 1;
	upper = dt_forget(0, any) & 128;
	for (u64 i = scap - 8; i < scap; i -= 8) {
		DT_HIDE(i);
		if (dt_less(length, i))
			continue;
		w = DT_WORD(s, i);
		lower = i ? DT_WORD(s, i - 8) : 0;
		live = dt_nul(w);
		live = (live - 1) & ~live & DT_MARKS;
		/* The last character of s, if it is in this word. */
		last = (live & ~(live >> 8)) * dt_less(length - i, 9);
		slash = dt_zeros(w ^ ('/' * DT_ONES)) & live;
		dot = dt_zeros(w ^ ('.' * DT_ONES)) & live;
		slash_lower = dt_zeros(lower ^ ('/' * DT_ONES));
		dot_lower = dt_zeros(lower ^ ('.' * DT_ONES));
		slash1 = slash << 8 | slash_lower >> 56;
		slash2 = slash << 16 | slash_lower >> 48;
		dot1 = dot << 8 | dot_lower >> 56;
		/* Characters with a slash or the end behind them. */
		edge = slash >> 8 | upper << 56 | last;
		upper = slash & 128;
		none = edge & (slash | (dot & slash1));
		up = edge & dot & dot1 & slash2;
		plain = edge & ~none & ~up;
		kept = none & last;
		all = none | up | plain;
		/* A trailing ".." leaves a slash. */
		dst[dt_bound(at, dcap)] = '/';
		at = (at - dt_any(up & last)) & mask;
#pragma clang loop unroll(full)
		for (int k = 56; k >= 0; k -= 8) {
			zero = (skip - 1) >> 63;
			a = plain >> (k + 7) & 1;
			b = all >> (k + 7) & 1;
			c = kept >> (k + 7) & 1;
			keep = (keep & ~b) | (a & zero) | c;
			skip += (up >> (k + 7) & 1) - (a & ~zero);
			skip &= 255;
			dst[dt_bound(at, dcap)] = (char)(w >> k);
			at = (at - (keep & (live >> (k + 7)))) & mask;
		}
	}
	dst[dcap - 1] = 0;
	bpf_probe_read_kernel_str(dst, dcap, dst + dt_bound(at + 1, dcap));
}
