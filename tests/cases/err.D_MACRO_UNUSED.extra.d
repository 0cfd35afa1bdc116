/* The last argument, which the script never asks for; others it may leave out. */ /* error: D_MACRO_UNUSED */
/* args: 7 8 9 */

BEGIN
{
	trace($2);
}
