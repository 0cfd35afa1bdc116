/* Both long and short. */

long short x; /* error: D_DECL_COMBO */
BEGIN
{
	trace(1);
}
