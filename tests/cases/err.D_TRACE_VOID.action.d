/* An action within an action is void. */

BEGIN
{
	trace(printf("x")); /* error: D_TRACE_VOID */
}
