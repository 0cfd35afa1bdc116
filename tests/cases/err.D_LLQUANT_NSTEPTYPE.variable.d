/* The number of steps of llquantize() is an integer constant. */

BEGIN
{
	@a = llquantize(1, 10, 0, 3, pid); /* error: D_LLQUANT_NSTEPTYPE */
}
