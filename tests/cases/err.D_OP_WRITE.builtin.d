/* A built-in variable cannot be assigned. */

BEGIN
{
	execname = "x"; /* error: D_OP_WRITE */
}
