/* Pointers to two types are compared after a cast only. */

int *p; char *q; void *v;
BEGIN
{
	trace(p == v && q != v && p > NULL && (int *)q == p);
	trace(p == q); /* error: D_OP_INCOMPAT */
}
