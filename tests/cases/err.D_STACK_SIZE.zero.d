/* A stack has one frame at least. */

BEGIN
{
	stack(0); /* error: D_STACK_SIZE */
}
