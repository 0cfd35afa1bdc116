/* The high magnitude of llquantize() is an integer constant. */

BEGIN
{
	@a = llquantize(1, 10, 0, pid, 10); /* error: D_LLQUANT_HIGHTYPE */
}
