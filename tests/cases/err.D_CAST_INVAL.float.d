/* There is no arithmetic with floating point. */

BEGIN
{
	x = (float)1; /* error: D_CAST_INVAL */
}
