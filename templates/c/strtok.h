// needs: word find slice
// steps: 11000
/*
 * strtok(s, delimiters): dst = the next run of characters that are not in `delimiters`. False, with dst empty, if
 * there is none left.
 *
 * state: DT_STRTOK_STATE(cap) bytes that stay from call to call: the string s, and a u64, how far it is used. dcap >= 32:
 * dst holds the set of delimiters meanwhile, one bit a character.
 */
#define DT_STRTOK_STATE(cap) ((cap) + 8)

static __always_inline bool dt_strtok(char *dst, u32 dcap, char *state, u32 cap, const char *delimiters,
				      u32 delcap)
{
	u64 used = DT_WORD(state, cap), start = 0, end = 0, seek = 1, w, c, bad, good, ends, n, low, found;

	/* The NUL is in the set. */
	DT_WORD(dst, 0) = 1;
	DT_WORD(dst, 8) = DT_WORD(dst, 16) = DT_WORD(dst, 24) = 0;
	for (u64 i = 0; i < delcap; i++) {
		DT_HIDE(i);
		c = (u8)delimiters[i];
		if (!c)
			break;
		dst[c >> 3] |= 1 << (c & 7);
	}
	/* The start is looked for (seek 1), and behind it the end, which may be in the same word. */
	for (u64 i = 0; i < cap; i += 8) {
		DT_HIDE(i);
		w = DT_WORD(state, i);
		bad = 0;
#pragma clang loop unroll(full)
		for (int k = 0; k < 64; k += 8) {
			c = w >> k & 255;
			bad |= (u64)((u8)dst[c >> 3] >> (c & 7) & 1) << (k + 7);
		}
		ends = dt_nul(w);
		good = ~bad & DT_MARKS & (ends - 1) & ~ends;
		good &= dt_from(used - i);
		found = dt_any(good) & seek;
		start = dt_pick(found, i + dt_before(good), start);
		/* Where the end may be: behind the start, anywhere if that was before, nowhere if it is still to come. */
		low = dt_pick(seek, -(good & -good), -1ULL);
		bad &= low;
		seek -= found;
		end = i + dt_before(bad);
		if (bad | ends)
			break;
	}
	n = DT_WORD(state, 0);
	start = dt_forget(start, n);
	end = dt_forget(end, n) & (2 * DT_POW2(cap) - 1);
	DT_WORD(state, cap) = end;
	if (dt_forget(seek, n)) {
		DT_WORD(dst, 0) = 0;
		return false;
	}
	dt_slice(dst, dcap, state, cap, start, end - start);
	return true;
}
