/* A pragma is about what the program defines. */

#pragma D attributes Stable/Stable/Common pid /* error: D_PRAGMA_SCOPE */
BEGIN
{
	trace(1);
}
