/* The size of tracemem() is a number, before it is a constant. */

BEGIN
{
	tracemem(curthread, "sixteen"); /* error: D_PROTO_ARG */
}
