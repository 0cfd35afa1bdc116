/* count() has no arguments. */

BEGIN
{
	@ = count(1); /* error: D_PROTO_LEN */
}
