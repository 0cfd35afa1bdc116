/* clear() takes an aggregation. */

BEGIN
{
	clear(3); /* error: D_CLEAR_AGGARG */
}
