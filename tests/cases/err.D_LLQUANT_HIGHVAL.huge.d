/* A magnitude beyond all numbers is refused at once. */

BEGIN
{
	@ = llquantize(1, 10, 0, 1000000000, 10); /* error: D_LLQUANT_HIGHVAL */
}
