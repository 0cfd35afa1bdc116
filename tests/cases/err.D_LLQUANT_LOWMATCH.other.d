/* All uses of an aggregation have the same low magnitude. */

BEGIN
{
	@a = llquantize(1, 10, 0, 3, 100);
	@a = llquantize(1, 10, 1, 3, 100); /* error: D_LLQUANT_LOWMATCH */
}
