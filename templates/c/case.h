// needs: word
/*
 * The body of dt_toupper and dt_tolower: copies s, with bit 5 turned in the 26 letters from `first` on.
 */
static __always_inline void dt_turn_case(char *dst, u32 dcap, const char *s, u32 scap, u64 first)
{
	u64 w, low, letters;

	for (u64 i = 0; i < DT_MIN(dcap, scap); i += 8) {
		DT_HIDE(i);
		w = DT_WORD(s, i);
		low = w & ~DT_MARKS;
		/* Bit 7 of a byte: it is `first` or above, but not above the last letter, and below 128. */
		letters = (low + DT_ONES * (128 - first)) & ~(low + DT_ONES * (128 - first - 26)) & ~w & DT_MARKS;
		DT_WORD(dst, i) = w ^ (letters >> 2);
		if (dt_nul(w))
			break;
	}
	dst[DT_MIN(dcap, scap) - 1] = 0;
}
