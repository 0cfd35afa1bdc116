/* denormalize() takes one argument. */

BEGIN
{
	@a = count();
	denormalize(@a, 1); /* error: D_NORMALIZE_PROTO */
}
