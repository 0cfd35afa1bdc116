/* lquantize() has 65535 levels at most. */

BEGIN
{
	@most = lquantize(1, 0, 65535);
	@ = lquantize(1, 0, 65536); /* error: D_LQUANT_STEPSMALL */
}
