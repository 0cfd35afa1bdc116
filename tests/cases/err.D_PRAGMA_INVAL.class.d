/* And on nothing else. */

#pragma D depends_on kernel nosuch /* error: D_PRAGMA_INVAL */
BEGIN
{
	trace(1);
}
