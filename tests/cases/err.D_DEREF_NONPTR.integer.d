/* An integer cannot be dereferenced. */

BEGIN
{
	x = 1;
	trace(*x); /* error: D_DEREF_NONPTR */
}
