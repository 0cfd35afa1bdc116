/* A program does not depend on a library by itself. */

#pragma D depends_on library net.d /* error: D_PRAGMA_DEPEND */
BEGIN
{
	trace(1);
}
