/* llquantize()'s steps divide its buckets. */

BEGIN
{
	@ = llquantize(1, 10, 0, 3, 7); /* error: D_LLQUANT_FACTOREVEN */
}
