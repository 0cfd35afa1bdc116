/* The index of args[] is an integer constant. */

io:::start
{
	trace(args["0"]->b_bcount); /* error: D_PROTO_ARG */
}
