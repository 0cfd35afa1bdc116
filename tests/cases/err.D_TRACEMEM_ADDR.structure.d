/* tracemem() needs an address. */

BEGIN
{
	tracemem("a", 4); /* error: D_TRACEMEM_ADDR */
}
