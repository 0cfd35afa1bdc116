/* print() takes no void value. */

BEGIN
{
	print((void)1); /* error: D_PRINT_VOID */
}
