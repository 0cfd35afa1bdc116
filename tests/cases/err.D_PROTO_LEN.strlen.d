/* strlen() has one argument. */

BEGIN
{
	trace(strlen("a", "b")); /* error: D_PROTO_LEN */
}
