/* A key of an aggregation has the type of those before. */

BEGIN
{
	@[1] = count();
	@["x"] = count(); /* error: D_PROTO_ARG */
}
