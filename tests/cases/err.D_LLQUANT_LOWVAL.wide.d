/* The low magnitude of llquantize() is a 16-bit number. */

BEGIN
{
	@a = llquantize(1, 10, 70000, 3, 10); /* error: D_LLQUANT_LOWVAL */
}
