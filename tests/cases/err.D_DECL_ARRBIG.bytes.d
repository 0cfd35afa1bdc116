/* A variable holds so much. */

int a[100000]; /* error: D_DECL_ARRBIG */
BEGIN
{
	trace(1);
}
