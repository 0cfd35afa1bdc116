/* copyin() needs an address. */

BEGIN
{
	trace(copyin("a", 4)); /* error: D_PROTO_ARG */
}
