/* An action has no value. */

BEGIN
{
	trace(printf("x")); /* error: D_CG_EXPR */
}
