/* A stack can be kept, printed and tested, not calculated with. */
BEGIN
{
	self->s = stack(2);
	trace(self->s + 1); /* error: D_OP_INCOMPAT */
}
