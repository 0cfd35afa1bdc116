/* The factor of llquantize() is an integer constant. */

BEGIN
{
	@a = llquantize(1, pid, 0, 3, 10); /* error: D_LLQUANT_FACTORTYPE */
}
