/* A number of more than 64 bits. */
/* args: 18446744073709551616 */

BEGIN
{
	trace($1); /* error: D_MACRO_OFLOW */
}
