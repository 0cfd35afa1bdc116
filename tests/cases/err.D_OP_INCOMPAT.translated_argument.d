/* An argument whose structure is made from several of Linux: a variable does not tell from which. */

sched:::enqueue
{
	self->on = args[2]; /* error: D_OP_INCOMPAT */
}
