/* D does not calculate with floating-point numbers. */

double ratio;

BEGIN
{
	ratio = 1; /* error: D_OP_INCOMPAT */
}
