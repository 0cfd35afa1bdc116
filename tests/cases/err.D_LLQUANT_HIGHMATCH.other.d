/* All uses of an aggregation have the same high magnitude. */

BEGIN
{
	@a = llquantize(1, 10, 0, 3, 100);
	@a = llquantize(1, 10, 0, 4, 100); /* error: D_LLQUANT_HIGHMATCH */
}
