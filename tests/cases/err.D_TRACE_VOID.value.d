/* trace() needs a value. */

BEGIN
{
	trace((void)1); /* error: D_TRACE_VOID */
}
