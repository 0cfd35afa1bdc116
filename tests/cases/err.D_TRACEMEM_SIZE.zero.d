/* tracemem() shows one byte at least. */

BEGIN
{
	tracemem(8, 0); /* error: D_TRACEMEM_SIZE */
}
