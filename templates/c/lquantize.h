// needs: word
/*
 * The level of lquantize(v, base, limit, step) that v is in: 0 below base, 1 to `levels`, levels + 1 from limit on.
 *
 * levels (a constant) is (limit - base) / step. dtrace cuts v to 32 bits first; this does not.
 */
static __always_inline u32 dt_lquantize_level(s64 v, s64 base, u64 step, u32 levels)
{
	if (v < base)
		return 0;
	return dt_clamp((u64)(v - base) / step, levels + 1) + 1;
}
