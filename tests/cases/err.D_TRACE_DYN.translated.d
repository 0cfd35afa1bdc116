/* trace() takes no translated pointer. */

BEGIN
{
	trace(curpsinfo); /* error: D_TRACE_DYN */
}
