/* llquantize()'s low magnitude is below its high one. */

BEGIN
{
	@ = llquantize(1, 10, 3, 2, 10); /* error: D_LLQUANT_MAGRANGE */
}
