/* args[] has one index. */

io:::start
{
	trace(args[0, 1]->b_bcount); /* error: D_PROTO_LEN */
}
