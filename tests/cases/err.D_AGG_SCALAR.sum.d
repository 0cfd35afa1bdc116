/* sum() needs a number. */

BEGIN
{
	@ = sum("a"); /* error: D_AGG_SCALAR */
}
