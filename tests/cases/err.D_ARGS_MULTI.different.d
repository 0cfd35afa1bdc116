/* Probes with different arguments share no args[]. */

io:::start, BEGIN
{
	trace(args[0]->b_flags); /* error: D_ARGS_MULTI */
}
