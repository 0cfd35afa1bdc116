/* tracemem() takes at most three arguments. */

BEGIN
{
	tracemem(curthread, 10, 5, 6); /* error: D_TRACEMEM_ARGS */
}
