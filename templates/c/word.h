// needs:
/*
 * What the string functions are made of. Not called by generated code.
 *
 * Strings are read eight characters at a time, as little-endian words. A set of characters in a word is a word of
 * markers: bit 7 of each byte that is in the set, all other bits clear.
 *
 * Three rules keep the verifier's work small (it walks every turn of every loop, and every path that differs):
 *  - a loop counts with a known number (DT_HIDE keeps clang from counting with a pointer, which the verifier does
 *    not follow);
 *  - what a loop finds is unknown to the verifier and the same whichever turn found it (DT_FORGET), so that the rest
 *    of the program is walked once and not once for each turn;
 *  - bodies are free of branches, but for the way out of the loop; and what lives on is not compared with the loop's
 *    counter, which would tell the verifier something new in each turn: dt_less compares without a branch.
 */
typedef u64 __attribute__((may_alias)) dt_word;

#define DT_ONES 0x0101010101010101ULL
#define DT_MARKS 0x8080808080808080ULL
#define DT_WORD(s, i) (*(dt_word *)((char *)(s) + (i)))
/* The power of two that is not below n, n a constant. */
#define DT_POW2(n) ((n) <= 1 ? 1ULL : 1ULL << (64 - __builtin_clzll((u64)(n) - 1)))
#define DT_MIN(a, b) ((a) < (b) ? (a) : (b))
/* Clang knows nothing of x from here on. The verifier sees no instruction. */
#define DT_HIDE(x) asm("" : "+r"(x))

/* The same value, which the verifier takes for any number; `any` is a number read from memory. */
static __always_inline u64 dt_forget(u64 value, u64 any)
{
	u64 same = any;

	DT_HIDE(same);
	same = any & ~same; /* 0, but the verifier does not compare registers */
	DT_HIDE(same);
	return value ^ same;
}

/* 1 if a < b, else 0; both below 2^63. */
static __always_inline u64 dt_less(u64 a, u64 b)
{
	a -= b;
	DT_HIDE(a); /* or clang makes a branch of it */
	a >>= 63;
	DT_HIDE(a); /* or clang asks for the difference's sign, and newer verifiers learn of a from it */
	return a;
}

/* 0 if x is 0, else 1. */
static __always_inline u64 dt_any(u64 x)
{
	x |= 0 - x;
	DT_HIDE(x);
	return x >> 63;
}

/* `yes` if which is 1, `no` if it is 0, without a branch. */
static __always_inline u64 dt_pick(u64 which, u64 yes, u64 no)
{
	/* Not by a mask of all bits or none: newer verifiers walk both ways there, as at a branch. */
	DT_HIDE(which);
	return no + (yes - no) * which;
}

/* The lesser of i and cap - 1; the verifier knows it. */
static __always_inline u64 dt_clamp(u64 i, u32 cap)
{
	/* A number of its own, so that the question tells the verifier nothing of the one that it comes from. */
	i = dt_forget(i, i);
	/* The path that the verifier walks first is the one that holds the other. */
	asm volatile("if %0 >= %1 goto +1\n\tgoto +1\n\t%0 = %2"
		     : "+r"(i)
		     : "r"((u64)cap), "r"((u64)cap - 1));
	return i;
}

/* i, which is below cap, so that the verifier knows it too. */
static __always_inline u64 dt_bound(u64 i, u32 cap)
{
	if (cap & (cap - 1))
		return dt_clamp(i, cap);
	DT_HIDE(i);
	i &= cap - 1;
	DT_HIDE(i);
	return i;
}

/* Marks the zero bytes of w; above the first one there may be marks too many. */
static __always_inline u64 dt_nul(u64 w)
{
	return (w - DT_ONES) & ~w & DT_MARKS;
}

/* Marks exactly the zero bytes of w. */
static __always_inline u64 dt_zeros(u64 w)
{
	return ~(((w & ~DT_MARKS) + ~DT_MARKS) | w) & DT_MARKS;
}

/* How many bytes stand before the first mark: 0 to 8, 8 without any mark. */
static __always_inline u64 dt_before(u64 marks)
{
	return ((((marks - 1) & ~marks) >> 7) & DT_ONES) * DT_ONES >> 56;
}

/* How many bytes there are up to the last mark, it included: 0 to 8, 0 without any mark. */
static __always_inline u64 dt_upto(u64 marks)
{
	marks |= marks >> 8;
	marks |= marks >> 16;
	marks |= marks >> 32;
	return ((marks >> 7) & DT_ONES) * DT_ONES >> 56;
}
