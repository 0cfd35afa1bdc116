/* A bound of lquantize() is a number, before it is a constant. */

BEGIN
{
	@ = lquantize(1, probename, 100, 10); /* error: D_PROTO_ARG */
}
