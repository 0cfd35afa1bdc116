/* A pointer is compared with no number but 0. */

int *p;
BEGIN
{
	trace(p == 0);
	trace(p == 8); /* error: D_OP_INCOMPAT */
}
