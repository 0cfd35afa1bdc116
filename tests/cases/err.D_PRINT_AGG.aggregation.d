/* print() takes no aggregation. */

BEGIN
{
	@a = count();
	print(@a); /* error: D_PRINT_AGG */
}
