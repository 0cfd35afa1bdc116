/* An aggregating function gives no value. */

BEGIN
{
	x = 1 + count(); /* error: D_AGG_FUNC */
}
