// needs: word
/*
 * The bucket of llquantize(v, factor, low, high, steps) that v is in: 0 below factor^low, then the buckets, the last
 * one from factor^(high + 1) on. All but v are constants.
 *
 * As dtrace_aggregate_llquantize_bucket counts them: an order of magnitude from factor^k has `steps` buckets counted
 * from 0 (or as many as there are numbers, if that is less), the first 1/factor of which are the order below.
 */
static __always_inline u32 dt_llquantize_bucket(s64 v, u32 factor, u32 low, u32 high, u32 steps)
{
	u64 from = 1, to, count, bucket = 1;

	for (u32 i = 0; i < low; i++)
		from *= factor;
	if (v < (s64)from)
		return 0;
#pragma clang loop unroll(full)
	for (u32 order = low; order <= high; order++) {
		to = from * factor;
		count = to < steps ? to : steps;
		/* The next order would not fit in 63 bits: this one takes all that is left. */
		if ((s64)(to * factor) < (s64)to && (u64)v >= to)
			v = to - 1;
		if ((u64)v < to)
			return dt_clamp(dt_forget(bucket + ((u64)v - from) / (to / count), v), 1 << 23);
		bucket += count - count / factor;
		from = to;
	}
	return bucket;
}
