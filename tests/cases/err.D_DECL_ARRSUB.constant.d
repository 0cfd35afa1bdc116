/* The length of an array is a constant. */

int a[pid]; /* error: D_DECL_ARRSUB */
BEGIN
{
	trace(1);
}
