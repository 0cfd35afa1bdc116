/* A variable keeps its type. */

BEGIN
{
	x = 1;
	x = "a"; /* error: D_OP_INCOMPAT */
}
