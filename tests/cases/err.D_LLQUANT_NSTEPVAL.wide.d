/* The number of steps of llquantize() is a 16-bit number. */

BEGIN
{
	@a = llquantize(1, 10, 0, 3, 70000); /* error: D_LLQUANT_NSTEPVAL */
}
