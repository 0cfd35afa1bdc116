// needs: word
// steps: 11000
/*
 * lltostr(v[, base]): v in digits, lower case. Base 10 is signed; all others show the 64 bits. As in dtrace base 16 is
 * written with 0x, base 8 with 0. False, with dst empty, if the base is not 2 to 36 (dtrace: illegal operation).
 *
 * base is 10 if not given. dcap >= 72, room for the digits of base 2, and dst needs room (README.md).
 */
static __always_inline bool dt_lltostr(char *dst, u32 dcap, s64 v, u32 base)
{
	u64 rest = v, at = 71, digit, any;

	DT_WORD(dst, 64) = 0;
	if (base < 2 || base > 36) {
		DT_WORD(dst, 0) = 0;
		return false;
	}
	any = DT_WORD(dst, 0);
	if (base == 10 && v < 0)
		rest = 0 - rest;
	for (u64 i = 70; i > 0; i--) {
		DT_HIDE(i);
		digit = rest % base;
		rest /= base;
		/* '0' + digit, or 'a' + digit - 10 */
		dst[i] = (char)('0' + digit + ((9 - digit) >> 63) * ('a' - '0' - 10));
		at = i;
		if (!rest)
			break;
	}
	at = dt_forget(at, any) & 127;
	if (base == 8 && v) {
		at = dt_bound(at - 1, 128);
		dst[at] = '0';
	} else if (base == 16) {
		at = dt_bound(at - 1, 128);
		dst[at] = 'x';
		at = dt_bound(at - 1, 128);
		dst[at] = '0';
	} else if (base == 10 && v < 0) {
		at = dt_bound(at - 1, 128);
		dst[at] = '-';
	}
	bpf_probe_read_kernel_str(dst, 72, dst + at);
	return true;
}
