/* A key has its array's key type. */

BEGIN
{
	a[1] = 1;
	trace(a["x"]); /* error: D_PROTO_ARG */
}
