/* llquantize()'s steps divide its buckets. */

BEGIN
{
	@ = llquantize(1, 10, 0, 3, 15); /* error: D_LLQUANT_FACTOREVEN */
}
