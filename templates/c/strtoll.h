// needs: word
// steps: 6900
/*
 * strtoll(s[, base]): the number that s begins with: blanks and tabs, a sign, with base 16 perhaps 0x, digits. 0 if
 * there is none; too large a number wraps, as in dtrace. base is 10 if not given.
 *
 * At most DT_STRTOLL_DIGITS digits are read: more than 64 make no number of 64 bits, unless they begin with zeros.
 */
#define DT_STRTOLL_DIGITS 96

static __always_inline s64 dt_strtoll(const char *s, u32 cap, u32 base)
{
	u64 value, at, w = 0, other = 0, i, digit, letter, c, minus, x;

	for (i = 0; i < cap; i += 8) {
		DT_HIDE(i);
		w = DT_WORD(s, i);
		other = ~(dt_zeros(w ^ (' ' * DT_ONES)) | dt_zeros(w ^ ('\t' * DT_ONES))) & DT_MARKS;
		if (other)
			break;
	}
	at = dt_bound(dt_forget(i + dt_before(other), w), cap);
	c = (u8)s[at];
	minus = 1 - dt_any(c ^ '-');
	at = dt_bound(at + minus + 1 - dt_any(c ^ '+'), cap);
	if (base == 16) {
		x = dt_bound(at + 1, cap);
		c = 1 - (dt_any((u8)s[at] ^ '0') | dt_any(((u8)s[x] | 0x20) ^ 'x'));
		x = dt_bound(x + 1, cap);
		digit = ((u8)s[x] - '0') & 255;
		letter = (((u8)s[x] | 0x20) - 'a') & 255;
		at = dt_pick(c & (dt_less(digit, 10) | dt_less(letter, 6)), x, at);
	}
	value = dt_forget(0, w);
	for (i = 0; i < DT_MIN(cap, DT_STRTOLL_DIGITS); i++) {
		DT_HIDE(i);
		c = (u8)s[dt_bound(at, cap)];
		digit = (c - '0') & 255;
		/* What is neither a digit nor a letter comes out above 35. */
		digit = dt_pick(dt_less(digit, 10), digit, (((c | 0x20) - 'a') & 255) + 10);
		if (!dt_less(digit, base))
			break;
		value = value * base + digit;
		at++;
	}
	return (value ^ (0 - minus)) + minus;
}
