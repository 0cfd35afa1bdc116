/* The limit of lquantize() is a 32-bit number. */

BEGIN
{
	@a = lquantize(1, 0, 5000000000); /* error: D_LQUANT_LIMVAL */
}
