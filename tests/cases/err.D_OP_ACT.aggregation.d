/* An aggregation cannot be read. */

BEGIN
{
	@a = count();
	x = @a + 1; /* error: D_OP_ACT */
}
