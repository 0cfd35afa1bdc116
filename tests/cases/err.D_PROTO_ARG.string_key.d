/* A pointer is a key by its address, which a string does not keep. */

int seen[char *];

BEGIN
{
	seen["abc"] = 1; /* error: D_PROTO_ARG */
}
