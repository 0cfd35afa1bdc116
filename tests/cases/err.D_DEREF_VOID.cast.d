/* void has no value. */

BEGIN
{
	trace(*(void *)8); /* error: D_DEREF_VOID */
}
