/* An aggregation may not follow commit(). */

BEGIN
{
	commit(1);
	@ = count(); /* error: D_AGG_COMM */
}
