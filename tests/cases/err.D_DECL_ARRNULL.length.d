/* An array needs its length. */

int a[]; /* error: D_DECL_ARRNULL */
BEGIN
{
	trace(1);
}
