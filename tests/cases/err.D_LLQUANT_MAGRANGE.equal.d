/* The low magnitude is less than the high one. */

BEGIN
{
	@a = llquantize(1, 10, 3, 3, 10); /* error: D_LLQUANT_MAGRANGE */
}
