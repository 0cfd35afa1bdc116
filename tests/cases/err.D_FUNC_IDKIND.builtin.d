/* A variable is no function. */

BEGIN
{
	trace(pid(1)); /* error: D_FUNC_IDKIND */
}
