/* An array is not assigned whole. */

int a[4];
int b[4];
BEGIN
{
	a = b; /* error: D_OP_ARRFUN */
}
