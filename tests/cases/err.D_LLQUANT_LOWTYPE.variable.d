/* The low magnitude of llquantize() is an integer constant. */

BEGIN
{
	@a = llquantize(1, 10, pid, 3, 10); /* error: D_LLQUANT_LOWTYPE */
}
