/* The operand of lquantize() is looked at before its bounds. */

BEGIN
{
	@ = lquantize("one", 100, -100, 10); /* error: D_AGG_SCALAR */
}
