/* A C array takes one index. */

int a[4];
BEGIN
{
	trace(a[1, 2]); /* error: D_ARR_BADREF */
}
