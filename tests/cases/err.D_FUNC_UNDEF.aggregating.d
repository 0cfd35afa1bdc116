/* An aggregation is assigned the result of a function that there is. */

BEGIN
{
	@a = mean(1); /* error: D_FUNC_UNDEF */
}
