/* sum() needs a number. */

BEGIN
{
	@ = sum("a"); /* error: D_PROTO_ARG */
}
