/* The number of frames is a constant. */

BEGIN
{
	stack(pid); /* error: D_STACK_SIZE */
}
