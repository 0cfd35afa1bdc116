/* llquantize()'s buckets fit 64 bits. */

BEGIN
{
	@ = llquantize(1, 10, 0, 30, 10); /* error: D_LLQUANT_MAGTOOBIG */
}
