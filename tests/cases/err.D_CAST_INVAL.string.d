/* A string is no number. */

BEGIN
{
	x = (int)"12"; /* error: D_CAST_INVAL */
}
