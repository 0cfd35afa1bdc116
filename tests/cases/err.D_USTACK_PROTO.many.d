/* ustack() takes not so many arguments. */

BEGIN
{
	ustack(1, 2, 3); /* error: D_USTACK_PROTO */
}
