/* A scalar has no elements. */

BEGIN
{
	x = 1;
	x[1] = 2; /* error: D_DEREF_NONPTR */
}
