/* io:::start has three typed arguments. */

io:::start
{
	trace(args[3]->b_flags); /* error: D_ARGS_IDX */
}
