/* The index of args[] is constant. */

syscall::read:entry
{
	trace(args[pid]); /* error: D_PROTO_ARG */
}
