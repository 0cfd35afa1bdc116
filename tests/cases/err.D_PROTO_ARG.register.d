/* A register is named by a constant. */

BEGIN
{
	x = 1;
	trace(uregs[x]); /* error: D_PROTO_ARG */
}
