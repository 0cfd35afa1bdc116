/* trace() takes no aggregation. */

BEGIN
{
	@a = count();
	trace(@a); /* error: D_TRACE_AGG */
}
