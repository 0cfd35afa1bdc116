/* A program can depend on a provider. */

#pragma D depends_on provider nosuch /* error: D_PRAGMA_DEPEND */
BEGIN
{
	trace(1);
}
