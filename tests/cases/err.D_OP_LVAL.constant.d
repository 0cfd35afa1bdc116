/* A constant cannot be assigned to. */

BEGIN
{
	5 = 6; /* error: D_OP_LVAL */
}
