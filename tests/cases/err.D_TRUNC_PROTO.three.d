/* trunc() takes one or two arguments. */

BEGIN
{
	@a = count();
	trunc(@a, 3, 4); /* error: D_TRUNC_PROTO */
}
