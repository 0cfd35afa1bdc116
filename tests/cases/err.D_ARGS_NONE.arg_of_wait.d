/* An argument that the original has and Linux does not tell is no 0. */

io:::wait-done
{
	trace(arg0); /* error: D_ARGS_NONE */
}
