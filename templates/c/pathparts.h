// needs: word
/*
 * Where the parts of a path are, for dt_basename and dt_dirname: offsets into s.
 *
 * "/a//bc/": the last component is [first, last), here "bc"; what leads to it ends at `lead`, here behind "/a".
 * last is 0 if there is no component (s is empty or all slashes), lead is 0 if none stands before the last one.
 */
struct dt_pathparts {
	u64 first, last, lead;
};

static __always_inline struct dt_pathparts dt_pathparts(const char *s, u32 cap)
{
	u64 first = 0, last = 0, lead = 0, inside = 0, mask = 2 * DT_POW2(cap) - 1;
	u64 w, ends, other, starts, n, some, before;
	struct dt_pathparts part;

	for (u64 i = 0; i < cap; i += 8) {
		DT_HIDE(i);
		w = DT_WORD(s, i);
		ends = dt_nul(w);
		/* What is neither a slash nor behind the end, and of that what follows a slash or opens s. */
		other = ~dt_zeros(w ^ ('/' * DT_ONES)) & DT_MARKS & (ends - 1) & ~ends;
		starts = other & ~(other << 8 | inside);
		inside = other >> 56;
		/* If a component starts here: its first character, and the last one before it, here or in an earlier word. */
		n = dt_upto(starts);
		some = dt_any(starts);
		first = dt_pick(some, i + n - 1, first);
		before = other & ((1ULL << ((n * 8 - 8) & 63)) - 1);
		before = dt_pick(dt_any(before), i + dt_upto(before), last);
		lead = dt_pick(some, before, lead);
		last = dt_pick(dt_any(other), i + dt_upto(other), last);
		if (ends)
			break;
	}
	w = DT_WORD(s, 0);
	part.first = dt_forget(first, w) & mask;
	part.last = dt_forget(last, w) & mask;
	part.lead = dt_forget(lead, w) & mask;
	return part;
}
