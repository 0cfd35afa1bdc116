/* And on a module of the kernel. */

#pragma D depends_on module nosuch /* error: D_PRAGMA_DEPEND */
BEGIN
{
	trace(1);
}
