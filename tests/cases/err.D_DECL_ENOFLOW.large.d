/* An enumerator fits an int. */

enum e { HUGE = 0x100000000 }; /* error: D_DECL_ENOFLOW */
BEGIN
{
	trace(1);
}
