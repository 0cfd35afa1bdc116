/* An associative array is no value that a function could be given. */

int total(int counts[int]); /* error: D_DECL_PROTO_TYPE */

BEGIN
{
	exit(0);
}
