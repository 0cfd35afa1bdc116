/* An lquantize() has the same bounds everywhere. */

BEGIN
{
	@ = lquantize(1, 0, 10);
	@ = lquantize(1, 5, 20); /* error: D_LQUANT_MATCHBASE */
}
