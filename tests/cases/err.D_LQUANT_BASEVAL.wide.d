/* The base of lquantize() is a 32-bit number. */

BEGIN
{
	@a = lquantize(1, -5000000000, 10); /* error: D_LQUANT_BASEVAL */
}
