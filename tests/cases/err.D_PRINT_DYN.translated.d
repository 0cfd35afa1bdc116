/* print() takes no translated pointer. */

BEGIN
{
	print(curpsinfo); /* error: D_PRINT_DYN */
}
