/* A pointer to void has no step. */

void *p;
BEGIN
{
	p += 1; /* error: D_OP_VFPTR */
}
