/* A range from a number to itself has no level. */

BEGIN
{
	@ = lquantize(1, 10, 10); /* error: D_LQUANT_STEPLARGE */
}
