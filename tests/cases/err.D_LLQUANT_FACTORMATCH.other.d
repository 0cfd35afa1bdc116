/* All uses of an aggregation have the same factor. */

BEGIN
{
	@a = llquantize(1, 10, 0, 3, 100);
	@a = llquantize(1, 100, 0, 3, 100); /* error: D_LLQUANT_FACTORMATCH */
}
