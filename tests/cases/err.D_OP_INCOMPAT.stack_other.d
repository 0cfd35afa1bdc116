/* A kernel stack does not fit where a process's is kept. */
BEGIN
{
	self->s = ustack(2);
	self->s = stack(2); /* error: D_OP_INCOMPAT */
}
