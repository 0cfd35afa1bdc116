/* The highest value must fit 64 bits. */

BEGIN
{
	@a = llquantize(1, 10, 0, 18, 10); /* error: D_LLQUANT_MAGTOOBIG */
}
