// needs:
/*
 * DT_SUBPROGRAM: a function that stands once in a program and is called, where others are copied to each place that
 * uses them. They stand in one section, behind a function of the kind that BCC tells the place of, and are taken from
 * there by dtrans/run/subprograms.py.
 *
 * At most five arguments, no capacities among them: those must be constants. No maps, which BCC makes known to its own
 * functions only: their values are arguments. All that call each other share the 512 bytes of the stack. The verifier
 * walks a function at each call.
 */
int subprograms(void *ctx)
{
	return 0;
}
#define DT_SUBPROGRAM static __attribute__((noinline, section(".bpf.fn.subprograms")))
