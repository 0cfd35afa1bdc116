/* A variable without a meaning on Linux. */

BEGIN
{
	trace(pgid); /* error: D_VAR_UNSUP */
}
