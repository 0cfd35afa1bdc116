/* void has no value. */

BEGIN
{
	trace(*(void *)8); /* error: D_OP_PTR */
}
