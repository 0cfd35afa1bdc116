/* A pointer to void has no arithmetic. */

void *p;
BEGIN
{
	trace((uintptr_t)p + 1);
	trace(p + 1); /* error: D_OP_INCOMPAT */
}
