/* A constant index beyond an array. */

int a[4];
BEGIN
{
	a[4] = 1; /* error: D_ARR_BOUNDS */
}
