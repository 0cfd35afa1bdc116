/* A division by the constant 0 is refused. */

BEGIN
{
	trace(pid / 0); /* error: D_DIV_ZERO */
}
