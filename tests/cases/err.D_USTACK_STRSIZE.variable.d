/* The size is a constant. */

BEGIN
{
	ustack(5, pid); /* error: D_USTACK_STRSIZE */
}
