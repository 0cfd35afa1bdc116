/* trunc() keeps a number of entries. */

BEGIN
{
	@a = count();
	trunc(@a, "x"); /* error: D_TRUNC_SCALAR */
}
