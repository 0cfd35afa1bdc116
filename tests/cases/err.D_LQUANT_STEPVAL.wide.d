/* lquantize()'s step is a 16-bit number. */

BEGIN
{
	@ = lquantize(1, 0, 100000, 65536); /* error: D_LQUANT_STEPVAL */
}
