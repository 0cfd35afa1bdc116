/* llquantize() has a bounded number of buckets. */

BEGIN
{
	@ = llquantize(1, 10, 0, 5, 1000); /* error: D_LLQUANT_NSTEPVAL */
}
