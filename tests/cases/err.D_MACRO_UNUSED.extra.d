/* The last argument, which the script never asks for; others it may leave out. */
/* args: 7 8 9 */

BEGIN /* error: D_MACRO_UNUSED */
{
	trace($2);
}
