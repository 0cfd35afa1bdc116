// needs:
/*
 * DT_SUBPROGRAM: a function that stands once in a program and is called, where others are copied to each place that
 * uses them. They stand in one section, behind a function of the kind that BCC tells the place of, and are taken from
 * there by dtrans/run/kernel/subprograms.py. The verifier walks each once, whatever calls it, and knows nothing of its numbers.
 *
 * It takes five numbers (DT_CALL fills up with zeros) and gives one; DT_MAP gives it maps, which BCC makes known to its
 * own functions only. All that call each other share the 512 bytes of the stack.
 */
int subprograms(void *ctx)
{
	return 0;
}
#define DT_SUBPROGRAM(name, a, b, c, d) static __attribute__((noinline, used, section(".bpf.fn.subprograms"))) \
	u64 name(u64 a, u64 b, u64 c, u64 d, u64 unused_)
/* dt_call(name, a, b, c, d); what is not given is 0. Clang is not to make a constant of what all callers give. */
#define DT_CALL_(name, a, b, c, d, ...) ({ u64 a_ = (a), b_ = (b), c_ = (c), d_ = (d); \
	asm("" : "+r"(a_), "+r"(b_), "+r"(c_), "+r"(d_)); name(a_, b_, c_, d_, 0); })
#define DT_CALL(name, ...) DT_CALL_(name, __VA_ARGS__, 0, 0, 0, 0)
/* bpf_map_lookup_elem() in such a function: the map's number is dtrans.artifact.map_number. */
static void *(*dt_lookup)(void *map, const void *key) = (void *)1;
#define DT_MAP(number) ({ void *map_; asm volatile("%0 = %1 ll" : "=r"(map_) : "i"(number)); map_; })
