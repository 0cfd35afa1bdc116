/* The high magnitude of llquantize() is a 16-bit number. */

BEGIN
{
	@a = llquantize(1, 10, 0, 70000, 10); /* error: D_LLQUANT_HIGHVAL */
}
