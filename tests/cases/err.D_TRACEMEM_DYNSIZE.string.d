/* The size at run time is a number. */

BEGIN
{
	tracemem(curthread, 10, "x"); /* error: D_TRACEMEM_DYNSIZE */
}
