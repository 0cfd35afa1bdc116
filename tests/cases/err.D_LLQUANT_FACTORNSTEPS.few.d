/* llquantize() has as many steps as its factor at least. */

BEGIN
{
	@ = llquantize(1, 10, 0, 3, 7); /* error: D_LLQUANT_FACTORNSTEPS */
}
