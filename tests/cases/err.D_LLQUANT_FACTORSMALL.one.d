/* llquantize() grows by a factor of two or more. */

BEGIN
{
	@ = llquantize(1, 1, 0, 3, 10); /* error: D_LLQUANT_FACTORSMALL */
}
