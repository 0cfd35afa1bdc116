// needs: word strlen
/*
 * Where the string n stands in the string s: the first place from `low` on, or with `last` (a constant) the last one
 * up to `high` (low and high below 2^63); -1 if nowhere. The body of dt_strstr, dt_index and dt_rindex. n is not empty.
 *
 * ncap at most 8 (7 characters): eight characters are compared at each place. Longer: Baeza-Yates and Gonnet's
 * shift-and. Bit k of the state, counted from where n's first character has its bit, says that the last k + 1
 * characters are the first k + 1 of n; the new state is the old one, shifted, and those bits where n has the new
 * character. n's last character has the topmost bit. `work` holds the bits by character, the state, and the bits of n's
 * first character: DT_FIND_WORK(ncap) bytes, 8-aligned, nothing need be in them, and only those of characters in s or n
 * are touched.
 *
 * Both go by words of s: the marks of the places in eight characters, then one question.
 */
#define DT_FIND_END 0x7fffffffffffffffLL
#define DT_FIND_WORDS(ncap) (((ncap) + 63) / 64)
#define DT_FIND_WORK(ncap) ((ncap) <= 8 ? 0 : (2048 + 16) * DT_FIND_WORDS(ncap))
/* What there is of a state of several words stands in memory, and not on the stack. */
#define DT_FIND_STORED(words) do { if ((words) > 1) asm volatile("" ::: "memory"); } while (0)

/*
 * The verifier keeps no state where a loop's first turn begins, and so walks the loop for each way that leads there.
 * Questions that change nothing make it keep one before.
 */
#define DT_FIND_JOIN(x) asm volatile("if %0 == 0 goto +0\n\tif %0 == 0 goto +0\n\tif %0 == 0 goto +0" : "+r"(x))

/* Marks on the bytes from number k on, k below 0 or above 7 allowed. */
static __always_inline u64 dt_from(u64 k)
{
	u64 below = k >> 63, beyond = dt_less(7, k) & (below ^ 1);

	return (DT_MARKS << dt_pick(below, 0, k * 8 & 63)) * (1 - beyond);
}

/* Of the marks on word i of s: those before its NUL and from low to high. */
static __always_inline u64 dt_find_within(u64 marks, u64 w, u64 i, u64 low, u64 high)
{
	u64 ends = dt_nul(w);

	marks &= (ends - 1) & ~ends;
	if (!__builtin_constant_p(low) || low)
		marks &= dt_from(low - i);
	if (!__builtin_constant_p(high) || high != DT_FIND_END)
		marks &= ~dt_from(high + 1 - i);
	return marks;
}

static __always_inline s64 dt_find_short(const char *s, u32 scap, u64 n, u64 low, u64 high, bool last)
{
	u64 end = dt_nul(n), mask = ((end & -end) >> 7) - 1, found = dt_forget(-1, n), bits = DT_POW2(scap) - 1;
	u64 w, next, marks, x;

	n &= mask;
	for (u64 i = 0; i < scap; i += 8) {
		DT_HIDE(i);
		w = DT_WORD(s, i);
		next = i + 8 < scap ? DT_WORD(s, i + 8) : 0;
		marks = 0;
#pragma clang loop unroll(full)
		for (int k = 0; k < 64; k += 8) {
			x = ((k ? w >> k | next << (64 - k) : w) ^ n) & mask;
			/* Bit 63 is clear in x, as n has at most 7 characters. */
			x = (x - 1) >> 63;
			marks |= x << (k + 7);
		}
		marks = dt_find_within(marks, w, i, low, high);
		if (last) {
			found = dt_pick(dt_any(marks), i + dt_upto(marks) - 1, found);
		} else if (marks) {
			found = dt_forget(i + dt_before(marks), w) & bits;
			break;
		}
		if (dt_nul(w))
			break;
	}
	return found;
}

static __always_inline s64 dt_find_long(const char *s, u32 scap, const char *n, u32 ncap, u8 *work, u64 low, u64 high,
					bool last)
{
	const u32 words = DT_FIND_WORDS(ncap);
	u64 any = DT_WORD(n, 0), found = dt_forget(-1, any), within = DT_POW2(scap) - 1, length = dt_strlen(n, ncap);
	u64 skip = 64 * words - length, w, marks, carry, next, bits, c;
	dt_word *state = (dt_word *)(work + 2048 * words), *first = state + words, *row;

	DT_FIND_JOIN(skip);
	/* Character i of n has bit skip + i. */
#pragma clang loop unroll(full)
	for (u32 j = 0; j < words; j++) {
		state[j] = 0;
		first[j] = (1 - dt_any(skip >> 6 ^ j)) << (skip & 63);
		DT_FIND_STORED(words);
	}
	for (u64 i = 0; i < scap; i += 8) {
		DT_HIDE(i);
		w = DT_WORD(s, i);
#pragma clang loop unroll(full)
		for (int k = 0; k < 64; k += 8) {
			row = (dt_word *)(work + (w >> k & 255) * (8 * words));
#pragma clang loop unroll(full)
			for (u32 j = 0; j < words; j++)
				row[j] = 0;
		}
		if (dt_nul(w))
			break;
	}
	for (u64 i = 0; i < ncap; i++) {
		DT_HIDE(i);
		c = (u8)n[i];
		if (!c)
			break;
		next = dt_bound(skip + i, 64 * words);
		row = (dt_word *)(work + c * (8 * words) + (next >> 6) * 8);
		*row |= 1ULL << (next & 63);
	}
	DT_FIND_JOIN(any);
	for (u64 i = 0; i < scap; i += 8) {
		DT_HIDE(i);
		w = DT_WORD(s, i);
		marks = 0;
#pragma clang loop unroll(full)
		for (int k = 0; k < 64; k += 8) {
			row = (dt_word *)(work + (w >> k & 255) * (8 * words));
			carry = 0;
#pragma clang loop unroll(full)
			for (u32 j = 0; j < words; j++) {
				next = state[j];
				bits = (next << 1 | carry | first[j]) & row[j];
				carry = next >> 63;
				state[j] = bits;
				DT_FIND_STORED(words);
			}
			marks |= bits >> 63 << (k + 7);
		}
		/* The marks are on last characters. */
		marks = dt_find_within(marks, w, i, low + length - 1, high + (high != DT_FIND_END ? length - 1 : 0));
		if (last) {
			found = dt_pick(dt_any(marks), i + dt_upto(marks) - length, found);
		} else if (marks) {
			found = dt_forget(i + dt_before(marks) + 1 - length, any) & within;
			break;
		}
		if (dt_nul(w))
			break;
	}
	return found;
}

static __always_inline s64 dt_find(const char *s, u32 scap, const char *n, u32 ncap, u8 *work, u64 low, u64 high,
				   bool last)
{
	if (ncap <= 8)
		return dt_find_short(s, scap, DT_WORD(n, 0), low, high, last);
	return dt_find_long(s, scap, n, ncap, work, low, high, last);
}
