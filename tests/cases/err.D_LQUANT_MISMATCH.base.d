/* lquantize()'s base is below its limit. */

BEGIN
{
	@ = lquantize(1, 10, 0); /* error: D_LQUANT_MISMATCH */
}
