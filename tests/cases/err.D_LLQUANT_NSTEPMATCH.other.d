/* All uses of an aggregation have the same number of steps. */

BEGIN
{
	@a = llquantize(1, 10, 0, 3, 100);
	@a = llquantize(1, 10, 0, 3, 20); /* error: D_LLQUANT_NSTEPMATCH */
}
