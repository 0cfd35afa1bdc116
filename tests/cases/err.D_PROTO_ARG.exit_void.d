/* An action is no status. */

BEGIN
{
	exit(trace(1)); /* error: D_PROTO_ARG */
}
