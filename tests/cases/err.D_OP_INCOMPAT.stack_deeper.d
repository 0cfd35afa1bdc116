/* A variable holds as many frames as the first stack that is put into it. */
BEGIN
{
	self->s = stack(2);
	self->s = stack(3); /* error: D_OP_INCOMPAT */
}
