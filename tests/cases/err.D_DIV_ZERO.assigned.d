/* So is one that assigns. */

BEGIN
{
	x = 1;
	x %= 0; /* error: D_DIV_ZERO */
}
