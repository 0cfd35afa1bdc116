/* lquantize() has 1000 levels at most. */

BEGIN
{
	@ = lquantize(1, 0, 5000, 1); /* error: D_LQUANT_STEPSMALL */
}
