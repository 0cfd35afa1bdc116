/* Scripts cannot depend on libraries. */

#pragma D depends_on library net.d /* error: D_PRAGMA_DEPEND */
BEGIN
{
	trace(1);
}
