/* ustack() records at least one frame. */

BEGIN
{
	ustack(0); /* error: D_USTACK_FRAMES */
}
