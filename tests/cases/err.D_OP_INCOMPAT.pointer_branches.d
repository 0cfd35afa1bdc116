/* The branches of ?: are pointers to one type, or one of them is 0. */

int *p; int n;
BEGIN
{
	trace(n ? p : 0);
	trace(n ? p : n); /* error: D_OP_INCOMPAT */
}
