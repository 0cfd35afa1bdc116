/* The factor of llquantize() is a 16-bit number. */

BEGIN
{
	@a = llquantize(1, 70000, 0, 3, 10); /* error: D_LLQUANT_FACTORVAL */
}
