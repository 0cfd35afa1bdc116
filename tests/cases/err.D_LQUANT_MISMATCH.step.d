/* The bounds of lquantize() are compared before its step is looked at. */

BEGIN
{
	@ = lquantize(1, 100, -100, -100); /* error: D_LQUANT_MISMATCH */
}
