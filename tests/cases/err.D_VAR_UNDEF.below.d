/* A variable of a thread is known from its first assignment on. */

syscall::read:return
/self->at/ /* error: D_VAR_UNDEF */
{
	trace(timestamp - self->at);
}

syscall::read:entry
{
	self->at = timestamp;
}
