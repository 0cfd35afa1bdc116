/* The status of exit() is a number. */

BEGIN
{
	exit("done"); /* error: D_PROTO_ARG */
}
