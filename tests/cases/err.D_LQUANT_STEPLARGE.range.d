/* lquantize()'s step fits its range. */

BEGIN
{
	@ = lquantize(1, 0, 10, 100); /* error: D_LQUANT_STEPLARGE */
}
