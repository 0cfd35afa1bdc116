/* The arguments of an inline have types. */

inline int twice[int n] = n * 2;
BEGIN
{
	trace(twice["a"]); /* error: D_PROTO_ARG */
}
