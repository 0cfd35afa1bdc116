/* stack() takes not so many arguments. */

BEGIN
{
	stack(1, 2, 3); /* error: D_STACK_PROTO */
}
