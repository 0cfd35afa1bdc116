/* A variable without a meaning on Linux. */

BEGIN
{
	trace(ipl); /* error: D_VAR_UNSUP */
}
