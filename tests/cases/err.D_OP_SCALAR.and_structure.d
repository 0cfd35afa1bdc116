/* '&&' needs numbers. */

BEGIN
{
	trace(1 && *curthread); /* error: D_OP_SCALAR */
}
