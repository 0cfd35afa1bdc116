/* All uses of an aggregation have the same limit. */

BEGIN
{
	@a = lquantize(1, 0, 10);
	@a = lquantize(1, 0, 11); /* error: D_LQUANT_MATCHLIM */
}
