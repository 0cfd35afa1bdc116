/* A number with a sign and without. */

signed unsigned int x; /* error: D_DECL_COMBO */
BEGIN
{
	trace(1);
}
