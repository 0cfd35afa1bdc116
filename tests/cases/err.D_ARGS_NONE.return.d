/* A system call's return has no third argument. */

syscall::read:return
{
	trace(arg2); /* error: D_ARGS_NONE */
}
