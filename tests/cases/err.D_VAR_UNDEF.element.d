/* An associative array is known from the first assignment to an element on. */

BEGIN
{
	trace(a[1]); /* error: D_VAR_UNDEF */
}

BEGIN
{
	a[1] = 1;
}
