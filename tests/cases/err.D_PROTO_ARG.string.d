/* strlen() needs a string. */

BEGIN
{
	trace(strlen(5)); /* error: D_PROTO_ARG */
}
