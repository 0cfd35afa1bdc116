/* And about something that there is. */

#pragma D binding "1.0" nosuch /* error: D_PRAGMA_UNUSED */
BEGIN
{
	trace(1);
}
