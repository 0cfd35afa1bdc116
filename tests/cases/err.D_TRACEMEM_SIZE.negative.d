/* tracemem() records at least one byte. */

BEGIN
{
	tracemem(curthread, -1); /* error: D_TRACEMEM_SIZE */
}
